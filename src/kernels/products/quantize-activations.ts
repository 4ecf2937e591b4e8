// Rounding of activations to 8 bits: plain reference, cost and test cases.

/** Activations in blocks of 32 or 256: x is about values * scales[block]. */
export interface QuantizedActivations {
  /** Values in a block. */
  readonly size: number;
  /** [tokens, cols] */
  readonly values: Int8Array;
  /** [tokens, cols / size] */
  readonly scales: Float32Array;
}

export interface QuantizeShape {
  readonly tokens: number;
  /** A multiple of 32. */
  readonly cols: number;
}

/**
 * Rounds each block of 32: scale = amax / 127, value = x * (127 / amax) to the nearest, ties to even
 * (quantize_row_q8_0 of llama.cpp). The scale is then rounded to what an f16 holds, as there.
 *
 * x  [tokens, cols]
 */
export function quantizeActivations(x: Float32Array, shape: QuantizeShape): QuantizedActivations {
  const { tokens, cols } = shape;
  const values = new Int8Array(tokens * cols);
  const scales = new Float32Array((tokens * cols) / 32);
  for (let block = 0; block < scales.length; block++) {
    let amax = 0;
    for (let i = 32 * block; i < 32 * block + 32; i++) amax = Math.max(amax, Math.abs(x[i]));
    if (amax <= tiniest) continue;
    scales[block] = roundToHalf(Math.fround(amax / 127));
    const inverse = Math.fround(127 / amax);
    for (let i = 32 * block; i < 32 * block + 32; i++) values[i] = roundToEven(Math.fround(x[i] * inverse));
  }
  return { size: 32, values, scales };
}

/**
 * Rounds each block of 256: inverse = 127 / amax, value = x * inverse to the nearest, ties to even, scale = 1 / inverse
 * (quantize_row_q8_K of llama.cpp, where the largest value's sign is in both).
 *
 * x  [tokens, cols], cols a multiple of 256
 */
export function quantizeActivationsBy256(
  x: Float32Array,
  { tokens, cols }: QuantizeShape,
): QuantizedActivations {
  const values = new Int8Array(tokens * cols);
  const scales = new Float32Array((tokens * cols) / 256);
  for (let block = 0; block < scales.length; block++) {
    const part = x.subarray(256 * block, 256 * block + 256);
    const amax = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (amax <= tiniest) continue;
    const inverse = Math.fround(127 / amax);
    scales[block] = 1 / inverse;
    for (let i = 0; i < 256; i++) values[256 * block + i] = roundToEven(Math.fround(part[i] * inverse));
  }
  return { size: 256, values, scales };
}

/** Blocks no larger than this are zero: the reciprocal of their scale would overflow. */
const tiniest = Math.fround(1e-35);

/** The nearest value of an f16, ties to even; beyond f16's range the precision alone counts. */
function roundToHalf(scale: number): number {
  const unit = 2 ** (Math.max(Math.floor(Math.log2(scale)), -14) - 10);
  return roundToEven(scale / unit) * unit;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

export function cost({ tokens, cols }: QuantizeShape): { flops: number; bytes: number } {
  return { flops: 3 * tokens * cols, bytes: tokens * cols * (4 + 44 / 32) };
}

export const cases: readonly QuantizeShape[] = [
  { tokens: 1, cols: 32 },
  { tokens: 5, cols: 64 },
  { tokens: 6, cols: 96 },
  { tokens: 13, cols: 2048 },
];
