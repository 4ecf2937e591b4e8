// The parts of a calculation: statements of operators, calls and names.

/** An expression; `at` is where it stands in the text. */
export type Expression =
  | { readonly kind: "literal"; readonly value: number | string | boolean; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly at: number }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly items: readonly Expression[];
      readonly at: number;
    }
  | { readonly kind: "unary"; readonly sign: string; readonly of: Expression; readonly at: number }
  | {
      readonly kind: "binary";
      readonly sign: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: number;
    };

/** `name = expression`; the name of one without is "value". */
export interface Statement {
  readonly name: string;
  readonly expression: Expression;
}

/** Names that a calculation takes from outside. */
export function freeNames(statements: readonly Statement[]): string[] {
  const free = new Set<string>();
  const known = new Set<string>();
  const walk = (expression: Expression): void => {
    if (expression.kind === "name" && !known.has(expression.name)) free.add(expression.name);
    if (expression.kind === "unary") walk(expression.of);
    if (expression.kind === "list" || expression.kind === "call") expression.items.forEach(walk);
    if (expression.kind === "binary") [expression.left, expression.right].forEach(walk);
  };
  for (const { name, expression } of statements) {
    walk(expression);
    known.add(name);
  }
  return [...free];
}
