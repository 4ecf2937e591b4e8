// Products of matrices that lie by rows or by columns: plain reference, cost and test cases.

/** y [m, n], k columns; which sides lie by columns; whether y is added to. */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aColumns: boolean;
  readonly bColumns: boolean;
  readonly add: boolean;
}

/**
 * y[i, j] = sum over l of a[i, l] b[j, l], or y += it.
 *
 * a  [m, k], or by columns [k, m]; b  [n, k], or by columns [k, n]; without gaps
 * y  [m, n]
 */
export function gemm(
  a: Float32Array,
  b: Float32Array,
  y: Float32Array,
  { m, n, k, aColumns, bColumns, add }: GemmShape,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = add ? y[i * n + j] : 0;
      for (let l = 0; l < k; l++)
        sum += a[aColumns ? l * m + i : i * k + l] * b[bColumns ? l * n + j : j * k + l];
      y[i * n + j] = sum;
    }
  }
}

export function cost({ m, n, k }: GemmShape): { flops: number; bytes: number } {
  return { flops: 2 * m * n * k, bytes: 4 * (m * k + n * k + m * n) };
}

const sizes = [
  { m: 1, n: 1, k: 1 },
  { m: 3, n: 8, k: 5 },
  { m: 7, n: 13, k: 32 },
  { m: 200, n: 24, k: 19 },
  { m: 5, n: 9, k: 1100 },
  { m: 4, n: 3, k: 0 },
];

/** Every way of lying, at the edges of tiles, panels, chunks and blocks. */
export const cases: readonly GemmShape[] = sizes.flatMap((size) =>
  [false, true].flatMap((aColumns) =>
    [false, true].flatMap((bColumns) => [false, true].map((add) => ({ ...size, aColumns, bColumns, add }))),
  ),
);
