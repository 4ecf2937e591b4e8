// Means, deviations, quantiles and ranks of lists of numbers.

/** The mean; the sum runs from left to right, as Python's. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** The sum from left to right, as Python's up to 3.11. */
export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The variance of a sample (n - 1). */
export function sampleVariance(values: readonly number[]): number {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
}

/** The deviation of a sample (n - 1). */
export const sampleDeviation = (values: readonly number[]): number => Math.sqrt(sampleVariance(values));

/** The standard error of a mean. */
export const meanError = (values: readonly number[]): number =>
  sampleDeviation(values) / Math.sqrt(values.length);

/** A quantile of values in order, interpolated linearly between neighbours (numpy's default). */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  const t = at - below;
  const difference = sorted[above] - sorted[below];
  return t >= 0.5 ? sorted[above] - difference * (1 - t) : sorted[below] + difference * t;
}

/** Ranks from 1; equal values share the mean of theirs. `ties` are the sizes of groups of equal values. */
export function ranksOf(values: readonly number[]): { ranks: number[]; ties: number[] } {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  const ties: number[] = [];
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2;
    ties.push(to - from);
    from = to;
  }
  return { ranks, ties };
}

/** Pearson's correlation. */
export function pearson(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    product += (a[i] - meanA) * (b[i] - meanB);
    squareA += (a[i] - meanA) ** 2;
    squareB += (b[i] - meanB) ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}

/** Spearman's correlation. */
export const spearman = (a: readonly number[], b: readonly number[]): number =>
  pearson(ranksOf(a).ranks, ranksOf(b).ranks);
