// RMSNorm and LayerNorm of rows: plain reference, cost and test cases.
import type { NormKind } from "../../tensor/backend.ts";

export interface NormShape {
  readonly rows: number;
  readonly width: number;
}

/**
 * "rms": out = x / sqrt(mean(x^2) + eps) * weight (arXiv:1910.07467); "layer": the same of x - mean(x), + bias
 * (arXiv:1607.06450); row by row. Without a weight or a bias, nothing is multiplied or added.
 *
 * x, out        [rows, width]; may be the same array
 * weight, bias  [width]
 */
export function norm(
  x: Float32Array,
  out: Float32Array,
  options: NormShape & {
    readonly kind: NormKind;
    readonly eps: number;
    readonly weight?: Float32Array;
    readonly bias?: Float32Array;
  },
): void {
  const { rows, width, kind, eps, weight, bias } = options;
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    let sum = 0;
    if (kind === "layer") for (let i = 0; i < width; i++) sum += x[from + i];
    const mean = sum / width;
    let squares = 0;
    for (let i = 0; i < width; i++) squares += (x[from + i] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) {
      out[from + i] = (x[from + i] - mean) * scale * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    }
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
