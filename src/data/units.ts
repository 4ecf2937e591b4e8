// A text as units that repeats are looked for in: Han characters and words, as hashes.

/** What a character is to units. */
const APART = 0;
const WORD = 1;
const ALONE = 2;
const UNKNOWN = 3;

const HAN = /\p{Script=Han}/u;
const LETTER = /[\p{L}\p{N}\p{M}]/u;

// Constant data, filled as characters are met.
const kinds = new Uint8Array(0x10000).fill(UNKNOWN);

function kindOf(point: number): number {
  if (point < 0x10000 && kinds[point] !== UNKNOWN) return kinds[point];
  const character = String.fromCodePoint(point);
  const kind = HAN.test(character) ? ALONE : LETTER.test(character) ? WORD : APART;
  if (point < 0x10000) kinds[point] = kind;
  return kind;
}

/** A hash of 32 bits, mixed (MurmurHash3's finaliser). */
export function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The units of a text in NFKC and lower case, each as a hash of 32 bits: every Han character is one, and every run of
 * other letters and digits. Punctuation and white space only part words.
 */
export function unitsOf(text: string): Int32Array {
  const normal = text.normalize("NFKC").toLowerCase();
  const units = new Int32Array(normal.length);
  let count = 0;
  let word = 0; // the hash of the word so far; 0 where there is none
  for (let at = 0; at < normal.length; at++) {
    let point = normal.charCodeAt(at);
    if ((point & 0xfc00) === 0xd800) point = normal.codePointAt(at)!; // within the text
    const kind = kindOf(point);
    if (kind === WORD) word = Math.imul(word ^ point, 0x01000193) + 0x9e3779b9 || 1;
    else {
      if (word !== 0) units[count++] = mix(word);
      word = 0;
      if (kind === ALONE) units[count++] = mix(point);
    }
    if (point > 0xffff) at++;
  }
  if (word !== 0) units[count++] = mix(word);
  return units.slice(0, count);
}

/** Calls back with a hash of 53 bits, exact in a number, of every run of `length` units. */
export function eachGram(units: Int32Array, length: number, give: (hash: number, at: number) => void): void {
  for (let at = 0; at + length <= units.length; at++) {
    let [high, low] = [0x3c6ef372, 0x9e3779b9];
    for (let i = at; i < at + length; i++) {
      high = Math.imul(high ^ units[i], 0x85ebca6b) + 0x27d4eb2f;
      low = Math.imul(low, 0x01000193) ^ units[i];
      high ^= high >>> 15;
      low ^= low >>> 17;
    }
    give((mix(high) & 0x1fffff) * 0x1_0000_0000 + (mix(low) >>> 0), at);
  }
}
