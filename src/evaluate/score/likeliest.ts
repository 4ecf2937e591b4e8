// Which of several log-likelihoods is the largest, and the probabilities that they stand for.

/** The place of the largest; of equal ones the first, and what is no number before all. */
export function argmax(values: readonly number[]): number {
  let best = 0;
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) return i;
    if (value > values[best]) best = i;
  }
  return best;
}

/** Probabilities of log-likelihoods. */
export function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
