// baimo/store: what a server's application keeps, for programs that serve it. Re-exports only.
export type { Database, Statement, Value } from "./database.ts";
export { type OpenStoreOptions, openStore } from "./open-store.ts";
export { Store } from "./store.ts";
