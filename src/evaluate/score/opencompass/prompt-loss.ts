// OpenCompass's perplexity mode: the mean loss of a whole prompt, or of its end.

/**
 * The loss of a prompt from the log-probabilities of all its tokens but the first.
 *
 * logprobs  [tokens - 1]
 * masked    so many tokens at the beginning do not count; 0 where all do
 */
export function promptLoss(logprobs: readonly number[], masked = 0): number {
  const counted = masked > 0 ? logprobs.slice(masked - 1) : logprobs;
  const total = counted.reduce((sum, logprob) => sum - logprob, 0);
  return total / (logprobs.length + 1 - masked);
}

/** The label of the prompt with the least loss; of equal ones the first. */
export function leastLoss(losses: Readonly<Record<string, number>>): string {
  const [first, ...others] = Object.entries(losses);
  return others.reduce((best, one) => (one[1] < best[1] ? one : best), first)[0];
}
