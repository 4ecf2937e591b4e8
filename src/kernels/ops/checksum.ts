// The checksum of packed weights: plain reference and test cases.

/**
 * Fletcher's sums over four lanes of 32 bits (RFC 1146's idea, wider): every bit and every order of vectors counts.
 * Finds damage, not malice. A last vector that is not whole is filled with zeros.
 */
export function checksum(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sums = [0, 0, 0, 0];
  const sumsOfSums = [0, 0, 0, 0];
  for (let at = 0; at < bytes.length; at += 16) {
    for (let lane = 0; lane < 4; lane++) {
      let word = 0;
      for (let byte = 0; byte < 4; byte++) {
        const i = at + 4 * lane + byte;
        if (i < bytes.length) word |= view.getUint8(i) << (8 * byte);
      }
      sums[lane] = (sums[lane] + word) | 0;
      sumsOfSums[lane] = (sumsOfSums[lane] + sums[lane]) | 0;
    }
  }
  let result = 0n;
  for (const word of [...sums, ...sumsOfSums]) {
    result = BigInt.asUintN(64, result * MULTIPLIER + BigInt(word >>> 0));
  }
  return result;
}

/** 2^64 over the golden ratio, odd: spreads the eight sums over the result. */
const MULTIPLIER = 0x9e3779b97f4a7c15n;

/** Lengths in bytes. */
export const cases: readonly number[] = [0, 1, 15, 16, 17, 72, 4096, 100_003];
