// Codes of a few bits in 32-bit words.

/** The bytes as 32-bit words; they begin at a multiple of four. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/** `bits` bits, at most 8, from bit `at` of a stream whose words lie `step` apart from `start` on. */
export function readBits(words: Uint32Array, start: number, step: number, at: number, bits: number): number {
  const word = start + (at >>> 5) * step;
  const shift = at & 31;
  const low = words[word] >>> shift;
  const high = shift + bits > 32 ? words[word + step] << (32 - shift) : 0;
  return (low | high) & (2 ** bits - 1);
}

/** Which four bits of AWQ's word each of eight neighbouring rows has. */
export const awqNibble = Uint8Array.of(0, 4, 1, 5, 2, 6, 3, 7);
