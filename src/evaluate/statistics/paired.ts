// Tests of two lists of scores of the same documents: McNemar, t, Wilcoxon, bootstrap.

import { mean, meanError, quantileOf, ranksOf, sampleDeviation, sum } from "../../statistics/moments.ts";
import { bothTailsOfT } from "../../statistics/special-functions.ts";
import type { Interval } from "./intervals.ts";
import { PythonRandom } from "./python-random.ts";
import { chiSquareTail, fairBinomial, normalQuantile, normalTail } from "./special-functions.ts";

/** How many documents both, one or none of two answerers got right. */
export interface PairTable {
  readonly both: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly none: number;
}

/** Counts pairs of right (1) and wrong (0) answers. */
export function pairTable(a: readonly number[], b: readonly number[]): PairTable {
  const count = (x: number, y: number) => a.filter((value, i) => value === x && b[i] === y).length;
  return { both: count(1, 1), onlyA: count(1, 0), onlyB: count(0, 1), none: count(0, 0) };
}

/** A statistic and its two-sided p. */
export interface TestResult {
  readonly statistic: number;
  readonly p: number;
}

/** McNemar's tests; the χ² forms are null where no pair differs. */
export interface McNemar {
  readonly exact: number;
  readonly midP: number;
  readonly corrected: TestResult | null;
  readonly chiSquare: TestResult | null;
}

/** McNemar's tests of the pairs that differ. */
export function mcNemar({ onlyA, onlyB }: Pick<PairTable, "onlyA" | "onlyB">): McNemar {
  const n = onlyA + onlyB;
  if (n === 0) return { exact: 1, midP: 1, corrected: null, chiSquare: null };
  const { atMost, exactly } = fairBinomial(Math.min(onlyA, onlyB), n);
  const test = (statistic: number): TestResult => ({ statistic, p: chiSquareTail(statistic) });
  const difference = Math.abs(onlyA - onlyB);
  return {
    exact: Math.min(1, 2 * atMost),
    midP: Math.min(1, 2 * atMost - exactly),
    corrected: test((difference - 1) ** 2 / n),
    chiSquare: test(difference ** 2 / n),
  };
}

/** a - b, place by place. */
export const differences = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, i) => value - b[i]);

/** The standard error of the mean difference. */
export const pairedError = (a: readonly number[], b: readonly number[]): number =>
  meanError(differences(a, b));

/** Student's t of the differences. */
export function pairedT(a: readonly number[], b: readonly number[]): TestResult {
  const statistic = mean(differences(a, b)) / pairedError(a, b);
  return { statistic, p: bothTailsOfT(statistic, a.length - 1) };
}

/** McNemar's exact p where every score is right (1) or wrong (0), else Student's; 1 where nothing tells them apart. */
export function pairedP(a: readonly number[], b: readonly number[]): { test: "McNemar" | "t"; p: number } {
  if ([...a, ...b].every((value) => value === 0 || value === 1))
    return { test: "McNemar", p: mcNemar(pairTable(a, b)).exact };
  return { test: "t", p: a.length < 2 || pairedError(a, b) === 0 ? 1 : pairedT(a, b).p };
}

/** Most pairs of which the exact distribution of ranks is counted. */
const EXACT_PAIRS = 50;

/** Wilcoxon's signed ranks without pairs that are equal: exact to 50 pairs where no two differences are equal, else normal. */
export function wilcoxon(a: readonly number[], b: readonly number[]): TestResult {
  const all = differences(a, b);
  const kept = all.filter((value) => value !== 0);
  const n = kept.length;
  if (n === 0) return { statistic: 0, p: 1 };
  const { ranks, ties } = ranksOf(kept.map(Math.abs));
  const plus = sum(ranks.filter((_, i) => kept[i] > 0));
  const statistic = Math.min(plus, (n * (n + 1)) / 2 - plus);
  const tied = ties.some((size) => size > 1) || n < all.length;
  if (all.length <= EXACT_PAIRS && !tied) return { statistic, p: exactRankTail(statistic, n) };
  const variance = (n * (n + 1) * (2 * n + 1) - sum(ties.map((size) => (size ** 3 - size) / 2))) / 24;
  const z = (plus - (n * (n + 1)) / 4) / Math.sqrt(variance);
  return { statistic, p: Math.min(1, 2 * normalTail(Math.abs(z))) };
}

/** The two-sided chance of a sum of ranks at most `statistic`, each rank counting with chance a half. */
function exactRankTail(statistic: number, n: number): number {
  let ways = new Float64Array((n * (n + 1)) / 2 + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    const next = ways.slice();
    for (let total = rank; total < ways.length; total++) next[total] += ways[total - rank];
    ways = next;
  }
  const below = sum(Array.from(ways.subarray(0, statistic + 1)));
  return Math.min(1, (2 * below) / 2 ** n);
}

/** The mean difference in resamples of the pairs, as `random.Random(seed).choices` draws them. */
export function pairedBootstrap(
  a: readonly number[],
  b: readonly number[],
  { seed = 1234, resamples = 2000 } = {},
): { interval: Interval; error: number } {
  const random = new PythonRandom(seed);
  const pairs = differences(a, b);
  const means = Array.from({ length: resamples }, () => mean(random.choices(pairs, pairs.length)));
  const sorted = Float64Array.from(means).sort();
  const interval: Interval = [quantileOf(sorted, 0.025), quantileOf(sorted, 0.975)];
  return { interval, error: sampleDeviation(means) };
}

/** The standard error of a mean whose values come in clusters (arXiv:2411.00640 §2.2). */
export function clusteredError(values: readonly number[], clusters: readonly unknown[]): number {
  const middle = mean(values);
  const totals = new Map<unknown, number>();
  for (const [i, value] of values.entries()) {
    totals.set(clusters[i], (totals.get(clusters[i]) ?? 0) + value - middle);
  }
  return Math.sqrt(sum(Array.from(totals.values(), (total) => total * total))) / values.length;
}

/** The least difference that so many pairs of such a deviation show with the given power. */
export function leastDifference(error: number, { confidence = 0.95, power = 0.8 } = {}): number {
  return (normalQuantile((1 + confidence) / 2) + normalQuantile(power)) * error;
}
