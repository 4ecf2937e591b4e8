// Sums, products and copies of activations: plain references, cost and test cases.
import { sigmoid } from "./activate.ts";

/** x += factor * y. */
export function scaleAdd(x: Float32Array, y: Float32Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] += factor * y[i];
}

/** x [tokens, width] += bias [width]. */
export function addRows(x: Float32Array, bias: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] += bias[i % bias.length];
}

/** x = min(max(x, -limit), limit). */
export function clip(x: Float32Array, limit: number): void {
  for (let i = 0; i < x.length; i++) x[i] = Math.min(limit, Math.max(-limit, x[i]));
}

/** x [tokens, width] *= sigmoid(gate); gate [tokens, width] or [tokens, 1]. */
export function sigmoidMul(x: Float32Array, gate: Float32Array): void {
  const columns = x.length / gate.length;
  for (let i = 0; i < x.length; i++) x[i] *= sigmoid(gate[Math.floor(i / columns)]);
}

export function cost({ count }: { readonly count: number }): { flops: number; bytes: number } {
  return { flops: 2 * count, bytes: 12 * count };
}

export const cases: readonly { readonly count: number }[] = [{ count: 1 }, { count: 16 }, { count: 171 }];
