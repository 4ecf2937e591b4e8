// Monte Carlo over any quantity whose inputs are ranges; seeded, the same on every runtime.
import { BaimoError } from "../../errors.ts";
import { whole, withDefault } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { createRandom } from "../../random.ts";
import { quantileOf } from "../../statistics/moments.ts";
import { everyQuantity } from "./explain.ts";
import { compileProgram } from "./program.ts";
import type { Input, Quantity, Range } from "./quantity.ts";
import type { Unit } from "./units.ts";

/** How to draw. */
export interface SimulateOptions {
  /** Of the draws. Default 1. */
  seed?: number;
  draws?: number;
}

/** The same, declared. */
export const simulateTable = {
  seed: withDefault(whole({ min: 0 }), 1),
  draws: withDefault(whole({ min: 100, max: 1_000_000 }), 10_000),
};

/** How much of a result's variance comes from one input alone (first-order Sobol index). */
export interface Influence {
  readonly name: string;
  readonly share: number;
}

/** What a quantity may turn out to be. */
export interface Distribution {
  /** The quantity's name and unit. */
  readonly of: string;
  readonly unit: Unit;
  readonly seed: number;
  readonly draws: number;
  readonly mean: number;
  /** By probability. */
  readonly quantiles: Readonly<Record<"0.05" | "0.25" | "0.5" | "0.75" | "0.95", number>>;
  readonly probabilityBelowZero: number;
  /** The inputs, the one that matters most first. */
  readonly influences: readonly Influence[];
}

/**
 * Draws the inputs that have a range, independently and each triangular (low, value, high), and computes the quantity for
 * every draw. The draws are sfc32's; a formula of + - * / alone gives the same bits on every runtime.
 * @throws {BaimoError} `request` for a wrong option, and where the quantity is unknown or nothing in it has a range
 */
export function simulate(quantity: Quantity, options: SimulateOptions = {}): Distribution {
  const { seed, draws } = readOptions(options, simulateTable, call("simulate"));
  const program = compileProgram(quantity, hasRange);
  const { inputs: ranges } = program;
  if (ranges.length === 0)
    throw new BaimoError("request", `${quantity.name}: no input has a range; give one as low..likely..high`);
  const random = createRandom(seed);
  const drawRows = () =>
    Array.from({ length: draws }, () => ranges.map((input) => triangular(random.uniform(), input)));
  const rows = drawRows();
  const results = Float64Array.from(rows, program.run);
  const fresh = drawRows();
  const freshResults = Float64Array.from(fresh, program.run);
  const influences = ranges.map((input, at) => ({
    name: input.name,
    share: firstOrder(
      results,
      freshResults,
      rows.map((row, i) => program.run(row.with(at, fresh[i][at]))),
    ),
  }));
  influences.sort((a, b) => b.share - a.share);
  const sorted = results.toSorted();
  const quantile = (q: number) => quantileOf(sorted, q);
  let [sum, below] = [0, 0];
  for (const value of results) {
    sum += value;
    if (value < 0) below++;
  }
  return {
    of: quantity.name,
    unit: quantity.unit,
    seed,
    draws,
    mean: sum / draws,
    quantiles: {
      "0.05": quantile(0.05),
      "0.25": quantile(0.25),
      "0.5": quantile(0.5),
      "0.75": quantile(0.75),
      "0.95": quantile(0.95),
    },
    probabilityBelowZero: below / draws,
    influences,
  };
}

/** Whether a quantity is known and something that it rests on has a range. */
export const isUncertain = (quantity: Quantity): boolean =>
  quantity.value !== null && everyQuantity([quantity]).some(hasRange);

const hasRange = (quantity: Quantity): quantity is Input & { range: Range; value: number } =>
  quantity.origin !== "computed" && quantity.range !== undefined && quantity.value !== null;

/** The triangular distribution's quantile; a square root is the same on every runtime. */
export function triangular(
  u: number,
  { value, range: { low, high } }: { value: number; range: Range },
): number {
  if (!(high > low)) return value;
  const turn = (value - low) / (high - low);
  return u < turn
    ? low + Math.sqrt(u * (high - low) * (value - low))
    : high - Math.sqrt((1 - u) * (high - low) * (high - value));
}

/**
 * Saltelli et al. 2010 (doi 10.1016/j.cpc.2009.09.018), table 2 (b): the mean of f(B) (f(A with B's input) - f(A)), divided
 * by the variance of f(A).
 */
function firstOrder(a: Float64Array, b: Float64Array, mixed: readonly number[]): number {
  const count = a.length;
  const mean = a.reduce((sum, value) => sum + value, 0) / count;
  let [variance, covariance] = [0, 0];
  for (let i = 0; i < count; i++) {
    covariance += ((b[i] - mean) * (mixed[i] - a[i])) / count;
    variance += (a[i] - mean) ** 2 / count;
  }
  return variance > 0 ? Math.min(1, Math.max(0, covariance / variance)) : 0;
}
