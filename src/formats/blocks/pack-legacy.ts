// float32 values to blocks of 32 with one half-precision scale: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0.
//
// Without an importance the blocks are those of ggml's reference rows (quantize_row_*_ref of ggml-quants.c), bit for bit,
// hence every float32 step is rounded where C rounds it. With one, scales are searched as quantize_row_*_impl does.

import { extreme, fitAffine, fitScale, nearestWithin, type Pack } from "./fit.ts";
import { putHalf } from "./half.ts";

const { fround } = Math;

const inverse = (d: number): number => (d === 0 ? 0 : fround(1 / d));

/** To the nearest integer of 32 bits, halves away from zero, as C's roundf. */
export const roundAway = (x: number): number => (x < 0 ? -((0.5 - x) | 0) : (x + 0.5) | 0);

/** Writes 32 levels: with 5 bits first the four bytes of fifth bits, then the nibble pairs. */
function putLevels(blocks: Uint8Array, p: number, bits: 4 | 5, levels: Uint8Array): void {
  const nibbles = bits === 5 ? p + 4 : p;
  let high = 0;
  for (let i = 0; i < 16; i++) {
    const a = levels[i];
    const b = levels[16 + i];
    blocks[nibbles + i] = (a & 15) | (b << 4);
    high |= ((a >> 4) << i) | ((b >> 4) << (i + 16));
  }
  if (bits === 5) for (let i = 0; i < 4; i++) blocks[p + i] = high >>> (8 * i);
}

/**
 * Calls `each` for every block with the weights of its 32 values: the importance of the column times the size of the
 * value beside the root mean square of its row.
 */
function forEachWeighted(
  values: Float32Array,
  count: number,
  importance: Float32Array,
  each: (from: number, weights: Float32Array, block: number) => void,
): void {
  const weights = new Float32Array(32);
  let square = 0;
  for (let block = 0, column = 0; block < count; block++) {
    const from = block * 32;
    if (column === 0) {
      square = 0;
      for (let i = from; i < from + importance.length; i++) square += values[i] * values[i];
      square /= importance.length;
    }
    for (let i = 0; i < 32; i++) {
      const x = values[from + i];
      weights[i] = importance[column + i] * Math.sqrt(square + x * x);
    }
    each(from, weights, block);
    column = (column + 32) % importance.length;
  }
}

/** A packer of Q4_0 (bits 4) or Q5_0 (bits 5): one scale, the largest value at the lowest level. */
function packSymmetric(bits: 4 | 5): Pack {
  const zero = 1 << (bits - 1);
  const top = 2 * zero - 1;
  const size = bits === 4 ? 18 : 22;
  return (values, blocks, count, importance) => {
    const levels = new Uint8Array(32);
    if (importance) {
      forEachWeighted(values, count, importance, (o, weights, block) => {
        const d = putHalf(blocks, block * size, fitScale(values, o, 32, zero, weights));
        const id = d === 0 ? 0 : 1 / d;
        for (let i = 0; i < 32; i++) levels[i] = zero + nearestWithin(values[o + i] * id, -zero, zero - 1);
        putLevels(blocks, block * size + 2, bits, levels);
      });
      return;
    }
    for (let b = 0, p = 0, o = 0; b < count; b++, p += size, o += 32) {
      const d = fround(extreme(values, o, 32) / -zero);
      const id = inverse(d);
      putHalf(blocks, p, d);
      for (let i = 0; i < 32; i++) {
        const level = fround(fround(values[o + i] * id) + (zero + 0.5));
        levels[i] = Math.min(level, top);
      }
      putLevels(blocks, p + 2, bits, levels);
    }
  };
}

/** A packer of Q4_1 (bits 4) or Q5_1 (bits 5): a scale and a minimum. */
function packAffine(bits: 4 | 5): Pack {
  const top = (1 << bits) - 1;
  const size = bits === 4 ? 20 : 24;
  const search = { top, first: -0.9, step: 0.05, steps: 36 };
  return (values, blocks, count, importance) => {
    const levels = new Uint8Array(32);
    if (importance) {
      const scale = new Float32Array(1);
      const minimum = new Float32Array(1);
      forEachWeighted(values, count, importance, (o, weights, block) => {
        fitAffine(values, o, 32, weights, search, scale, minimum, 0);
        const p = block * size;
        const d = putHalf(blocks, p, scale[0]);
        const m = putHalf(blocks, p + 2, -minimum[0]);
        const id = d === 0 ? 0 : 1 / d;
        for (let i = 0; i < 32; i++) levels[i] = nearestWithin((values[o + i] - m) * id, 0, top);
        putLevels(blocks, p + 4, bits, levels);
      });
      return;
    }
    for (let b = 0, p = 0, o = 0; b < count; b++, p += size, o += 32) {
      let min = values[o];
      let max = values[o];
      for (let i = o + 1; i < o + 32; i++) {
        if (values[i] < min) min = values[i];
        if (values[i] > max) max = values[i];
      }
      const d = fround(fround(max - min) / top);
      const id = inverse(d);
      putHalf(blocks, p, d);
      putHalf(blocks, p + 2, min);
      for (let i = 0; i < 32; i++) {
        const level = fround(fround(fround(values[o + i] - min) * id) + 0.5);
        levels[i] = Math.min(level, top);
      }
      putLevels(blocks, p + 4, bits, levels);
    }
  };
}

export const packQ4_0 = packSymmetric(4);
export const packQ5_0 = packSymmetric(5);
export const packQ4_1 = packAffine(4);
export const packQ5_1 = packAffine(5);

export const packQ8_0: Pack = (values, blocks, count) => {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 34, o += 32) {
    const d = fround(Math.abs(extreme(values, o, 32)) / 127);
    const id = inverse(d);
    putHalf(blocks, p, d);
    for (let i = 0; i < 32; i++) blocks[p + 2 + i] = roundAway(fround(values[o + i] * id));
  }
};
