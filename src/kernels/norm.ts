// RMS norm: what it computes, a plain reference, cost and test cases; leans on nothing.

export interface NormShape {
  readonly rows: number;
  readonly width: number;
}

/**
 * out = x / sqrt(mean(x^2) + eps) * weight, row by row (RMSNorm, arXiv:1910.07467).
 *
 * x, out  [rows, width]; may be the same array
 * weight  [width]
 */
export function rmsNorm(
  x: Float32Array,
  weight: Float32Array,
  out: Float32Array,
  options: NormShape & { readonly eps: number },
): void {
  const { rows, width, eps } = options;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i++) sum += x[i] * x[i];
    const scale = 1 / Math.sqrt(sum / width + eps);
    for (let i = 0; i < width; i++) out[row * width + i] = x[row * width + i] * scale * weight[i];
  }
}

export function cost({ rows, width }: NormShape): { flops: number; bytes: number } {
  return { flops: 4 * rows * width, bytes: 8 * rows * width + 4 * width };
}

export const cases: readonly NormShape[] = [
  { rows: 1, width: 1 },
  { rows: 2, width: 7 },
  { rows: 3, width: 64 },
  { rows: 2, width: 172 },
  { rows: 4, width: 2051 },
];
