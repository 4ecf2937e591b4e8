// Rewrites a template's tokens before it runs: tests with arguments, marks on output.

import type { Node, Token } from "./jinja-package.ts";

const TESTS_WITH_ARGUMENT = new Set([
  "divisibleby",
  "in",
  "eq",
  "equalto",
  "ne",
  "sameas",
  "lt",
  "lessthan",
  "le",
  "gt",
  "greaterthan",
  "ge",
]);
const ARGUMENT_STARTS = new Set(["StringLiteral", "NumericLiteral", "Identifier", "OpenSquareBracket"]);

/**
 * Rewrites `x is test(arguments)` to a filter, because the package's parser knows tests without arguments only.
 */
export function rewriteTests(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const isTest = isName(tokens[i], "is") && tokens[i - 1]?.type !== "Dot";
    const negated = isTest && isName(tokens[i + 1], "not");
    const at = i + (negated ? 2 : 1);
    const name = tokens[at];
    const next = tokens[at + 1];
    const opens = next?.type === "OpenParen";
    const bare = next && TESTS_WITH_ARGUMENT.has(name.value) && ARGUMENT_STARTS.has(next.type);
    if (!isTest || name?.type !== "Identifier" || !(opens || bare)) {
      out.push(tokens[i]);
      continue;
    }
    out.push(
      { value: "|", type: "Pipe" },
      { value: `${negated ? "is not" : "is"} ${name.value}`, type: "Identifier" },
    );
    i = at;
    if (opens) continue;
    out.push({ value: "(", type: "OpenParen" });
    let depth = 0;
    do {
      i++;
      if (tokens[i].type.startsWith("Open")) depth++;
      if (tokens[i].type.startsWith("Close")) depth--;
      out.push(tokens[i]);
    } while (depth > 0 && i + 1 < tokens.length);
    out.push({ value: ")", type: "CloseParen" });
  }
  return out;
}

function isName(token: Token | undefined, name: string): boolean {
  return token?.type === "Identifier" && token.value === name;
}

const STATEMENTS = new Set([
  "Program",
  "If",
  "For",
  "Set",
  "Macro",
  "CallStatement",
  "FilterStatement",
  "Break",
  "Continue",
  "Comment",
]);
const BODIES = ["body", "alternate", "defaultBlock"];

/** Wraps expressions that are printed in "Output" nodes, and each body in a "Block". Changes the tree in place. */
export function prepareProgram(program: Node): Node {
  // The package looks for instances of its own base class in macros: new nodes get the prototype of an old one.
  const wrap = (type: string, fields: object): Node =>
    Object.assign(Object.create(Object.getPrototypeOf(program)), fields, { type });
  const visit = (node: Node) => {
    for (const field of BODIES) {
      const body = node[field];
      if (!Array.isArray(body) || body.length === 0) continue;
      for (const statement of body) visit(statement);
      const statements = body.map((statement: Node) =>
        STATEMENTS.has(statement.type) ? statement : wrap("Output", { expression: statement }),
      );
      node[field] = [wrap("Block", { statements })];
    }
  };
  visit(program);
  return program;
}
