// Hand-written scanners for common pre-tokenizers, far faster than their patterns.

import {
  classOf,
  classTable,
  LETTER,
  LOWERISH,
  MARK,
  NUMBER,
  PUNCTUATION,
  SPACE,
  SYMBOL,
  UPPERISH,
} from "./unicode.ts";

/** Cuts text[start, end), seen as a text of its own, and gives out the pieces in order; nothing is left out. */
export type Scanner = (
  text: string,
  start: number,
  end: number,
  emit: (text: string, start: number, end: number) => void,
) => void;

/** The class bits of the code point at `at`, and its width in code units in the higher bits. */
function read(table: Uint8Array, text: string, at: number, end: number): number {
  const unit = text.charCodeAt(at);
  if ((unit & 0xfc00) === 0xd800 && at + 1 < end) {
    const low = text.charCodeAt(at + 1);
    if ((low & 0xfc00) === 0xdc00) {
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
      return (point < 0x20000 ? table[point] : classOf(point)) | 0x200;
    }
  }
  return table[unit] | 0x100;
}

/** The end of the run from `at` whose characters have any bit of `want` (or none of `avoid` when want is 0). */
function runOf(
  table: Uint8Array,
  text: string,
  at: number,
  end: number,
  want: number,
  avoid: number,
): number {
  let i = at;
  while (i < end) {
    const unit = text.charCodeAt(i);
    let bits: number;
    let width = 1;
    if ((unit & 0xf800) !== 0xd800) {
      bits = table[unit];
    } else {
      const info = read(table, text, i, end);
      bits = info & 0xff;
      width = info >> 8;
    }
    if (want === 0 ? (bits & avoid) !== 0 : (bits & want) === 0) break;
    i += width;
  }
  return i;
}

/** The end of at most `limit` characters of the class from `at`. */
function upTo(table: Uint8Array, text: string, at: number, end: number, want: number, limit: number): number {
  let i = at;
  for (let n = 0; n < limit && i < end; n++) {
    const info = read(table, text, i, end);
    if ((info & want) === 0) break;
    i += info >> 8;
  }
  return i;
}

/** The length of 's 't 're 've 'm 'll 'd at `at`, or 0. */
function contraction(text: string, at: number, end: number, ignoreCase: boolean): number {
  if (at + 1 >= end || text.charCodeAt(at) !== 0x27) return 0;
  const a = letterCode(text, at + 1, ignoreCase);
  if (a === 0x73 || a === 0x74 || a === 0x6d || a === 0x64) return 2; // s t m d
  if (at + 2 >= end) return 0;
  const b = letterCode(text, at + 2, ignoreCase);
  if ((a === 0x72 && b === 0x65) || (a === 0x76 && b === 0x65) || (a === 0x6c && b === 0x6c)) return 3; // re ve ll
  return 0;
}

function letterCode(text: string, at: number, ignoreCase: boolean): number {
  const unit = text.charCodeAt(at);
  if (!ignoreCase) return unit;
  if (unit >= 0x41 && unit <= 0x5a) return unit + 32;
  return unit === 0x17f ? 0x73 : unit; // the long s folds to s
}

/**
 * White space at `at`, by \s*[\r\n]+ (when `newlines`) | \s+(?!\S) | \s+: the end of its piece.
 */
function spaces(table: Uint8Array, text: string, at: number, end: number, newlines: boolean): number {
  let stop = at;
  let afterNewline = -1;
  while (stop < end && (table[text.charCodeAt(stop)] & SPACE) !== 0) {
    const unit = text.charCodeAt(stop++);
    if (unit === 10 || unit === 13) afterNewline = stop;
  }
  if (newlines && afterNewline >= 0) return afterNewline;
  return stop < end && stop - at > 1 ? stop - 1 : stop;
}

/**
 * GPT-2: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 */
export const scanGpt2: Scanner = (text, start, end, emit) => {
  const table = classTable();
  for (let at = start; at < end; ) {
    let stop: number;
    const unit = text.charCodeAt(at);
    const short = unit === 0x27 ? contraction(text, at, end, false) : 0;
    if (short > 0) {
      stop = at + short;
    } else {
      const from = unit === 0x20 && at + 1 < end ? at + 1 : at;
      const bits = read(table, text, from, end);
      if (bits & LETTER) stop = runOf(table, text, from, end, LETTER, 0);
      else if (bits & NUMBER) stop = runOf(table, text, from, end, NUMBER, 0);
      else if ((bits & SPACE) === 0) stop = runOf(table, text, from, end, 0, LETTER | NUMBER | SPACE);
      else stop = spaces(table, text, at, end, false);
    }
    emit(text, at, stop);
    at = stop;
  }
};

/** What differs among the patterns that descend from cl100k's. */
export interface Cl100kOptions {
  /** How many digits make a piece: \p{N}{1,n}. */
  digits: number;
  /** Letters are [\p{L}\p{M}] (Qwen 3.5) and marks are no symbols. */
  marks?: boolean;
  /** No alternative for 's 't 're …. */
  noContractions?: boolean;
}

/**
 * cl100k and its kin (Llama 3, Qwen 2, GLM 4):
 * (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 */
export function createCl100kScanner(options: Cl100kOptions): Scanner {
  const { digits, noContractions } = options;
  const letters = options.marks ? LETTER | MARK : LETTER;
  const notSymbol = letters | NUMBER | SPACE;
  return (text, start, end, emit) => {
    const table = classTable();
    for (let at = start; at < end; ) {
      const unit = text.charCodeAt(at);
      let stop = 0;
      if (unit === 0x27 && !noContractions) {
        const short = contraction(text, at, end, true);
        if (short > 0) stop = at + short;
      }
      if (stop === 0) {
        const info = read(table, text, at, end);
        if (info & letters) {
          stop = runOf(table, text, at, end, letters, 0);
        } else if (info & NUMBER) {
          stop = digits === 1 ? at + (info >> 8) : upTo(table, text, at, end, NUMBER, digits);
        } else {
          const after = at + (info >> 8);
          const following = after < end ? read(table, text, after, end) : 0;
          if (unit !== 10 && unit !== 13 && following & letters) {
            stop = runOf(table, text, after, end, letters, 0);
          } else if ((info & SPACE) === 0) {
            stop = symbols(table, text, at, end, notSymbol, false);
          } else if (unit === 0x20 && after < end && (following & notSymbol) === 0) {
            stop = symbols(table, text, after, end, notSymbol, false);
          } else {
            stop = spaces(table, text, at, end, true);
          }
        }
      }
      emit(text, at, stop);
      at = stop;
    }
  };
}

/** The end of a run of characters outside the classes `avoid`, then of newlines (and slashes). */
function symbols(
  table: Uint8Array,
  text: string,
  at: number,
  end: number,
  avoid: number,
  slashes: boolean,
): number {
  let stop = runOf(table, text, at, end, 0, avoid);
  while (stop < end) {
    const unit = text.charCodeAt(stop);
    if (unit !== 10 && unit !== 13 && !(slashes && unit === 0x2f)) break;
    stop++;
  }
  return stop;
}

/** What differs among the patterns that descend from o200k's. */
export interface O200kOptions {
  digits: number;
  /** The suffix (?i:'s|'t|'re|'ve|'m|'ll|'d)? after a word (o200k); Tekken has none. */
  contractions: boolean;
}

/**
 * o200k and Tekken: [^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n/]*|
 * \s*[\r\n]+|\s+(?!\S)|\s+, with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}], C contractions.
 */
export function createO200kScanner(options: O200kOptions): Scanner {
  const { digits, contractions } = options;
  /** The end of U*L+ from `at`, or -1. */
  const mixed = (table: Uint8Array, text: string, at: number, end: number): number => {
    const upper = runOf(table, text, at, end, UPPERISH, 0);
    const lower = runOf(table, text, upper, end, LOWERISH, 0);
    if (lower > upper) return lower;
    // U* took all that L+ could have had: give back down to the last character that is in both.
    for (let i = upper; i > at; ) {
      const width = (text.charCodeAt(i - 1) & 0xfc00) === 0xdc00 && i - 2 >= at ? 2 : 1;
      if (read(table, text, i - width, end) & LOWERISH) return i;
      i -= width;
    }
    return -1;
  };
  /** The end of U+L* from `at`, or -1; only asked where U*L+ fails, so that L* is empty. */
  const capitals = (table: Uint8Array, text: string, at: number, end: number): number => {
    const upper = runOf(table, text, at, end, UPPERISH, 0);
    return upper > at ? upper : -1;
  };
  return (text, start, end, emit) => {
    const table = classTable();
    for (let at = start; at < end; ) {
      const unit = text.charCodeAt(at);
      const info = read(table, text, at, end);
      let stop = -1;
      const after = at + (info >> 8);
      const prefixed = unit !== 10 && unit !== 13 && (info & (LETTER | NUMBER)) === 0 && after < end;
      if (prefixed) stop = mixed(table, text, after, end);
      if (stop < 0) stop = mixed(table, text, at, end);
      if (stop < 0 && prefixed) stop = capitals(table, text, after, end);
      if (stop < 0) stop = capitals(table, text, at, end);
      if (stop >= 0) {
        if (contractions) stop += contraction(text, stop, end, true);
      } else if (info & NUMBER) {
        stop = digits === 1 ? after : upTo(table, text, at, end, NUMBER, digits);
      } else if ((info & SPACE) === 0) {
        stop = symbols(table, text, at, end, LETTER | NUMBER | SPACE, true);
      } else if (
        unit === 0x20 &&
        after < end &&
        (read(table, text, after, end) & (LETTER | NUMBER | SPACE)) === 0
      ) {
        stop = symbols(table, text, after, end, LETTER | NUMBER | SPACE, true);
      } else {
        stop = spaces(table, text, at, end, true);
      }
      emit(text, at, stop);
      at = stop;
    }
  };
}

/**
 * DeepSeek V3's third pattern: [!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|
 * \s*[\r\n]+|\s+(?!\S)|\s+. What no alternative matches is a piece up to the next match.
 */
export const scanDeepSeekWords: Scanner = (text, start, end, emit) => {
  const table = classTable();
  let unmatched = start;
  for (let at = start; at < end; ) {
    const stop = deepSeekWord(table, text, at, end);
    if (stop === at) {
      at += read(table, text, at, end) >> 8;
      continue;
    }
    if (unmatched < at) emit(text, unmatched, at);
    emit(text, at, stop);
    at = stop;
    unmatched = at;
  }
  if (unmatched < end) emit(text, unmatched, end);
};

function deepSeekWord(table: Uint8Array, text: string, at: number, end: number): number {
  const unit = text.charCodeAt(at);
  const info = read(table, text, at, end);
  const after = at + (info >> 8);
  if (unit < 0x7f && info & (PUNCTUATION | SYMBOL)) {
    let i = after;
    while (i < end && isAsciiLetter(text.charCodeAt(i))) i++;
    if (i > after) return i;
  }
  if (unit !== 10 && unit !== 13 && (info & (LETTER | PUNCTUATION | SYMBOL)) === 0 && after < end) {
    const stop = runOf(table, text, after, end, LETTER | MARK, 0);
    if (stop > after) return stop;
  }
  if (info & (LETTER | MARK)) return runOf(table, text, at, end, LETTER | MARK, 0);
  let from = at;
  if (unit === 0x20 && after < end && read(table, text, after, end) & (PUNCTUATION | SYMBOL)) from = after;
  else if ((info & (PUNCTUATION | SYMBOL)) === 0) from = -1;
  if (from >= 0) {
    let stop = runOf(table, text, from, end, PUNCTUATION | SYMBOL, 0);
    while (stop < end && (text.charCodeAt(stop) === 10 || text.charCodeAt(stop) === 13)) stop++;
    return stop;
  }
  return info & SPACE ? spaces(table, text, at, end, true) : at;
}

function isAsciiLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}

/** \p{N}{1,n}, isolated. */
export function createDigitScanner(digits: number): Scanner {
  return (text, start, end, emit) => {
    const table = classTable();
    let unmatched = start;
    for (let at = start; at < end; ) {
      const info = read(table, text, at, end);
      if ((info & NUMBER) === 0) {
        at += info >> 8;
        continue;
      }
      const stop = digits === 1 ? at + (info >> 8) : upTo(table, text, at, end, NUMBER, digits);
      if (unmatched < at) emit(text, unmatched, at);
      emit(text, at, stop);
      at = stop;
      unmatched = at;
    }
    if (unmatched < end) emit(text, unmatched, end);
  };
}

/** [一-龥぀-ゟ゠-ヿ]+, isolated (DeepSeek V3). */
export const scanHanKana: Scanner = (text, start, end, emit) => {
  const inside = (unit: number) => (unit >= 0x4e00 && unit <= 0x9fa5) || (unit >= 0x3040 && unit <= 0x30ff);
  for (let at = start; at < end; ) {
    const kind = inside(text.charCodeAt(at));
    let stop = at + 1;
    while (stop < end && inside(text.charCodeAt(stop)) === kind) stop++;
    emit(text, at, stop);
    at = stop;
  }
};

const DEEPSEEK_WORDS =
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const TAIL = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";

/** cl100k's pattern with \p{N}{1,3} or \p{N}. */
export const cl100kPattern = (number: string) =>
  `${SUFFIX}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${number}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${TAIL}`;
const o200kPattern = (suffix: string, number: string) =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}|${number}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${TAIL}`;

/** GPT-2's pattern, which ByteLevel uses. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** GPT-4o's pattern. */
export const O200K_PATTERN = o200kPattern(`${SUFFIX}?`, "\\p{N}{1,3}");

/** The patterns that have a scanner, as published tokenizers write them. */
export const SCANNERS: ReadonlyMap<string, Scanner> = new Map([
  [GPT2_PATTERN, scanGpt2],
  [GPT2_PATTERN.slice(0, -4), scanGpt2], // llama.cpp's: what \s+ would match is left over, which is the same
  [cl100kPattern("\\p{N}{1,3}"), createCl100kScanner({ digits: 3 })],
  [cl100kPattern("\\p{N}"), createCl100kScanner({ digits: 1 })],
  [cl100kPattern("\\p{N}{1}"), createCl100kScanner({ digits: 1 })],
  [
    `${SUFFIX}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${TAIL}`,
    createCl100kScanner({ digits: 1, marks: true }),
  ],
  [
    cl100kPattern("\\p{N}").slice(SUFFIX.length + 1),
    createCl100kScanner({ digits: 1, noContractions: true }),
  ],
  [O200K_PATTERN, createO200kScanner({ digits: 3, contractions: true })],
  [o200kPattern("", "\\p{N}"), createO200kScanner({ digits: 1, contractions: false })],
  ["\\p{N}{1,3}", createDigitScanner(3)],
  ["\\p{N}", createDigitScanner(1)],
  ["[一-龥\u3040-ゟ゠-ヿ]+", scanHanKana],
  [DEEPSEEK_WORDS, scanDeepSeekWords],
]);
