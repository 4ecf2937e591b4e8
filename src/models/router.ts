// Which experts see which tokens: top-k of a softmax, weights renormalised (Mixtral, arXiv:2401.04088 §2.1).

/** The tokens of one expert and the weight of its answer for each. */
export interface ExpertTokens {
  readonly expert: number;
  readonly rows: Int32Array;
  readonly weights: Float32Array;
}

/**
 * Chooses `perToken` experts for each token. Ties go to the lower index; experts come back in ascending order, so that
 * answers are always added in the same order.
 *
 * logits  [tokens, experts] f32
 */
export function routeTokens(
  logits: Float32Array,
  { tokens, experts, perToken }: { tokens: number; experts: number; perToken: number },
): ExpertTokens[] {
  const rows: number[][] = Array.from({ length: experts }, () => []);
  const weights: number[][] = Array.from({ length: experts }, () => []);
  for (let t = 0; t < tokens; t++) {
    const row = logits.subarray(t * experts, (t + 1) * experts);
    const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a] || a - b);
    const chosen = order.slice(0, perToken);
    const exponentials = chosen.map((expert) => Math.exp(row[expert] - row[chosen[0]]));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    chosen.forEach((expert, i) => {
      rows[expert].push(t);
      weights[expert].push(exponentials[i] / sum);
    });
  }
  return rows.flatMap((tokensOf, expert) =>
    tokensOf.length > 0
      ? [{ expert, rows: Int32Array.from(tokensOf), weights: Float32Array.from(weights[expert]) }]
      : [],
  );
}
