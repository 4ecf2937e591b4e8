// Blocks of 4-bit floats with 8-bit float scales: MXFP4 and NVFP4.
//
// Layouts: ggml-common.h of llama.cpp; the element type is E2M1 of the OCP Microscaling Formats specification 1.0.

/** Twice the value of each E2M1 pattern, so that all are integers; the scales are halved instead. */
export const e2m1Doubled = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** Half the value of each E8M0 pattern: 2^(e - 128). */
export const e8m0Half = Float32Array.from({ length: 256 }, (_, e) => 2 ** (e - 128));

/** Half the value of each unsigned E4M3 pattern (bias 7; 127 is not a number and reads as 0, as in ggml). */
const e4m3Half = Float32Array.from({ length: 256 }, (_, x) => {
  const exponent = (x >> 3) & 15;
  const mantissa = x & 7;
  if (x === 127) return 0;
  return exponent === 0 ? mantissa * 2 ** -10 : (1 + mantissa / 8) * 2 ** (exponent - 8);
});

/** 32 values: an E8M0 scale, 16 nibble pairs (low nibbles hold values 0-15). */
export function unpackMXFP4(blocks: Uint8Array, target: Float32Array, count: number): void {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 17, o += 32) {
    const d = e8m0Half[blocks[p]];
    for (let i = 0; i < 16; i++) {
      const q = blocks[p + 1 + i];
      target[o + i] = d * e2m1Doubled[q & 15];
      target[o + 16 + i] = d * e2m1Doubled[q >> 4];
    }
  }
}

/** 64 values in four sub-blocks of 16: four E4M3 scales, then 8 nibble pairs a sub-block. */
export function unpackNVFP4(blocks: Uint8Array, target: Float32Array, count: number): void {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 36) {
    for (let sub = 0; sub < 4; sub++, o += 16) {
      const d = e4m3Half[blocks[p + sub]];
      for (let i = 0; i < 8; i++) {
        const q = blocks[p + 4 + sub * 8 + i];
        target[o + i] = d * e2m1Doubled[q & 15];
        target[o + 8 + i] = d * e2m1Doubled[q >> 4];
      }
    }
  }
}
