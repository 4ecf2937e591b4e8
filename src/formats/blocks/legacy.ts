// Blocks of 32 values with one half-precision scale: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0.
//
// Layouts: ggml-common.h of llama.cpp. d and m are binary16; low nibbles hold values 0-15, high nibbles 16-31.
// Products of a scale and an integer are exact in float64, so the one rounding is the store into the float32 target.
import { halfTable } from "./half.ts";

/** d · (q - 8); d, 16 nibble pairs. */
export function unpackQ4_0(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 18, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 2 + i];
      target[o + i] = d * ((q & 15) - 8);
      target[o + 16 + i] = d * ((q >> 4) - 8);
    }
  }
}

/** d · q + m; d, m, 16 nibble pairs. */
export function unpackQ4_1(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 20, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const m = half[blocks[p + 2] | (blocks[p + 3] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 4 + i];
      target[o + i] = d * (q & 15) + m;
      target[o + 16 + i] = d * (q >> 4) + m;
    }
  }
}

/** d · (q - 16); d, the 32 fifth bits, 16 nibble pairs. */
export function unpackQ5_0(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 22, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const high = blocks[p + 2] | (blocks[p + 3] << 8) | (blocks[p + 4] << 16) | (blocks[p + 5] << 24);
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 6 + i];
      target[o + i] = d * (((q & 15) | (((high >>> i) & 1) << 4)) - 16);
      target[o + 16 + i] = d * (((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
}

/** d · q + m; d, m, the 32 fifth bits, 16 nibble pairs. */
export function unpackQ5_1(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 24, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    const m = half[blocks[p + 2] | (blocks[p + 3] << 8)];
    const high = blocks[p + 4] | (blocks[p + 5] << 8) | (blocks[p + 6] << 16) | (blocks[p + 7] << 24);
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 8 + i];
      target[o + i] = d * ((q & 15) | (((high >>> i) & 1) << 4)) + m;
      target[o + 16 + i] = d * ((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) + m;
    }
  }
}

/** d · q; d, 32 signed bytes. */
export function unpackQ8_0(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 34, o += 32) {
    const d = half[blocks[p] | (blocks[p + 1] << 8)];
    for (let i = 0; i < 32; i++) target[o + i] = d * ((blocks[p + 2 + i] << 24) >> 24);
  }
}
