// Super-blocks of 256 ternary values: TQ1_0 (five in a byte) and TQ2_0 (four in a byte).
//
// Layouts: ggml-common.h of llama.cpp.
import { halfTable } from "./half.ts";

/** The powers of three that bring ternary digit n of a byte to its top. */
const powers = [1, 3, 9, 27, 81];

/** d · (t - 1); 48 bytes of five ternary digits, 4 bytes of four, d. A byte is a fraction of 256 in base three. */
export function unpackTQ1_0(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 54) {
    const d = half[blocks[p + 52] | (blocks[p + 53] << 8)];
    for (let n = 0; n < 5; n++, o += 32) {
      for (let i = 0; i < 32; i++) target[o + i] = d * (((((blocks[p + i] * powers[n]) & 255) * 3) >> 8) - 1);
    }
    for (let n = 0; n < 5; n++, o += 16) {
      for (let i = 0; i < 16; i++)
        target[o + i] = d * (((((blocks[p + 32 + i] * powers[n]) & 255) * 3) >> 8) - 1);
    }
    for (let n = 0; n < 4; n++, o += 4) {
      for (let i = 0; i < 4; i++)
        target[o + i] = d * (((((blocks[p + 48 + i] * powers[n]) & 255) * 3) >> 8) - 1);
    }
  }
}

/** d · (q - 1); 64 bytes of 2-bit values, d. */
export function unpackTQ2_0(blocks: Uint8Array, target: Float32Array, count: number): void {
  const half = halfTable();
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 66) {
    const d = half[blocks[p + 64] | (blocks[p + 65] << 8)];
    for (let half = 0; half < 64; half += 32) {
      for (let shift = 0; shift < 8; shift += 2, o += 32) {
        for (let i = 0; i < 32; i++) target[o + i] = d * (((blocks[p + half + i] >> shift) & 3) - 1);
      }
    }
  }
}
