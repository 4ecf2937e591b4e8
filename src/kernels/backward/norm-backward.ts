// The backward pass of RMSNorm and LayerNorm: plain reference, cost and test cases.
import type { NormKind } from "../../tensor/backend.ts";

export interface NormBackwardShape {
  readonly rows: number;
  readonly width: number;
  /** Row r has the weights of r % period. */
  readonly period: number;
  readonly kind: NormKind;
  readonly weight: boolean;
}

/**
 * Gradients where y = norm(x) has the gradient dy: of x, written; of the weights and the bias, added to.
 *
 * x, dy, dx                [rows, width]
 * weight, dWeight, dBias   [period, width]
 */
export function normBackward(
  { x, dy, weight }: { x: Float32Array; dy: Float32Array; weight: Float32Array | undefined },
  { dx, dWeight, dBias }: { dx: Float32Array; dWeight: Float32Array; dBias: Float32Array },
  { rows, width, period, kind, eps }: Omit<NormBackwardShape, "weight"> & { readonly eps: number },
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    const own = (row % period) * width;
    let sum = 0;
    if (kind === "layer") for (let i = 0; i < width; i++) sum += x[from + i];
    const mean = sum / width;
    let squares = 0;
    for (let i = 0; i < width; i++) squares += (x[from + i] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / width + eps);
    let ofG = 0;
    let ofGN = 0;
    for (let i = 0; i < width; i++) {
      const n = (x[from + i] - mean) * scale;
      const g = dy[from + i] * (weight ? weight[own + i] : 1);
      ofG += g;
      ofGN += g * n;
      dWeight[own + i] += dy[from + i] * n;
      dBias[own + i] += dy[from + i];
    }
    for (let i = 0; i < width; i++) {
      const n = (x[from + i] - mean) * scale;
      const g = dy[from + i] * (weight ? weight[own + i] : 1);
      dx[from + i] = scale * (g - (kind === "layer" ? ofG / width : 0) - (n * ofGN) / width);
    }
  }
}

export function cost({ rows, width }: NormBackwardShape): { flops: number; bytes: number } {
  return { flops: 14 * rows * width, bytes: 20 * rows * width };
}

export const cases: readonly NormBackwardShape[] = [
  { rows: 1, width: 3, period: 1, kind: "rms", weight: false },
  { rows: 5, width: 64, period: 1, kind: "rms", weight: true },
  { rows: 6, width: 10, period: 3, kind: "rms", weight: true },
  { rows: 4, width: 173, period: 1, kind: "layer", weight: true },
];
