// Super-blocks of 256 values with scales of sub-blocks: Q2_K to Q6_K.
//
// Layouts: ggml-common.h of llama.cpp. Scale times sub-scale times integer has at most 24 significant bits, so it is
// exact in float64 and the one rounding is the store into the float32 target.
import { halfTable } from "./half.ts";

/** dl · q - ml of 16 sub-blocks of 16; 16 bytes of scale and minimum nibbles, 64 of 2-bit values, d, dmin. */
export function unpackQ2_K(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 84) {
    const d = half[blocks[p + 80] | (blocks[p + 81] << 8)];
    const dmin = half[blocks[p + 82] | (blocks[p + 83] << 8)];
    for (let sub = 0; sub < 16; sub++, o += 16) {
      const scale = blocks[p + sub];
      const dl = d * (scale & 15);
      const ml = dmin * (scale >> 4);
      const q = p + 16 + ((sub >> 3) << 5) + ((sub & 1) << 4);
      const shift = ((sub >> 1) & 3) << 1;
      for (let i = 0; i < 16; i++) target[o + i] = dl * ((blocks[q + i] >> shift) & 3) - ml;
    }
  }
}

/** dl · (q - 4) of 16 sub-blocks of 16; 32 bytes of third bits, 64 of 2-bit values, 12 of 6-bit scales, d. */
export function unpackQ3_K(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 110) {
    const d = half[blocks[p + 108] | (blocks[p + 109] << 8)];
    for (let sub = 0; sub < 16; sub++, o += 16) {
      // The low four bits of scale s are in byte s & 7, the high two in byte 8 + (s & 3).
      const low = (blocks[p + 96 + (sub & 7)] >> ((sub >> 3) << 2)) & 15;
      const high = (blocks[p + 104 + (sub & 3)] >> ((sub >> 2) << 1)) & 3;
      const dl = d * ((low | (high << 4)) - 32);
      const half = (sub & 1) << 4;
      const q = p + 32 + ((sub >> 3) << 5) + half;
      const mask = p + half;
      const shift = ((sub >> 1) & 3) << 1;
      const bit = sub >> 1;
      for (let i = 0; i < 16; i++) {
        target[o + i] = dl * (((blocks[q + i] >> shift) & 3) - 4 + (((blocks[mask + i] >> bit) & 1) << 2));
      }
    }
  }
}

/** The 6-bit scale of sub-block `sub` (0-7) of Q4_K and Q5_K; its 12 bytes begin at `p`. */
function scaleOf(blocks: Uint8Array, p: number, sub: number): number {
  return sub < 4 ? blocks[p + sub] & 63 : (blocks[p + sub + 4] & 15) | ((blocks[p + sub - 4] >> 2) & 48);
}

/** The 6-bit minimum of sub-block `sub` (0-7) of Q4_K and Q5_K; its 12 bytes begin at `p`. */
function minimumOf(blocks: Uint8Array, p: number, sub: number): number {
  return sub < 4 ? blocks[p + sub + 4] & 63 : (blocks[p + sub + 4] >> 4) | ((blocks[p + sub] >> 2) & 48);
}

/** dl · q - ml of 8 sub-blocks of 32; d, dmin, 12 bytes of scales and minimums, 128 of nibbles. */
export function unpackQ4_K(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 144) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const dmin = half[blocks[p + 2] | (blocks[p + 3] << 8)];
    for (let sub = 0; sub < 8; sub += 2, o += 64) {
      const d0 = d * scaleOf(blocks, p + 4, sub);
      const m0 = dmin * minimumOf(blocks, p + 4, sub);
      const d1 = d * scaleOf(blocks, p + 4, sub + 1);
      const m1 = dmin * minimumOf(blocks, p + 4, sub + 1);
      const q = p + 16 + (sub << 4);
      for (let i = 0; i < 32; i++) {
        const pair = blocks[q + i];
        target[o + i] = d0 * (pair & 15) - m0;
        target[o + 32 + i] = d1 * (pair >> 4) - m1;
      }
    }
  }
}

/** dl · q - ml of 8 sub-blocks of 32; d, dmin, 12 bytes of scales and minimums, 32 of fifth bits, 128 of nibbles. */
export function unpackQ5_K(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 176) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const dmin = half[blocks[p + 2] | (blocks[p + 3] << 8)];
    for (let sub = 0; sub < 8; sub += 2, o += 64) {
      const d0 = d * scaleOf(blocks, p + 4, sub);
      const m0 = dmin * minimumOf(blocks, p + 4, sub);
      const d1 = d * scaleOf(blocks, p + 4, sub + 1);
      const m1 = dmin * minimumOf(blocks, p + 4, sub + 1);
      const q = p + 48 + (sub << 4);
      for (let i = 0; i < 32; i++) {
        const pair = blocks[q + i];
        const high = blocks[p + 16 + i] >> sub;
        target[o + i] = d0 * ((pair & 15) | ((high & 1) << 4)) - m0;
        target[o + 32 + i] = d1 * ((pair >> 4) | ((high & 2) << 3)) - m1;
      }
    }
  }
}

/** dl · (q - 32) of 16 sub-blocks of 16; 128 bytes of nibbles, 64 of high bit pairs, 16 signed scales, d. */
export function unpackQ6_K(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 210) {
    const d = half[blocks[p + 208] | (blocks[p + 209] << 8)];
    for (let sub = 0; sub < 16; sub++, o += 16) {
      const dl = d * ((blocks[p + 192 + sub] << 24) >> 24);
      const half = sub >> 3;
      const quarter = (sub >> 1) & 3; // which 32 values of the half
      const column = (sub & 1) << 4;
      const low = p + (half << 6) + ((quarter & 1) << 5) + column;
      const lowShift = (quarter >> 1) << 2;
      const high = p + 128 + (half << 5) + column;
      const highShift = quarter << 1;
      for (let i = 0; i < 16; i++) {
        const q = ((blocks[low + i] >> lowShift) & 15) | (((blocks[high + i] >> highShift) & 3) << 4);
        target[o + i] = dl * (q - 32);
      }
    }
  }
}
