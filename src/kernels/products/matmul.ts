// Matrix products: plain references, cost and test cases.
import { type WeightType, weightForms } from "../module/module.ts";
import type { QuantizedActivations } from "./quantize-activations.ts";

export interface MatmulShape {
  readonly rows: number;
  readonly cols: number;
  readonly tokens: number;
}

/**
 * out[token, row] = sum over k of weight[row, k] * x[token, k].
 *
 * weight  [rows, cols]
 * x       [tokens, cols]
 * out     [tokens, rows], overwritten
 */
export function matmul(weight: Float32Array, x: Float32Array, out: Float32Array, shape: MatmulShape): void {
  const { rows, cols, tokens } = shape;
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += weight[row * cols + k] * x[token * cols + k];
      out[token * rows + row] = sum;
    }
  }
}

/**
 * The last `cols` values of each head, times the head's own rows; what comes before them stays as it is.
 *
 * weight    [heads * rows, cols]
 * x         [tokens, heads * (before + cols)]
 * out       [tokens, heads * (before + rows)], overwritten
 * multiply  one head of one token
 */
export function matmulHeads(
  weight: Float32Array,
  x: Float32Array,
  out: Float32Array,
  shape: MatmulShape & { readonly heads: number },
  multiply = matmul,
): void {
  const { rows, cols, heads, tokens } = shape;
  const before = x.length / (tokens * heads) - cols;
  for (let i = 0, from = 0, to = 0; i < tokens * heads; i++) {
    const head = i % heads;
    out.set(x.subarray(from, from + before), to);
    from += before;
    to += before;
    const own = weight.subarray(head * rows * cols, (head + 1) * rows * cols);
    multiply(own, x.subarray(from, from + cols), out.subarray(to, to + rows), { rows, cols, tokens: 1 });
    from += cols;
    to += rows;
  }
}

/** The same as `matmul` over rounded activations, exactly: what a quantised product must give. weight [rows, cols] dequantised. */
export function matmulQuantized(
  weight: Float32Array,
  x: QuantizedActivations,
  out: Float32Array,
  shape: MatmulShape,
): void {
  const { rows, cols, tokens } = shape;
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) {
        const at = token * cols + k;
        sum += weight[row * cols + k] * x.values[at] * x.scales[Math.floor(at / x.size)];
      }
      out[token * rows + row] = sum;
    }
  }
}

export function cost(
  type: WeightType,
  { rows, cols, tokens }: MatmulShape,
): { flops: number; bytes: number } {
  const activations = 4 * tokens * (rows + cols);
  return { flops: 2 * rows * cols * tokens, bytes: (rows * cols * weightForms[type].bits) / 8 + activations };
}

/** Sizes at the edges of every path: row groups alone, odd and even in number, tiles whole and broken, several chunks of tokens. */
export const quantizedCases: readonly MatmulShape[] = [
  { rows: 8, cols: 32, tokens: 1 },
  { rows: 24, cols: 64, tokens: 2 },
  { rows: 32, cols: 96, tokens: 3 },
  { rows: 56, cols: 160, tokens: 7 },
  { rows: 64, cols: 256, tokens: 11 },
  { rows: 40, cols: 2048, tokens: 1 },
  { rows: 16, cols: 5632, tokens: 66 },
];

/** The same for float types, with widths that no vector divides. */
export const floatCases: readonly MatmulShape[] = [
  { rows: 8, cols: 1, tokens: 1 },
  { rows: 32, cols: 7, tokens: 2 },
  { rows: 40, cols: 64, tokens: 3 },
  { rows: 48, cols: 172, tokens: 9 },
  { rows: 56, cols: 96, tokens: 8 },
  { rows: 8, cols: 1030, tokens: 70 },
];
