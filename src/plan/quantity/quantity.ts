// A quantity: value, unit, and where it came from, down to sources and assumptions.
import { BaimoError } from "../../errors.ts";
import { type Compiled, compileFormula } from "./formula.ts";
import type { Unit } from "./units.ts";

/** Where a figure was read. `date`: of the document, or of the day it was read. */
export interface Source {
  readonly title: string;
  readonly url?: string;
  readonly date?: string;
}

/** Between what a value may lie; the value itself is the likeliest. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

interface Figure<U extends Unit> {
  /** In words: "GPU-hours". */
  readonly name: string;
  /** Null: unknown, since something that it needs is missing, or there is no such number. */
  readonly value: number | null;
  readonly unit: U;
  readonly note?: string;
}

/** What stands at the end of every path: a figure that is not computed from others. */
export interface Input<U extends Unit = Unit> extends Figure<U> {
  /**
   * given: by who asks. published, rumour, measured: by the source. defined: by a definition or a formula's author.
   * assumed: by this library, with the reason in `note`. unknown: nobody has said.
   */
  readonly origin: "given" | "published" | "rumour" | "measured" | "defined" | "assumed" | "unknown";
  readonly source?: Source;
  readonly range?: Range;
}

/** A quantity computed from others by the formula that stands in it. */
export interface Computed<U extends Unit = Unit> extends Figure<U> {
  readonly origin: "computed";
  readonly formula: string;
  /** By their names in the formula. */
  readonly inputs: Readonly<Record<string, Quantity>>;
  readonly source?: Source;
}

export type Quantity<U extends Unit = Unit> = Input<U> | Computed<U>;

/** A value with how sure it is. */
export interface Estimate {
  readonly value: number;
  readonly range?: Range;
  readonly source?: Source;
}

/** What who asks has said. */
export function given<U extends Unit>(name: string, value: number | Estimate, unit: U): Input<U> {
  if (typeof value === "number") return { name, value, unit, origin: "given" };
  const { range, source } = value;
  return { name, value: value.value, unit, origin: "given", range, source };
}

/** What this library takes for true where nothing was said; `why` is shown. */
export const assumed = <U extends Unit>(
  name: string,
  value: number,
  unit: U,
  why: string,
  range?: Range,
): Input<U> => ({ name, value, unit, origin: "assumed", note: why, range });

/** What a document says. */
export const published = <U extends Unit>(
  name: string,
  value: number,
  unit: U,
  source: Source,
  note?: string,
): Input<U> => ({ name, value, unit, origin: "published", source, note });

/** What is said, and nobody answers for. */
export const rumoured = <U extends Unit>(name: string, value: number, unit: U, source: Source): Input<U> => ({
  name,
  value,
  unit,
  origin: "rumour",
  source,
});

/** What was measured; the source says by what. */
export const measured = <U extends Unit>(name: string, value: number, unit: U, source: Source): Input<U> => ({
  name,
  value,
  unit,
  origin: "measured",
  source,
});

/** A number that belongs to a formula or a definition. */
export const defined = <U extends Unit>(
  name: string,
  value: number,
  unit: U,
  title: string,
  url?: string,
): Input<U> => ({ name, value, unit, origin: "defined", source: { title, url } });

/** What nobody has said. */
export const unknown = <U extends Unit>(name: string, unit: U, note?: string): Input<U> => ({
  name,
  value: null,
  unit,
  origin: "unknown",
  note,
});

/** The function that a computed quantity's formula stands for. */
export const formulaOf = ({ formula, inputs }: Computed): Compiled =>
  compileFormula(formula, Object.keys(inputs));

/**
 * Computes a quantity by a formula; unknown where an input is, and null where the formula gives no number.
 * @throws {BaimoError} `request` for a formula that does not fit its inputs
 */
export function compute<U extends Unit>(
  name: string,
  unit: U,
  formula: string,
  inputs: Readonly<Record<string, Quantity>>,
  about: { readonly source?: Source; readonly note?: string } = {},
): Computed<U> {
  const { source, note } = about;
  const compiled = compileFormula(formula, Object.keys(inputs));
  const values = Object.values(inputs).map((input) => input.value);
  const isKnown = values.every((each) => each !== null);
  const value = isKnown ? compiled(values as number[]) : Number.NaN;
  return {
    name,
    value: Number.isFinite(value) ? value : null,
    unit,
    origin: "computed",
    formula,
    inputs,
    source,
    note,
  };
}

/** The sum of two quantities of one unit. */
export function add<U extends Unit>(name: string, a: Quantity<U>, b: Quantity<NoInfer<U>>): Computed<U> {
  return compute(name, sameUnit(name, a, b), "a + b", { a, b });
}

/** The difference of two quantities of one unit. */
export function subtract<U extends Unit>(name: string, a: Quantity<U>, b: Quantity<NoInfer<U>>): Computed<U> {
  return compute(name, sameUnit(name, a, b), "a - b", { a, b });
}

/** What came by JSON knows no types. */
function sameUnit<U extends Unit>(name: string, a: Quantity<U>, b: Quantity<U>): U {
  if (a.unit === b.unit) return a.unit;
  throw new BaimoError(
    "request",
    `${name}: ${a.name} is in ${a.unit} and ${b.name} in ${b.unit}; both must be in one unit`,
  );
}
