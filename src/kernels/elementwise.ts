// Sums of activations: what they compute, plain references, cost and test cases; leans on nothing.

/** x += factor * y. */
export function scaleAdd(x: Float32Array, y: Float32Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] += factor * y[i];
}

/** x [tokens, width] += bias [width]. */
export function addRows(x: Float32Array, bias: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] += bias[i % bias.length];
}

export function cost({ count }: { readonly count: number }): { flops: number; bytes: number } {
  return { flops: 2 * count, bytes: 12 * count };
}

export const cases: readonly { readonly count: number }[] = [{ count: 1 }, { count: 16 }, { count: 171 }];
