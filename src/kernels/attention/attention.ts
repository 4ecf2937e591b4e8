// Attention over the KV cache: plain reference, cost and test cases.

export interface AttentionShape {
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  /** Of queries and keys. */
  readonly headDim: number;
  readonly valueDim: number;
  /** Where the first token stands. */
  readonly position: number;
  /** Positions that the cache holds, where attention is not causal. */
  readonly length: number;
  /** A token sees positions up to its own; otherwise [0, length). */
  readonly causal: boolean;
  /** Positions that a token sees back from its own, itself included, and where it is not causal ahead; 0: all. */
  readonly window: number;
}

/**
 * out = softmax(score) v for every token and head (arXiv:1706.03762 §3.2.1; grouped heads: arXiv:2305.13245), where
 * score = cap tanh(scale q k / cap), or scale q k where softcap is 0, - slope * distance back + bias by distance.
 *
 * q       [tokens, heads * headDim]
 * k       [positions, kvHeads * headDim], as they came out of the cache
 * v       [positions, kvHeads * valueDim]
 * out     [tokens, heads * valueDim]
 * sinks   [heads] scores that join the softmax's sum and have no value (arXiv:2309.17453)
 * slopes  [heads] ALiBi (arXiv:2108.12409)
 * bias    [heads, 2 * reach + 1], by key position - query position clamped to ±reach
 */
export function attention(
  args: AttentionShape & {
    readonly q: Float32Array;
    readonly k: Float32Array;
    readonly v: Float32Array;
    readonly out: Float32Array;
    readonly scale: number;
    readonly softcap: number;
    readonly sinks?: Float32Array;
    readonly slopes?: Float32Array;
    readonly bias?: { readonly table: Float32Array; readonly reach: number };
  },
): void {
  const { q, k, v, out, tokens, heads, kvHeads, headDim, valueDim } = args;
  const { position, length, causal, window, scale, softcap, sinks, slopes, bias } = args;
  for (let token = 0; token < tokens; token++) {
    const own = position + token;
    const first = window > 0 ? Math.max(0, own - window + 1) : 0;
    const last = causal ? own : lastAhead(own, length, window);
    for (let head = 0; head < heads; head++) {
      const qAt = (token * heads + head) * headDim;
      const kvHead = Math.floor((head * kvHeads) / heads);
      const scores = new Float64Array(last - first + 1);
      for (let p = first; p <= last; p++) {
        const kAt = (p * kvHeads + kvHead) * headDim;
        let score = 0;
        for (let i = 0; i < headDim; i++) score += q[qAt + i] * k[kAt + i];
        score *= scale;
        if (softcap > 0) score = softcap * Math.tanh(score / softcap);
        if (slopes) score -= slopes[head] * (own - p);
        if (bias) {
          const { table, reach } = bias;
          const distance = Math.max(-reach, Math.min(reach, p - own));
          score += table[head * (2 * reach + 1) + distance + reach];
        }
        scores[p - first] = score;
      }
      const sink = sinks ? sinks[head] : -Infinity;
      const top = scores.reduce((a, b) => Math.max(a, b), sink);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((a, b) => a + b, Math.exp(sink - top));
      for (let i = 0; i < valueDim; i++) {
        let sum = 0;
        for (let p = first; p <= last; p++)
          sum += weights[p - first] * v[(p * kvHeads + kvHead) * valueDim + i];
        out[(token * heads + head) * valueDim + i] = sum / total;
      }
    }
  }
}

/** The last position that a token sees where it is not causal. */
const lastAhead = (own: number, length: number, window: number): number =>
  window > 0 ? Math.min(length - 1, own + window - 1) : length - 1;

/** For one KV head and the query heads that read it. */
export function cost(
  shape: Omit<AttentionShape, "kvHeads">,
  elementBytes: number,
): { flops: number; bytes: number } {
  const { tokens, heads, headDim, valueDim, position, length, causal, window } = shape;
  let pairs = 0;
  for (let own = position; own < position + tokens; own++) {
    const first = window > 0 ? Math.max(0, own - window + 1) : 0;
    pairs += (causal ? own + 1 : lastAhead(own, length, window) + 1) - first;
  }
  const seen = causal ? position + tokens : length;
  const dims = headDim + valueDim;
  return {
    flops: 2 * pairs * heads * dims,
    bytes: seen * dims * elementBytes + 4 * tokens * heads * dims,
  };
}

/** A case: its shape, and which of the options it has. */
export type AttentionCase = AttentionShape & {
  readonly softcap?: number;
  readonly sinks?: boolean;
  readonly slopes?: boolean;
  readonly reach?: number;
};

const plain = { kvHeads: 1, length: 0, causal: true, window: 0 } as const;

/** One KV head each. */
export const cases: readonly AttentionCase[] = [
  { ...plain, tokens: 1, heads: 1, headDim: 8, valueDim: 8, position: 0 },
  { ...plain, tokens: 1, heads: 3, headDim: 16, valueDim: 16, position: 31 },
  { ...plain, tokens: 1, heads: 8, headDim: 64, valueDim: 64, position: 100 },
  { ...plain, tokens: 40, heads: 2, headDim: 80, valueDim: 80, position: 0 },
  { ...plain, tokens: 33, heads: 1, headDim: 128, valueDim: 128, position: 17, window: 20 },
  { ...plain, tokens: 9, heads: 5, headDim: 36, valueDim: 36, position: 60, window: 64 },
  { ...plain, tokens: 3, heads: 70, headDim: 4, valueDim: 4, position: 5, window: 1 },
  { ...plain, tokens: 2, heads: 2, headDim: 256, valueDim: 256, position: 63 },
  { ...plain, tokens: 21, heads: 4, headDim: 24, valueDim: 16, position: 50 },
  { ...plain, tokens: 7, heads: 3, headDim: 10, valueDim: 7, position: 30 },
  { ...plain, tokens: 11, heads: 3, headDim: 16, valueDim: 16, position: 40, softcap: 2 },
  { ...plain, tokens: 35, heads: 4, headDim: 32, valueDim: 32, position: 9, window: 16, sinks: true },
  { ...plain, tokens: 13, heads: 5, headDim: 16, valueDim: 16, position: 70, slopes: true },
  { ...plain, tokens: 8, heads: 66, headDim: 8, valueDim: 8, position: 40, slopes: true, sinks: true },
  { ...plain, tokens: 9, heads: 3, headDim: 16, valueDim: 16, position: 64, reach: 20 },
  {
    ...plain,
    tokens: 45,
    heads: 2,
    headDim: 16,
    valueDim: 16,
    position: 0,
    causal: false,
    length: 45,
    reach: 33,
  },
  { ...plain, tokens: 5, heads: 3, headDim: 20, valueDim: 12, position: 10, causal: false, length: 77 },
  {
    ...plain,
    tokens: 6,
    heads: 2,
    headDim: 8,
    valueDim: 8,
    position: 40,
    causal: false,
    length: 46,
    window: 9,
  },
  {
    ...plain,
    tokens: 75,
    heads: 3,
    headDim: 8,
    valueDim: 8,
    position: 0,
    causal: false,
    length: 75,
    window: 17,
  },
];
