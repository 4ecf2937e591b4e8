// 8-bit floats: E4M3 and E5M2 of FP8 checkpoints, and E8M0, whose values are powers of two.
//
// arXiv:2209.05433 (E4M3 is the form without infinities, E4M3FN) and the OCP Microscaling Formats specification 1.0.

/** The value of each pattern of sign, exponent and mantissa. */
function makeTable(mantissaBits: number, bias: number): Float32Array {
  const step = 2 ** mantissaBits;
  return Float32Array.from({ length: 256 }, (_, pattern) => {
    const exponent = (pattern & 127) >> mantissaBits;
    const mantissa = pattern & (step - 1);
    const size =
      exponent === 0 ? (mantissa / step) * 2 ** (1 - bias) : (1 + mantissa / step) * 2 ** (exponent - bias);
    return pattern & 128 ? -size : size;
  });
}

/** The value of each E4M3 pattern: bias 7, no infinities, all ones are not a number; at most 448. */
export const e4m3 = makeTable(3, 7);
e4m3[0x7f] = e4m3[0xff] = Number.NaN;

/** The value of each E5M2 pattern: bias 15, infinities as in half precision. */
export const e5m2 = makeTable(2, 15);
for (const sign of [0, 0x80]) {
  e5m2[sign | 0x7c] = sign ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const mantissa of [1, 2, 3]) e5m2[sign | 0x7c | mantissa] = Number.NaN;
}

/** The value of each E8M0 pattern: 2^(e - 127), 255 is not a number. */
export const e8m0 = Float32Array.from({ length: 256 }, (_, e) => (e === 255 ? Number.NaN : 2 ** (e - 127)));

/** An unpacker that looks bytes up. */
export function unpackBytes(table: Float32Array) {
  return (bytes: Uint8Array, target: Float32Array, count: number): void => {
    for (let i = 0; i < count; i++) target[i] = table[bytes[i]];
  };
}

/** 32 values: a float32 scale, then E4M3. */
export function unpackE4M3_32(blocks: Uint8Array, target: Float32Array, count: number): void {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 36) {
    const scale = view.getFloat32(p, true);
    for (let i = 0; i < 32; i++) target[o++] = scale * e4m3[blocks[p + 4 + i]];
  }
}
