// float32 values to super-blocks of 256 with scales of sub-blocks: Q2_K to Q6_K.
//
// The steps are those of ggml-quants.c of llama.cpp (quantize_row_q*_K_ref, and quantize_row_q*_K_impl where an
// importance is given): a scale for each sub-block, those scales rounded to a common one, and last the nearest levels.

import {
  type AffineSearch,
  fitAffine,
  fitPositiveScale,
  fitScale,
  fitScaleByLevels,
  nearest,
  nearestWithin,
  type Pack,
} from "./fit.ts";
import { putHalf } from "./half.ts";

/** What tells Q2_K, Q4_K and Q5_K apart. */
interface AffineType {
  readonly bytes: number;
  /** Values of a sub-block, which share a scale and a minimum. */
  readonly length: 16 | 32;
  /** The greatest level of a scale or minimum. */
  readonly scaleTop: number;
  /** Where d stands in a block; dmin follows. */
  readonly d: number;
  readonly search: AffineSearch;
  /** The weights of a sub-block where no importance is given. */
  weigh(values: Float32Array, from: number, weights: Float64Array): void;
  putScale(blocks: Uint8Array, p: number, sub: number, scale: number, minimum: number): void;
  putLevels(blocks: Uint8Array, p: number, levels: Uint8Array): void;
}

/** The search under an importance. */
const finer = { first: -0.9, step: 0.05, steps: 36 };

function packAffine(type: AffineType): Pack {
  const { bytes, length, scaleTop, search } = type;
  const subs = 256 / length;
  const { top } = search;
  return (values, blocks, count, importance) => {
    const levels = new Uint8Array(256);
    const weights = new Float64Array(length);
    const sums = new Float64Array(subs); // of the weights of each sub-block
    const trial = new Float64Array(subs);
    const scales = new Float32Array(subs);
    const minimums = new Float32Array(subs);
    const plan = importance ? { top, ...finer } : search;
    for (let b = 0, p = 0, o = 0, column = 0; b < count; b++, p += bytes, o += 256) {
      let square = 0;
      if (importance) square = meanSquare(values, o, 256) * (length === 16 ? 1 : 2);
      for (let sub = 0, from = o; sub < subs; sub++, from += length) {
        if (importance) {
          let sum = 0;
          for (let i = 0; i < length; i++) {
            const x = values[from + i];
            sum += weights[i] = importance[column + sub * length + i] * Math.sqrt(square + x * x);
          }
          sums[sub] = sum;
        } else {
          type.weigh(values, from, weights);
        }
        fitAffine(values, from, length, weights, plan, scales, minimums, sub);
      }
      let scale: number;
      let minimum: number;
      if (importance) {
        scale = fitPositiveScale(scales, subs, scaleTop, sums, trial);
        minimum = fitPositiveScale(minimums, subs, scaleTop, sums, trial);
        column = (column + 256) % importance.length;
      } else {
        scale = greatest(scales) / scaleTop;
        minimum = greatest(minimums) / scaleTop;
      }
      blocks.fill(0, p, p + bytes);
      const d = putHalf(blocks, p + type.d, scale);
      const dmin = putHalf(blocks, p + type.d + 2, minimum);
      for (let sub = 0; sub < subs; sub++) {
        const s = scale > 0 ? nearestWithin(scales[sub] / scale, 0, scaleTop) : 0;
        const m = minimum > 0 ? nearestWithin(minimums[sub] / minimum, 0, scaleTop) : 0;
        type.putScale(blocks, p, sub, s, m);
        const inverse = d * s === 0 ? 0 : 1 / (d * s);
        const offset = dmin * m;
        for (let i = sub * length; i < (sub + 1) * length; i++) {
          levels[i] = nearestWithin((values[o + i] + offset) * inverse, 0, top);
        }
      }
      type.putLevels(blocks, p, levels);
    }
  };
}

function greatest(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

function meanSquare(values: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += values[i] * values[i];
  return sum / length;
}

/** Two bits a level, four levels a byte: 32 apart, in halves of 128. */
export function putPairs(blocks: Uint8Array, p: number, levels: Uint8Array): void {
  for (let half = 0; half < 256; half += 128) {
    for (let i = half; i < half + 32; i++) {
      blocks[p + (half >> 2) + (i & 31)] =
        levels[i] | (levels[i + 32] << 2) | (levels[i + 64] << 4) | (levels[i + 96] << 6);
    }
  }
}

/** The low four bits of levels, two a byte: 32 apart, in quarters of 64. */
function putNibbles(blocks: Uint8Array, p: number, levels: Uint8Array): void {
  for (let i = 0; i < 128; i++) {
    const from = ((i >> 5) << 6) + (i & 31);
    blocks[p + i] = (levels[from] & 15) | (levels[from + 32] << 4);
  }
}

/** Six bits each of a scale and a minimum in 12 bytes for eight of both; see k-quants.ts. */
function putSixBits(blocks: Uint8Array, p: number, sub: number, scale: number, minimum: number): void {
  if (sub < 4) {
    blocks[p + sub] |= scale;
    blocks[p + sub + 4] |= minimum;
  } else {
    blocks[p + sub + 4] = (scale & 15) | ((minimum & 15) << 4);
    blocks[p + sub - 4] |= (scale >> 4) << 6;
    blocks[p + sub] |= (minimum >> 4) << 6;
  }
}

/** The root mean square of the sub-block, plus the size of the value. */
function weighBySize(values: Float32Array, from: number, weights: Float64Array): void {
  const mean = Math.sqrt(meanSquare(values, from, 32));
  for (let i = 0; i < 32; i++) weights[i] = mean + Math.abs(values[from + i]);
}

export const packQ2_K = packAffine({
  bytes: 84,
  length: 16,
  scaleTop: 15,
  d: 80,
  search: { top: 3, first: -0.5, step: 0.1, steps: 15, absolute: true },
  weigh(values, from, weights) {
    for (let i = 0; i < 16; i++) weights[i] = Math.abs(values[from + i]);
  },
  putScale(blocks, p, sub, scale, minimum) {
    blocks[p + sub] = scale | (minimum << 4);
  },
  putLevels: (blocks, p, levels) => putPairs(blocks, p + 16, levels),
});

export const packQ4_K = packAffine({
  bytes: 144,
  length: 32,
  scaleTop: 63,
  d: 0,
  search: { top: 15, first: -1, step: 0.1, steps: 20 },
  weigh: weighBySize,
  putScale: (blocks, p, sub, scale, minimum) => putSixBits(blocks, p + 4, sub, scale, minimum),
  putLevels: (blocks, p, levels) => putNibbles(blocks, p + 16, levels),
});

export const packQ5_K = packAffine({
  bytes: 176,
  length: 32,
  scaleTop: 63,
  d: 0,
  search: { top: 31, first: -0.5, step: 0.1, steps: 15 },
  weigh: weighBySize,
  putScale: (blocks, p, sub, scale, minimum) => putSixBits(blocks, p + 4, sub, scale, minimum),
  putLevels(blocks, p, levels) {
    for (let i = 0; i < 256; i++) blocks[p + 16 + (i & 31)] |= (levels[i] >> 4) << (i >> 5);
    putNibbles(blocks, p + 48, levels);
  },
});

/** 16 sub-blocks of 16 values with signed scales of 6 bits; levels -4 to 3. */
export const packQ3_K: Pack = (values, blocks, count, importance) => {
  const levels = new Uint8Array(256);
  const trial = new Float64Array(16);
  const weights = new Float32Array(16);
  const scales = new Float32Array(16);
  const sums = new Float32Array(16);
  for (let b = 0, p = 0, o = 0, column = 0; b < count; b++, p += 110, o += 256) {
    const square = importance ? 2 * meanSquare(values, o, 256) : 0;
    let widest = 0;
    for (let sub = 0, from = o; sub < 16; sub++, from += 16) {
      if (importance) {
        sums[sub] = 0;
        for (let i = 0; i < 16; i++) {
          const x = values[from + i];
          weights[i] = importance[column + sub * 16 + i] * Math.sqrt(square + x * x);
          sums[sub] += weights[i];
        }
        scales[sub] = fitScale(values, from, 16, 4, weights);
      } else {
        scales[sub] = fitScaleByLevels(values, from, trial);
        if (Math.abs(scales[sub]) > Math.abs(widest)) widest = scales[sub];
      }
    }
    let scale = -widest / 32;
    if (importance) {
      scale = fitScale(scales, 0, 16, 32, sums);
      column = (column + 256) % importance.length;
    }
    blocks.fill(0, p, p + 110);
    const d = putHalf(blocks, p + 108, scale);
    for (let sub = 0; sub < 16; sub++) {
      const s = scale === 0 ? 0 : nearestWithin(scales[sub] / scale, -32, 31);
      blocks[p + 96 + (sub & 7)] |= ((s + 32) & 15) << ((sub >> 3) << 2);
      blocks[p + 104 + (sub & 3)] |= ((s + 32) >> 4) << ((sub >> 2) << 1);
      const inverse = d * s === 0 ? 0 : 1 / (d * s);
      for (let i = sub * 16; i < sub * 16 + 16; i++) {
        const level = 4 + nearestWithin(values[o + i] * inverse, -4, 3);
        blocks[p + (i & 31)] |= (level >> 2) << (i >> 5);
        levels[i] = level & 3;
      }
    }
    putPairs(blocks, p + 32, levels);
  }
};

/** 16 sub-blocks of 16 values with signed scales of 8 bits; levels -32 to 31. */
export const packQ6_K: Pack = (values, blocks, count, importance) => {
  const levels = new Uint8Array(256);
  const scales = new Float32Array(16);
  for (let b = 0, p = 0, o = 0, column = 0; b < count; b++, p += 210, o += 256) {
    let widest = 0;
    for (let sub = 0; sub < 16; sub++) {
      scales[sub] = fitScale(values, o + sub * 16, 16, 32, importance, column + sub * 16);
      if (Math.abs(scales[sub]) > Math.abs(widest)) widest = scales[sub];
    }
    if (importance) column = (column + 256) % importance.length;
    const scale = -widest / 128;
    const d = putHalf(blocks, p + 208, scale);
    for (let sub = 0; sub < 16; sub++) {
      const s = scale === 0 ? 0 : Math.min(127, nearest(scales[sub] / scale));
      blocks[p + 192 + sub] = s;
      const inverse = d * s === 0 ? 0 : 1 / (d * s);
      for (let i = sub * 16; i < sub * 16 + 16; i++) {
        levels[i] = 32 + nearestWithin(values[o + i] * inverse, -32, 31);
      }
    }
    putSixes(blocks, p, levels);
  }
};

/** 256 levels of 6 bits -> 128 bytes of low nibbles, 64 of high pairs, from `p` on. */
export function putSixes(blocks: Uint8Array, p: number, levels: Uint8Array): void {
  for (let half = 0; half < 2; half++) {
    for (let i = 0; i < 32; i++) {
      const from = half * 128 + i;
      const q0 = levels[from];
      const q1 = levels[from + 32];
      const q2 = levels[from + 64];
      const q3 = levels[from + 96];
      blocks[p + half * 64 + i] = (q0 & 15) | (q2 << 4);
      blocks[p + half * 64 + 32 + i] = (q1 & 15) | (q3 << 4);
      blocks[p + 128 + half * 32 + i] = (q0 >> 4) | ((q1 >> 4) << 2) | ((q2 >> 4) << 4) | ((q3 >> 4) << 6);
    }
  }
}
