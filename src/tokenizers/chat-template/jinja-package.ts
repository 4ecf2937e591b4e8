// @huggingface/jinja with types, since its own declarations resolve to `any` here.

import * as jinja from "@huggingface/jinja";

/** A value of a template: what JSON can say, undefined, functions. Dicts are maps; lists hold values. */
export interface Value {
  type: string;
  value: unknown;
  readonly builtins: ReadonlyMap<string, Value>;
  __bool__(): { value: boolean };
}

/** A scope of variables. */
export interface Scope {
  variables: Map<string, Value>;
  /** Declares a variable from a value of JavaScript. */
  set(name: string, value: unknown): Value;
  setVariable(name: string, value: Value): Value;
  lookupVariable(name: string): Value;
}

/** A node of the syntax tree. */
export interface Node {
  type: string;
  [field: string]: unknown;
}

/** A token of the lexer. */
export interface Token {
  value: string;
  type: string;
}

/** What runs a syntax tree. */
export interface Runner {
  readonly global: Scope;
  run(program: Node): Value;
  evaluate(node: Node | undefined, scope: Scope): Value;
}

export const Environment = jinja.Environment as unknown as new (parent?: Scope) => Scope;
export const Interpreter = jinja.Interpreter as unknown as new (scope?: Scope) => Runner;

/** Cuts a template into tokens, with transformers' settings. */
export function readTokens(source: string): Token[] {
  return jinja.tokenize(source, { lstrip_blocks: true, trim_blocks: true }) as Token[];
}

/** Makes the syntax tree of tokens. */
export function readProgram(tokens: readonly Token[]): Node {
  return (jinja.parse as (tokens: readonly Token[]) => unknown)(tokens) as Node;
}
