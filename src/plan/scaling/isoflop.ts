// The optimum from runs of equal FLOPs: a parabola a budget, a power law over budgets.
import { BaimoError } from "../../errors.ts";
import { inverseOf } from "./minimise.ts";

/** Runs of one budget. */
export interface IsoflopGroup {
  readonly flops: number;
  readonly runs: readonly { readonly parameters: number; readonly loss: number }[];
}

/** N = coefficient * C^exponent, from the minimum of each budget's parabola. */
export interface Isoflop {
  readonly minima: readonly { readonly flops: number; readonly parameters: number; readonly loss: number }[];
  readonly exponent: number;
  readonly coefficient: number;
}

/**
 * Fits loss = a + b x + c x² in x = ln N for each budget, and a line through the minima (arXiv 2203.15556 §3.2).
 * @throws {BaimoError} `request` for a budget with fewer than three sizes or without a minimum
 */
export function fitIsoflop(groups: readonly IsoflopGroup[]): Isoflop {
  const minima = groups.map(minimumOf);
  const { slope, intercept } = lineThrough(
    minima.map(({ flops }) => Math.log(flops)),
    minima.map(({ parameters }) => Math.log(parameters)),
  );
  return { minima, exponent: slope, coefficient: Math.exp(intercept) };
}

function minimumOf({ flops, runs }: IsoflopGroup) {
  const logs = runs.map(({ parameters }) => Math.log(parameters));
  const middle = logs.reduce((sum, x) => sum + x, 0) / logs.length; // centred, so that powers stay small
  const sums = [0, 0, 0, 0, 0];
  const right = [0, 0, 0];
  for (const [i, { loss }] of runs.entries()) {
    const x = logs[i] - middle;
    for (let power = 0; power < 5; power++) sums[power] += x ** power;
    for (let power = 0; power < 3; power++) right[power] += loss * x ** power;
  }
  const rows = [0, 1, 2].map((i) => [0, 1, 2].map((j) => sums[i + j]));
  const inverse = runs.length >= 3 ? inverseOf(rows) : undefined;
  const [a, b, c] = inverse?.map((row) => row.reduce((sum, x, i) => sum + x * right[i], 0)) ?? [];
  if (!(c > 0))
    throw new BaimoError(
      "request",
      `isoflop: ${runs.length} runs of ${flops} FLOPs have no minimum; expected three sizes or more around one`,
    );
  const at = -b / (2 * c);
  return { flops, parameters: Math.exp(middle + at), loss: a + b * at + c * at * at };
}

/** Least squares. */
function lineThrough(xs: readonly number[], ys: readonly number[]): { slope: number; intercept: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  let [over, under] = [0, 0];
  for (const [i, x] of xs.entries()) {
    over += (x - x0) * (ys[i] - y0);
    under += (x - x0) ** 2;
  }
  return { slope: over / under, intercept: y0 - (over / under) * x0 };
}
