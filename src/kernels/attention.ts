// Attention over the cache: what it computes, a plain reference, cost and test cases; leans on nothing.

export interface AttentionShape {
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Where the first token stands; it sees the cache from there back. */
  readonly position: number;
  /** Positions that a token sees, itself included; 0: all. */
  readonly window: number;
}

/**
 * out = softmax(scale * q k) v for every token and head; token t stands at position + t and sees positions up to its own
 * (arXiv:1706.03762 §3.2.1; grouped heads: arXiv:2305.13245).
 *
 * q, out  [tokens, heads * headDim]
 * k, v    [positions, kvHeads * headDim], as they came out of the cache
 */
export function attention(
  args: AttentionShape & {
    readonly q: Float32Array;
    readonly k: Float32Array;
    readonly v: Float32Array;
    readonly out: Float32Array;
    readonly scale: number;
  },
): void {
  const { q, k, v, out, tokens, heads, kvHeads, headDim, position, window, scale } = args;
  const kvWidth = kvHeads * headDim;
  for (let token = 0; token < tokens; token++) {
    const last = position + token;
    const first = window > 0 ? Math.max(0, last - window + 1) : 0;
    for (let head = 0; head < heads; head++) {
      const at = (token * heads + head) * headDim;
      const kvAt = Math.floor((head * kvHeads) / heads) * headDim;
      const scores = new Float64Array(last - first + 1);
      for (let p = first; p <= last; p++) {
        let sum = 0;
        for (let i = 0; i < headDim; i++) sum += q[at + i] * k[p * kvWidth + kvAt + i];
        scores[p - first] = sum * scale;
      }
      const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((a, b) => a + b, 0);
      for (let i = 0; i < headDim; i++) {
        let sum = 0;
        for (let p = first; p <= last; p++) sum += weights[p - first] * v[p * kvWidth + kvAt + i];
        out[at + i] = sum / total;
      }
    }
  }
}

/** For one KV head and the query heads that read it. */
export function cost(
  { tokens, heads, headDim, position, window }: Omit<AttentionShape, "kvHeads">,
  elementBytes: number,
): { flops: number; bytes: number } {
  let pairs = 0;
  for (let p = position; p < position + tokens; p++) pairs += window > 0 ? Math.min(window, p + 1) : p + 1;
  const kv = 2 * (position + tokens) * headDim * elementBytes;
  return { flops: 4 * pairs * heads * headDim, bytes: kv + 8 * tokens * heads * headDim };
}

/** One KV head each. */
export const cases: readonly AttentionShape[] = [
  { tokens: 1, heads: 1, kvHeads: 1, headDim: 8, position: 0, window: 0 },
  { tokens: 1, heads: 3, kvHeads: 1, headDim: 16, position: 31, window: 0 },
  { tokens: 1, heads: 8, kvHeads: 1, headDim: 64, position: 100, window: 0 },
  { tokens: 40, heads: 2, kvHeads: 1, headDim: 80, position: 0, window: 0 },
  { tokens: 33, heads: 1, kvHeads: 1, headDim: 128, position: 17, window: 20 },
  { tokens: 9, heads: 5, kvHeads: 1, headDim: 36, position: 60, window: 64 },
  { tokens: 3, heads: 70, kvHeads: 1, headDim: 4, position: 5, window: 1 },
  { tokens: 2, heads: 2, kvHeads: 1, headDim: 256, position: 63, window: 0 },
];
