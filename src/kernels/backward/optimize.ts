// Steps of optimisers and sums over gradients: plain references, cost and test cases.

/** AdamW's numbers of a step; rest: 1 - beta; rate: over 1 - beta1^t; root: 1 / sqrt(1 - beta2^t). */
export interface AdamWStep {
  readonly by: number;
  readonly keep: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly rate: number;
  readonly root: number;
  readonly eps: number;
}

/** p *= keep; m and v move towards g and g^2; p -= rate m / (root sqrt(v) + eps). All of one length, g times `by` first. */
export function adamw(
  { p, g, m, v }: { p: Float32Array; g: Float32Array; m: Float32Array; v: Float32Array },
  { by, keep, beta1, beta2, rate, root, eps }: AdamWStep,
): void {
  for (let i = 0; i < p.length; i++) {
    const d = g[i] * by;
    m[i] = beta1 * m[i] + (1 - beta1) * d;
    v[i] = beta2 * v[i] + (1 - beta2) * d * d;
    p[i] = p[i] * keep - (rate * m[i]) / (root * Math.sqrt(v[i]) + eps);
  }
}

export function sumOfSquares(x: Float32Array): number {
  return x.reduce((sum, value) => sum + value * value, 0);
}

/** out = a x + b y */
export function combine(x: Float32Array, y: Float32Array, a: number, b: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = a * x[i] + b * y[i];
}

/** out[c] += sum over rows of x[r, c] */
export function addColumns(x: Float32Array, columns: number, out: Float32Array): void {
  for (let i = 0; i < x.length; i++) out[i % columns] += x[i];
}

export function cost({ count }: { readonly count: number }): { flops: number; bytes: number } {
  return { flops: 14 * count, bytes: 28 * count };
}

/** AdamW is called for whole vectors. */
export const cases: readonly { readonly count: number }[] = [{ count: 4 }, { count: 64 }, { count: 172 }];
