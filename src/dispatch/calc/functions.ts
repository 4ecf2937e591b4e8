// The functions of a calculation.
import { BaimoError } from "../../errors.ts";
import { booleanIn, type CalcValue, countIn, each, finite, listIn, numberIn, type Scalar } from "./values.ts";

/** Computes; `least` to `most` values are taken. */
interface CalcFunction {
  readonly least: number;
  readonly most: number;
  compute(...values: CalcValue[]): CalcValue;
}

const numbersIn = (value: CalcValue, name: string): number[] =>
  listIn(value, name).map((item) => numberIn(item, name));

const ofList = (name: string, compute: (numbers: readonly number[]) => number): CalcFunction => ({
  least: 1,
  most: 1,
  compute: (list) => finite(compute(numbersIn(list, name)), name),
});

const ofNumber = (name: string, compute: (x: number) => number): CalcFunction => ({
  least: 1,
  most: 1,
  compute: (value) => each(name, [value], (x) => finite(compute(numberIn(x, name)), name)),
});

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

/** Indices by a list's values, the smallest first; equal ones as they stood. */
function order(by: readonly number[], sign: 1 | -1): number[] {
  return by.map((_, at) => at).sort((a, b) => sign * (by[a] - by[b]) || a - b);
}

const ranked = (name: string, sign: 1 | -1): CalcFunction => ({
  least: 3,
  most: 3,
  compute(list, by, count) {
    const [items, keys] = [listIn(list, name), numbersIn(by, name)];
    if (items.length !== keys.length) {
      throw new BaimoError("request", `calc: ${name} has lists of ${items.length} and ${keys.length} values`);
    }
    return order(keys, sign)
      .slice(0, countIn(count, name))
      .map((at) => items[at]);
  },
});

/** Half away from 0, as money is rounded; by the shortest decimal, so that 1.005 gives 1.01. */
function roundTo(x: number, digits: number): number {
  const shifted = (value: number, by: number): number => {
    const [digitsOf, exponent = "0"] = String(value).split("e");
    return Number(`${digitsOf}e${Number(exponent) + by}`);
  };
  return Math.sign(x) * shifted(Math.round(shifted(Math.abs(x), digits)), -digits);
}

export const functions: Readonly<Record<string, CalcFunction>> = {
  sum: ofList("sum", sumOf),
  mean: ofList("mean", (list) => sumOf(list) / list.length),
  min: ofList("min", (list) => list.reduce((a, b) => Math.min(a, b), Infinity)),
  max: ofList("max", (list) => list.reduce((a, b) => Math.max(a, b), -Infinity)),
  count: { least: 1, most: 1, compute: (list) => listIn(list, "count").length },
  abs: ofNumber("abs", Math.abs),
  floor: ofNumber("floor", Math.floor),
  ceil: ofNumber("ceil", Math.ceil),
  sqrt: ofNumber("sqrt", Math.sqrt),
  exp: ofNumber("exp", Math.exp),
  ln: ofNumber("ln", Math.log),
  log10: ofNumber("log10", Math.log10),
  round: {
    least: 1,
    most: 2,
    compute(value, digits = 0) {
      const places = countIn(digits, "round");
      return each("round", [value], (x) => finite(roundTo(numberIn(x, "round"), places), "round"));
    },
  },
  if: {
    least: 3,
    most: 3,
    compute: (condition, yes, no) =>
      each("if", [condition, yes, no], (is, a, b) => (booleanIn(is, "if") ? a : b)),
  },
  /** Those of a list for which a condition holds. */
  filter: {
    least: 2,
    most: 2,
    compute(list, condition) {
      const [items, holds] = [listIn(list, "filter"), listIn(condition, "filter")];
      if (items.length !== holds.length) {
        const text = `calc: filter has lists of ${items.length} and ${holds.length} values`;
        throw new BaimoError("request", text);
      }
      return items.filter((_, at) => booleanIn(holds[at], "filter"));
    },
  },
  first: {
    least: 2,
    most: 2,
    compute: (list, count) => listIn(list, "first").slice(0, countIn(count, "first")),
  },
  last: {
    least: 2,
    most: 2,
    compute(list, count) {
      const items = listIn(list, "last");
      return items.slice(Math.max(0, items.length - countIn(count, "last")));
    },
  },
  /** One of a list, counted from 1. */
  item: {
    least: 2,
    most: 2,
    compute(list, place): Scalar {
      const [items, at] = [listIn(list, "item"), countIn(place, "item")];
      if (at >= 1 && at <= items.length) return items[at - 1];
      throw new BaimoError("request", `calc: item ${at} of a list of ${items.length}; they count from 1`);
    },
  },
  /** Items of a list by the largest (smallest) values of another: `largest(name, share, 3)`. */
  largest: ranked("largest", -1),
  smallest: ranked("smallest", 1),
};
