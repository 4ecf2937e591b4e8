// The gated activation: what it computes, a plain reference, cost and test cases; leans on nothing.

export interface SiluMulShape {
  readonly tokens: number;
  readonly width: number;
}

/**
 * out = silu(gate) * up, silu(g) = g / (1 + e^-g) (SwiGLU, arXiv:2002.05202).
 *
 * gate, up, out  of one length; may be the same array
 */
export function siluMul(gate: Float32Array, up: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
}

export function cost({ tokens, width }: SiluMulShape): { flops: number; bytes: number } {
  return { flops: 4 * tokens * width, bytes: 12 * tokens * width };
}

export const cases: readonly SiluMulShape[] = [
  { tokens: 1, width: 3 },
  { tokens: 2, width: 64 },
  { tokens: 3, width: 173 },
];
