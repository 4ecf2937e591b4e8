// RoPE, half pairing: plain reference, cost and test cases.

export interface RopeShape {
  readonly tokens: number;
  readonly heads: number;
  readonly headDim: number;
  /** How many of a head's first dimensions turn; even, at most headDim. */
  readonly ropeDim: number;
}

/**
 * Turns each pair (i, i + ropeDim / 2) of a head by the token's angle i (RoPE, arXiv:2104.09864 §3.4, half pairing).
 *
 * x         [tokens, heads, headDim], changed in place
 * cos, sin  [tokens, ropeDim / 2]
 */
export function rope(x: Float32Array, cos: Float32Array, sin: Float32Array, shape: RopeShape): void {
  const { tokens, heads, headDim, ropeDim } = shape;
  const half = ropeDim / 2;
  for (let token = 0; token < tokens; token++) {
    for (let head = 0; head < heads; head++) {
      const at = (token * heads + head) * headDim;
      for (let i = 0; i < half; i++) {
        const [a, b] = [x[at + i], x[at + half + i]];
        const [c, s] = [cos[token * half + i], sin[token * half + i]];
        x[at + i] = a * c - b * s;
        x[at + half + i] = b * c + a * s;
      }
    }
  }
}

export function cost({ tokens, heads, ropeDim }: RopeShape): { flops: number; bytes: number } {
  return { flops: 3 * tokens * heads * ropeDim, bytes: 8 * tokens * heads * ropeDim + 4 * tokens * ropeDim };
}

export const cases: readonly RopeShape[] = [
  { tokens: 1, heads: 1, headDim: 8, ropeDim: 8 },
  { tokens: 3, heads: 2, headDim: 64, ropeDim: 64 },
  { tokens: 2, heads: 3, headDim: 80, ropeDim: 32 },
  { tokens: 4, heads: 2, headDim: 12, ropeDim: 10 },
];
