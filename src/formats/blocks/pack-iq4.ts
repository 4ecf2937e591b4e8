// float32 values to the non-linear 4-bit types, IQ4_NL and IQ4_XS.
//
// The steps are those of quantize_row_iq4_nl_impl of ggml-quants.c of llama.cpp, with 15 guesses at each scale.

import { extreme, nearestWithin, type Pack } from "./fit.ts";
import { putHalf } from "./half.ts";
import { iq4Levels } from "./i-quants.ts";

/** The nearest level of floor(2 x) + 256: between levels the border is a whole or half number, so this is exact. */
const nearestLevel = Uint8Array.from({ length: 512 }, (_, i) => {
  let best = 0;
  for (let k = 1; k < 16; k++) if (i - 256 >= iq4Levels[k - 1] + iq4Levels[k]) best = k;
  return best;
});

/** Which level is nearest to x. */
function levelOf(x: number): number {
  const twice = Math.floor(2 * x) + 256;
  return nearestLevel[Math.max(0, Math.min(twice, 511))];
}

/** The scale of 32 values from `from`: the best of 16 guesses at the level of the greatest, by weighted squares. */
function fitLevels(values: Float32Array, from: number, weights: Float64Array): number {
  const max = extreme(values, from, 32);
  if (Math.abs(max) < 1e-15) return 0;
  let scale = 0;
  let best = -1;
  for (let guess = -8; guess <= 7; guess++) {
    // First the greatest at the lowest level, then at a few beside it.
    const inverse = (guess === -8 ? -iq4Levels[0] : guess + iq4Levels[0]) / max;
    let sumLX = 0;
    let sumL2 = 0;
    for (let i = 0; i < 32; i++) {
      const x = values[from + i];
      const l = iq4Levels[levelOf(inverse * x)];
      const wl = weights[i] * l;
      sumLX += wl * x;
      sumL2 += wl * l;
    }
    if (sumL2 > 0 && sumLX * sumLX > best * sumL2) {
      scale = sumLX / sumL2;
      best = scale * sumLX;
    }
  }
  return scale;
}

/** Weights of 32 values: their squares, or an importance times their size beside `square`. */
function weigh(
  values: Float32Array,
  from: number,
  square: number,
  importance: Float32Array | undefined,
  column: number,
  weights: Float64Array,
): void {
  for (let i = 0; i < 32; i++) {
    const x = values[from + i];
    weights[i] = importance ? importance[column + i] * Math.sqrt(square + x * x) : x * x;
  }
}

/** Twice the mean of the squares. */
function doubleMeanSquare(values: Float32Array, from: number, length: number): number {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += values[i] * values[i];
  return (2 * sum) / length;
}

/** Writes 32 values at `scale` as 16 nibble pairs. */
function putLevels(values: Float32Array, from: number, scale: number, blocks: Uint8Array, p: number): void {
  const inverse = scale === 0 ? 0 : 1 / scale;
  for (let i = 0; i < 16; i++) {
    blocks[p + i] = levelOf(values[from + i] * inverse) | (levelOf(values[from + 16 + i] * inverse) << 4);
  }
}

/** Blocks of 32 with a scale each. */
export const packIQ4_NL: Pack = (values, blocks, count, importance) => {
  const weights = new Float64Array(32);
  for (let b = 0, p = 0, o = 0, column = 0; b < count; b++, p += 18, o += 32) {
    weigh(values, o, importance ? doubleMeanSquare(values, o, 32) : 0, importance, column, weights);
    if (importance) column = (column + 32) % importance.length;
    putLevels(values, o, putHalf(blocks, p, fitLevels(values, o, weights)), blocks, p + 2);
  }
};

/** Super-blocks of 256 in eight sub-blocks with signed scales of 6 bits. */
export const packIQ4_XS: Pack = (values, blocks, count, importance) => {
  const weights = new Float64Array(32);
  const scales = new Float64Array(8);
  for (let b = 0, p = 0, o = 0, column = 0; b < count; b++, p += 136, o += 256) {
    const square = importance ? doubleMeanSquare(values, o, 256) : 0;
    let widest = 0;
    for (let sub = 0; sub < 8; sub++) {
      weigh(values, o + sub * 32, square, importance, column + sub * 32, weights);
      scales[sub] = fitLevels(values, o + sub * 32, weights);
      if (Math.abs(scales[sub]) > Math.abs(widest)) widest = scales[sub];
    }
    if (importance) column = (column + 256) % importance.length;
    blocks.fill(0, p, p + 136);
    const scale = -widest / 32;
    const d = putHalf(blocks, p, scale);
    for (let sub = 0; sub < 8; sub++) {
      const s = scale === 0 ? 0 : nearestWithin(scales[sub] / scale, -32, 31);
      blocks[p + 2 + (sub >> 2)] |= ((s + 32) >> 4) << ((sub & 3) << 1);
      blocks[p + 4 + (sub >> 1)] |= ((s + 32) & 15) << ((sub & 1) << 2);
      putLevels(values, o + sub * 32, d * s, blocks, p + 8 + sub * 16);
    }
  }
};
