// What facts say: values with units, calculations over them, conditions they were asked under.

import { BaimoError } from "../../errors.ts";
import { evaluateCalc } from "../calc/evaluate.ts";
import { parseCalc } from "../calc/parse.ts";
import type { Expression } from "../calc/syntax.ts";
import type { Fact } from "../evidence.ts";
import type { Figure } from "./figures.ts";
import { type FactUnit, readUnit } from "./units.ts";

/** A value that follows from facts. */
export interface Known {
  /** A fact's key, or a calculation over keys. */
  readonly from: string;
  readonly value: unknown;
  readonly unit: FactUnit;
  /** The facts that it is made of. */
  readonly facts: readonly Fact[];
  /** What a difference, a change or a ratio is of, and what that is compared with. */
  readonly parts?: readonly [Known, Known];
}

/** A figure, and the value that it follows from, where that is one of a fact. */
export interface Matched {
  readonly figure: Figure;
  readonly known?: Known;
}

/** Functions whose result is measured as their first value is. */
const KEEPS = new Set(
  "sum mean min max abs floor ceil round item first last filter largest smallest".split(" "),
);
const NONE: FactUnit = { kind: "none", word: "" };

/** What a fact says. */
export const knownOf = (fact: Fact): Known => ({
  from: fact.key,
  value: fact.value,
  unit: readUnit(fact.unit),
  facts: [fact],
});

/**
 * What a key or a calculation over keys gives.
 *
 * @throws {BaimoError} `request` where a name is no fact's key, or there is no value
 */
export function derive(from: string, facts: ReadonlyMap<string, Fact>): Known {
  const fact = facts.get(from);
  if (fact) return knownOf(fact);
  const statements = parseCalc(from);
  const [{ name, expression }] = statements;
  if (statements.length > 1) throw new BaimoError("request", `${from} has more than one calculation`);
  const used = new Map<string, Fact>();
  const unit = unitOf(expression, facts, used);
  const bound = Object.fromEntries([...used].map(([key, { value }]) => [key, value]));
  return { from, value: evaluateCalc(statements, bound)[name], unit, facts: [...used.values()] };
}

/** Whether facts are of one kind: their keys differ in one word alone. */
export function isOfKind(fact: Fact, other: Fact): boolean {
  const [a, b] = [fact.key.split("_"), other.key.split("_")];
  const differing = a.filter((word, at) => word !== b[at]).length;
  return fact.unit === other.unit && a.length === b.length && a.length > 1 && differing <= 1;
}

/** The unit of a calculation, as far as it is plain; notes the facts that it uses. */
function unitOf(expression: Expression, facts: ReadonlyMap<string, Fact>, used: Map<string, Fact>): FactUnit {
  const of = (part: Expression): FactUnit => unitOf(part, facts, used);
  switch (expression.kind) {
    case "name": {
      const fact = facts.get(expression.name);
      if (!fact) throw new BaimoError("request", `there is no fact ${expression.name}`);
      used.set(fact.key, fact);
      return readUnit(fact.unit);
    }
    case "unary":
      return of(expression.of);
    case "list":
    case "call": {
      const [first = NONE] = expression.items.map(of);
      return expression.kind === "call" && KEEPS.has(expression.name) ? first : NONE;
    }
    case "binary":
      return unitOfBinary(expression.sign, of(expression.left), of(expression.right));
    case "literal":
      return NONE;
  }
}

function unitOfBinary(sign: string, left: FactUnit, right: FactUnit): FactUnit {
  const isSame =
    left.kind === "measure" &&
    right.kind === "measure" &&
    left.dimension === right.dimension &&
    left.factor === right.factor;
  if (isSame && sign === "/") return { kind: "measure", dimension: "ratio", factor: 1 };
  if (isSame && sign === "-" && left.dimension === "ratio") {
    return { kind: "measure", dimension: "difference of ratios", factor: left.factor };
  }
  if (isSame && (sign === "+" || sign === "-")) return left;
  if (right.kind === "none" && (sign === "*" || sign === "/")) return left;
  if (left.kind === "none" && sign === "*") return right;
  return NONE;
}

/** A value that a statement, a call or a calculation was asked with. */
export interface Condition {
  readonly value: unknown;
  /** What it is compared by, where that is known. */
  readonly sign?: "<" | "<=" | ">" | ">=" | "=";
}

/** The conditions of a fact: its statements' parameters and bounds, and those of its calculations. */
export function conditionsOf({ evidence }: Fact): Condition[] {
  return evidence.flatMap((each): Condition[] => {
    if (each.kind === "sql" || each.kind === "write") return conditionsOfSql(each.sql, each.parameters);
    if (each.kind === "step")
      return [...boundsIn(each.step), ...Object.values(each.settings ?? {}).map((value) => ({ value }))];
    return Object.values(each.settings ?? {}).map((value) => ({ value }));
  });
}

function conditionsOfSql(sql: string, parameters: readonly unknown[]): Condition[] {
  const text = sql.replace(/'(?:[^']|'')*'/g, (quoted) => `'${"x".repeat(quoted.length - 2)}'`);
  const found: Condition[] = [];
  let place = 0;
  for (const { index, 1: number } of text.matchAll(/\?(\d*)/g)) {
    const at = number === "" ? place++ : Number(number) - 1;
    const [, sign] = /(<=|>=|<|>|=)\s*$/.exec(text.slice(0, index)) ?? [];
    if (at < parameters.length) found.push({ value: parameters[at], sign: sign as Condition["sign"] });
  }
  return [...found, ...boundsIn(text)];
}

/** `late > 90`: numbers that something is compared with. */
const boundsIn = (text: string): Condition[] =>
  Array.from(text.matchAll(/(<=|>=|<|>)\s*(\d+(?:\.\d+)?)(?![\w.])/g), ([, sign, value]) => ({
    value: Number(value),
    sign: sign as Condition["sign"],
  }));
