// What a sentence may draw on: cited facts, conditions, the person's words.
import type { Fact } from "../evidence.ts";
import { comparisonsIn, type Relation } from "./comparisons.ts";
import { type DateParts, dateOf } from "./dates.ts";
import { figuresIn, type NumberFigure } from "./figures.ts";
import { type Condition, conditionsOf, type Known, knownOf } from "./known.ts";

/** What else is known when sentences are checked. */
export interface CheckContext {
  /** The person's own words: what they named may be named. */
  readonly request?: string;
  /** Names of the data besides those of the facts. */
  readonly names?: ReadonlySet<string>;
  /** What facts are called, by key. */
  readonly labels?: ReadonlyMap<string, string>;
}

/** A claim, and where it stands. */
export interface PlacedClaim {
  readonly at: number;
  readonly end: number;
  readonly text: string;
  readonly known: Known;
}

/** A number that was asked with, as the person or the task put it. */
export interface Asked {
  readonly figure?: NumberFigure;
  readonly condition?: Condition;
  readonly relation?: Relation;
}

/** All that a sentence may draw on. */
export interface Sources {
  readonly known: readonly Known[];
  readonly dates: readonly DateParts[];
  readonly asked: readonly Asked[];
  /** Texts that may be said: values of cited facts, conditions. */
  readonly texts: readonly string[];
  readonly request: string;
  readonly labels: ReadonlyMap<string, string>;
}

export function sourcesOf(
  facts: readonly Fact[],
  { request = "", labels = new Map() }: CheckContext,
): Sources {
  const conditions = facts.flatMap(conditionsOf);
  const values = [...facts.map(({ value }) => value), ...conditions.map(({ value }) => value)].flat();
  const figures = figuresIn(request);
  return {
    known: facts.flatMap(knownsOf),
    dates: [
      ...values.map(dateOf).filter((date) => date !== undefined),
      ...figures.filter((figure) => figure.kind === "date"),
    ],
    asked: [
      ...figures
        .filter((figure) => figure.kind === "number")
        .map((figure) => ({ figure, relation: relationAt(request, figure) })),
      ...facts
        .flatMap(({ key }) => figuresIn(key.replace(/_?(\d+)(m|d|w|y)(?=_|$)/, inFull)))
        .flatMap((figure) => (figure.kind === "number" ? [{ figure }] : [])),
      ...conditions.map((condition) => ({ condition, relation: relationOfSign(condition.sign) })),
    ],
    texts: values.filter((value) => typeof value === "string"),
    request,
    labels,
  };
}

/** inquiries_6m: of 6 months. */
const inFull = (_: string, count: string, unit: string): string =>
  ` ${count} ${{ m: "months", d: "days", w: "weeks", y: "years" }[unit]}`;

/** A list's items, and how many they are. */
function knownsOf(fact: Fact): Known[] {
  const known = knownOf(fact);
  const { value } = fact;
  if (!Array.isArray(value)) return [known];
  const count: Known = {
    from: `count(${fact.key})`,
    value: value.length,
    unit: { kind: "none", word: "" },
    facts: [fact],
  };
  return [
    ...value.map((item, at) => ({
      from: `item(${fact.key}, ${at + 1})`,
      value: item,
      unit: known.unit,
      facts: [fact],
    })),
    count,
  ];
}

function relationOfSign(sign: Condition["sign"]): Relation | undefined {
  if (sign === ">" || sign === ">=") return "more";
  return sign === "<" || sign === "<=" ? "less" : undefined;
}

/** The relation that stands right before a figure, or right after it (90天以上). */
export function relationAt(
  text: string,
  { at, end }: { readonly at: number; readonly end: number },
): Relation | undefined {
  return comparisonsIn(text).find(
    (each) =>
      !each.isChange &&
      ((each.end <= at && /^\s*卖?$/u.test(text.slice(each.end, at))) ||
        (each.at >= end && text.slice(end, each.at).trim() === "") ||
        (each.at < at && each.end > at)),
  )?.relation;
}
