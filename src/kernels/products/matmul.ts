// Matrix products: what they compute, plain references, cost and test cases; leans on the rounding of activations.
import type { Random } from "../../random.ts";
import { type WeightType, weightForms } from "../module/module.ts";
import { blockTypes, makeBlockWeights } from "./block-weights.ts";
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

/** The same over rounded activations, exactly: what a quantised product must give. weight [rows, cols] dequantised. */
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
  { rows: 8, cols: 1030, tokens: 70 },
];

/** A random matrix in file form and as the values that it stands for. */
export interface TestWeights {
  readonly bytes: Uint8Array;
  readonly values: Float32Array;
}

/** Makes a test matrix: normal values of about 1/sqrt(cols), some zero; every nibble or byte occurs, -128 too. */
export function makeWeights(type: WeightType, rows: number, cols: number, random: Random): TestWeights {
  if (type === "q4_0" || type === "q8_0") return makeBlocks(type, rows * cols, random);
  const block = blockTypes.find((one) => one === type);
  if (block) return makeBlockWeights(block, rows * cols, random);
  const values = Float32Array.from({ length: rows * cols }, () =>
    random.integer(16) === 0 ? 0 : random.normal() / Math.sqrt(cols),
  );
  if (type === "f32") return { bytes: new Uint8Array(values.buffer.slice(0)), values };
  const bits = new Int32Array(values.buffer);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    halves[i] = type === "bf16" ? bits[i] >>> 16 : halfOf(bits[i]);
    if (type === "f16" && random.integer(64) === 0) halves[i] = random.integer(0x400); // subnormal
    if (type === "bf16") bits[i] = halves[i] << 16;
    else values[i] = halfToFloat(halves[i]);
  }
  return { bytes: new Uint8Array(halves.buffer), values };
}

/** Blocks of 32 as in a file: f16 scale, then 16 bytes of nibbles (i and i + 16) less 8, or 32 signed bytes. */
function makeBlocks(type: "q4_0" | "q8_0", count: number, random: Random): TestWeights {
  const size = type === "q4_0" ? 18 : 34;
  const bytes = new Uint8Array((count / 32) * size);
  const values = new Float32Array(count);
  for (let block = 0; block < count / 32; block++) {
    const at = block * size;
    const half = (random.integer(2) << 15) | (0x1c00 + random.integer(0x800));
    const scale = halfToFloat(half);
    bytes[at] = half & 255;
    bytes[at + 1] = half >> 8;
    for (let i = at + 2; i < at + size; i++) bytes[i] = random.integer(256);
    for (let i = 0; i < 32; i++) {
      const byte = bytes[at + 2 + (type === "q4_0" ? i % 16 : i)];
      const whole = type === "q8_0" ? (byte << 24) >> 24 : (i < 16 ? byte & 15 : byte >> 4) - 8;
      values[32 * block + i] = scale * whole;
    }
  }
  return { bytes, values };
}

/** The half with this value, from its 16 bits. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return half & 0x8000 ? -size : size;
}

/** A half near a float given by its bits: cut, not rounded; small ones become 0. */
function halfOf(bits: number): number {
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return 0;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
}
