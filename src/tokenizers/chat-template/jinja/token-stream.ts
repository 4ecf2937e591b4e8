// The parser's place among the tokens, and its errors.

import { type ErrorKind, TemplateError } from "./errors.ts";
import { describeExpected, describeToken, type Token, type TokenType } from "./tokens.ts";

/** How deep expressions and statements may nest. */
const MAX_DEPTH = 200;

/** Tokens, read one after the other. An expectation is a type of token, or a name as "name:for". */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#position];
  }

  /** The token after the current one. */
  get following(): Token {
    return this.#tokens[Math.min(this.#position + 1, this.#tokens.length - 1)];
  }

  /** Goes on, and returns the token that was the current one. */
  next(): Token {
    const token = this.current;
    if (token.type !== "eof") this.#position++;
    return token;
  }

  is(expected: string): boolean {
    return matches(this.current, expected);
  }

  isAny(expected: readonly string[]): boolean {
    return expected.some((one) => this.is(one));
  }

  isType(...types: TokenType[]): boolean {
    return types.includes(this.current.type);
  }

  followedBy(expected: string): boolean {
    return matches(this.following, expected);
  }

  skipIf(expected: string): boolean {
    if (!this.is(expected)) return false;
    this.next();
    return true;
  }

  expect(expected: string): Token {
    if (this.is(expected)) return this.next();
    const wanted = describeExpected(expected);
    if (this.current.type === "eof") this.fail(`unexpected end of template, expected '${wanted}'.`);
    return this.fail(`expected token '${wanted}', got '${describeToken(this.current)}'`);
  }

  /** Parses something that may hold itself, within a bound. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} deep`);
    const result = parse();
    this.#depth--;
    return result;
  }

  fail(message: string, line = this.current.line, kind: ErrorKind = "TemplateSyntaxError"): never {
    throw new TemplateError(kind, message, line);
  }
}

function matches(token: Token, expected: string): boolean {
  if (expected.startsWith("name:")) return token.type === "name" && token.value === expected.slice(5);
  return token.type === expected;
}
