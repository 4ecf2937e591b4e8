// Computes a calculation: names are bound, lists go value by value.
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import { functions } from "./functions.ts";
import { operators } from "./operators.ts";
import { type Expression, freeNames, type Statement } from "./syntax.ts";
import { booleanIn, type CalcValue, calcValue, each, numberIn, type Scalar } from "./values.ts";

/**
 * The values by name. Of the names bound, a row's columns are names too, and those of `rows` are lists.
 *
 * @throws {BaimoError} `request` where a name or function is not known, or there is no figure
 */
export function evaluateCalc(
  statements: readonly Statement[],
  bound: Readonly<Record<string, unknown>>,
): Record<string, CalcValue> {
  const names = new Map<string, CalcValue>();
  const { row, rows } = bound;
  if (isRecord(row)) for (const [name, value] of Object.entries(row)) names.set(name, calcValue(value, name));
  if (Array.isArray(rows)) {
    for (const name of isRecord(rows[0]) ? Object.keys(rows[0]) : []) {
      names.set(
        name,
        calcValue(
          rows.map((each) => (isRecord(each) ? each[name] : undefined)),
          name,
        ),
      );
    }
  }
  for (const [name, value] of Object.entries(bound)) names.set(name, calcValue(value, name));
  if (Array.isArray(rows) && rows.length === 0) {
    for (const name of freeNames(statements)) if (!names.has(name)) names.set(name, []); // a column without rows
  }
  const results: Record<string, CalcValue> = {};
  for (const { name, expression } of statements) {
    results[name] = evaluate(expression, names);
    names.set(name, results[name]);
  }
  return results;
}

function evaluate(expression: Expression, names: ReadonlyMap<string, CalcValue>): CalcValue {
  const of = (part: Expression): CalcValue => evaluate(part, names);
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name": {
      const value = names.get(expression.name);
      if (value !== undefined) return value;
      throw unknownName(expression.name, names);
    }
    case "list":
      return expression.items.map((item): Scalar => {
        const value = of(item);
        if (!Array.isArray(value)) return value as Scalar; // the other case of CalcValue
        throw new BaimoError("request", "calc: a list stands within a list");
      });
    case "unary":
      return each(expression.sign, [of(expression.of)], (x) => {
        if (expression.sign === "not") return !booleanIn(x, "not");
        return expression.sign === "-" ? -numberIn(x, "-") : numberIn(x, "+");
      });
    case "binary":
      return each(expression.sign, [of(expression.left), of(expression.right)], operators[expression.sign]);
    case "call":
      return checkedFunction(expression).compute(...expression.items.map(of));
  }
}

/** The function of a call, its values counted. */
function checkedFunction({ name, items }: Extract<Expression, { kind: "call" }>) {
  const called = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!called) {
    const known = Object.keys(functions);
    const near = nearestName(name, known);
    const next = near ? `did you mean ${near}?` : `known: ${known.join(", ")}`;
    throw new BaimoError("request", `calc: there is no function ${name}; ${next}`);
  }
  if (items.length >= called.least && items.length <= called.most) return called;
  const wanted = called.least === called.most ? called.least : `${called.least} to ${called.most}`;
  throw new BaimoError("request", `calc: ${name} takes ${wanted} values but has ${items.length}`);
}

/** Looks at every call, so that nothing runs that could not end. */
export function checkCalls(statements: readonly Statement[]): void {
  const walk = (expression: Expression): void => {
    if (expression.kind === "call") checkedFunction(expression);
    if (expression.kind === "call" || expression.kind === "list") expression.items.forEach(walk);
    if (expression.kind === "unary") walk(expression.of);
    if (expression.kind === "binary") [expression.left, expression.right].forEach(walk);
  };
  for (const { expression } of statements) walk(expression);
}

function unknownName(name: string, names: ReadonlyMap<string, CalcValue>): BaimoError {
  const known = [...names.keys()];
  const near = nearestName(name, known);
  const next = near ? `did you mean ${near}?` : `known: ${known.join(", ") || "none"}`;
  return new BaimoError("request", `calc: there is no ${name}; ${next}`);
}
