// Codes of a few bits in 32-bit words.

/** The bytes as 32-bit words; they begin at a multiple of four. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/** `bits` bits, at most 8, from bit `at` on of a stream of words. */
export function readBits(words: Uint32Array, at: number, bits: number): number {
  const word = at >>> 5;
  const shift = at & 31;
  const low = words[word] >>> shift;
  const high = shift + bits > 32 ? words[word + 1] << (32 - shift) : 0;
  return (low | high) & (2 ** bits - 1);
}

/** As many codes as `target` has, one stream of bits. */
export function unpackStream(words: Uint32Array, bits: number, target: Float32Array): void {
  for (let c = 0, at = 0; c < target.length; c++, at += bits) target[c] = readBits(words, at, bits);
}

/** As many codes as `target` has, as many whole ones in a word as fit, the first in the lowest bits. */
export function unpackWords(words: Uint32Array, bits: number, target: Float32Array): void {
  const perWord = Math.floor(32 / bits);
  const mask = 2 ** bits - 1;
  for (let w = 0, c = 0; c < target.length; w++) {
    let word = words[w];
    for (const end = Math.min(c + perWord, target.length); c < end; c++, word >>>= bits)
      target[c] = word & mask;
  }
}

/** Which four bits of AWQ's word each of eight neighbouring rows has. */
export const awqNibble = Uint8Array.of(0, 4, 1, 5, 2, 6, 3, 7);

/** A code of each word, that of row `row` of eight. */
export function unpackNibble(words: Uint32Array, row: number, target: Float32Array): void {
  const shift = 4 * awqNibble[row];
  for (let c = 0; c < target.length; c++) target[c] = (words[c] >>> shift) & 15;
}
