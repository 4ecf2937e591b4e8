// What owns memory, threads or files, and lets go of them when `await using` ends.

declare global {
  interface SymbolConstructor {
    /** As in TypeScript's own "esnext.disposable", which a project for ES2022 does not have. */
    readonly asyncDispose: unique symbol;
  }
}

/** May stand in `await using`. */
export interface Resource {
  [Symbol.asyncDispose](): Promise<void>;
}
