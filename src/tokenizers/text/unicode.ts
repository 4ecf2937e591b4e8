// Character classes for the pre-tokenizers as one table of bits, and UTF-8 helpers.

/** \p{L} */
export const LETTER = 1;
/** \p{N} */
export const NUMBER = 2;
/** \p{White_Space}, which is \s of Oniguruma and Rust (JavaScript's \s differs by U+0085 and U+FEFF) */
export const SPACE = 4;
/** \p{P} */
export const PUNCTUATION = 8;
/** \p{S} */
export const SYMBOL = 16;
/** \p{M} */
export const MARK = 32;
/** [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] */
export const UPPERISH = 64;
/** [\p{Ll}\p{Lm}\p{Lo}\p{M}] */
export const LOWERISH = 128;

// Planes 0 and 1 sit in the table; beyond them a code point is looked up by its regular expression.
const TABLE_SIZE = 0x20000;

const CLASSES: readonly (readonly [number, RegExp])[] = [
  [LETTER, /\p{L}+/gu],
  [NUMBER, /\p{N}+/gu],
  [SPACE, /\p{White_Space}+/gu],
  [PUNCTUATION, /\p{P}+/gu],
  [SYMBOL, /\p{S}+/gu],
  [MARK, /\p{M}+/gu],
  [UPPERISH, /[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+/gu],
  [LOWERISH, /[\p{Ll}\p{Lm}\p{Lo}\p{M}]+/gu],
];

function buildTable(): Uint8Array {
  const table = new Uint8Array(TABLE_SIZE);
  const chunk = 0x2000;
  for (let base = 0; base < TABLE_SIZE; base += chunk) {
    const points = new Array<number>(chunk);
    for (let i = 0; i < chunk; i++) points[i] = base + i;
    const text = String.fromCodePoint(...points);
    const width = base < 0x10000 ? 1 : 2;
    for (const [bit, pattern] of CLASSES) {
      for (const match of text.matchAll(pattern)) {
        const from = base + match.index / width;
        const to = from + match[0].length / width;
        for (let point = from; point < to; point++) table[point] |= bit;
      }
    }
  }
  return table;
}

// Constant data, computed when first asked for (about 15 ms) so that importing this file costs nothing.
let table: Uint8Array | undefined;

/** The class bits of every code point below 0x20000. */
export function classTable(): Uint8Array {
  table ??= buildTable();
  return table;
}

/** The class bits of any code point. */
export function classOf(point: number): number {
  if (point < TABLE_SIZE) return classTable()[point];
  const text = String.fromCodePoint(point);
  let bits = 0;
  for (const [bit, pattern] of CLASSES) {
    pattern.lastIndex = 0;
    if (pattern.test(text)) bits |= bit;
  }
  return bits;
}

/** Lone surrogates become U+FFFD, as in every encoder to UTF-8. */
export function toWellFormed(text: string): string {
  // In every runtime since 2023, not yet in the language level that this project compiles for.
  const { isWellFormed } = text as { isWellFormed?: () => boolean };
  if (isWellFormed?.call(text) ?? !/\p{Surrogate}/u.test(text)) return text;
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 bytes of a text. */
export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 bytes; what is malformed becomes U+FFFD, one for each maximal part (as the WHATWG and Rust do). */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * The length of the well-formed UTF-8 character at `at`, or 0 where the bytes are malformed or cut short.
 */
export function utf8Length(bytes: ArrayLike<number>, at: number, end = bytes.length): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  if (lead === 0xe0 && second < 0xa0) return 0;
  if (lead === 0xed && second > 0x9f) return 0;
  if (lead === 0xf0 && second < 0x90) return 0;
  if (lead === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** Writes the UTF-8 bytes of text[start, end) at the beginning of `out` and returns how many there are. */
export function writeUtf8(text: string, start: number, end: number, out: Uint8Array): number {
  let n = 0;
  for (let i = start; i < end; i++) {
    let c = text.charCodeAt(i);
    if (c < 0x80) {
      out[n++] = c;
    } else if (c < 0x800) {
      out[n++] = 0xc0 | (c >> 6);
      out[n++] = 0x80 | (c & 0x3f);
    } else if (c >= 0xd800 && c < 0xdc00 && i + 1 < end) {
      c = 0x10000 + ((c & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
      out[n++] = 0xf0 | (c >> 18);
      out[n++] = 0x80 | ((c >> 12) & 0x3f);
      out[n++] = 0x80 | ((c >> 6) & 0x3f);
      out[n++] = 0x80 | (c & 0x3f);
    } else {
      out[n++] = 0xe0 | (c >> 12);
      out[n++] = 0x80 | ((c >> 6) & 0x3f);
      out[n++] = 0x80 | (c & 0x3f);
    }
  }
  return n;
}

/** GPT-2's printable stand-ins for the 256 bytes (github.com/openai/gpt-2, src/encoder.py, bytes_to_unicode). */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const printable = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();

/** The byte that a stand-in means, by character code below 0x144; -1 where there is none. */
export const CHARACTER_BYTES: Int16Array = (() => {
  const bytes = new Int16Array(0x144).fill(-1);
  BYTE_CHARACTERS.forEach((character, b) => {
    bytes[character.charCodeAt(0)] = b;
  });
  return bytes;
})();

/** The bytes that a byte-level token stands for, or undefined where a character of it is no stand-in. */
export function bytesOfByteLevel(token: string): Uint8Array | undefined {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const c = token.charCodeAt(i);
    const b = c < CHARACTER_BYTES.length ? CHARACTER_BYTES[c] : -1;
    if (b < 0) return undefined;
    bytes[i] = b;
  }
  return bytes;
}

/** Text as byte-level characters. */
export function toByteLevel(text: string): string {
  let out = "";
  for (const b of toUtf8(text)) out += BYTE_CHARACTERS[b];
  return out;
}

/** The byte of a token such as <0x0A>, or -1. */
export function byteOfToken(token: string): number {
  const match = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  return match ? Number.parseInt(match[1], 16) : -1;
}
