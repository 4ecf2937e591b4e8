// The kinds of tokens of a template and their names in messages.

/** One token; `value` is its text, unescaped in strings. */
export interface Token {
  readonly type: TokenType;
  readonly value: string;
  readonly line: number;
}

export const OPERATORS = {
  "+": "add",
  "-": "sub",
  "/": "div",
  "//": "floordiv",
  "*": "mul",
  "%": "mod",
  "**": "pow",
  "~": "tilde",
  "[": "lbracket",
  "]": "rbracket",
  "(": "lparen",
  ")": "rparen",
  "{": "lbrace",
  "}": "rbrace",
  "==": "eq",
  "!=": "ne",
  ">": "gt",
  ">=": "gteq",
  "<": "lt",
  "<=": "lteq",
  "=": "assign",
  ".": "dot",
  ":": "colon",
  "|": "pipe",
  ",": "comma",
  ";": "semicolon",
} as const;

export type TokenType =
  | (typeof OPERATORS)[keyof typeof OPERATORS]
  | "data"
  | "block_begin"
  | "block_end"
  | "variable_begin"
  | "variable_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "eof";

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(OPERATORS).map(([text, type]): [string, string] => [type, text]),
  ["block_begin", "begin of statement block"],
  ["block_end", "end of statement block"],
  ["variable_begin", "begin of print statement"],
  ["variable_end", "end of print statement"],
  ["data", "template data / text"],
  ["eof", "end of template"],
]);

/** A type, or "name:for", in words. */
export function describeExpected(expected: string): string {
  if (expected.startsWith("name:")) return expected.slice(5);
  return DESCRIPTIONS.get(expected) ?? expected;
}

/** A token in words. */
export function describeToken(token: Token): string {
  return token.type === "name" ? token.value : describeExpected(token.type);
}
