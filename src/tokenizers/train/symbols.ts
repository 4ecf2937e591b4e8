// The words of a training as one array of tokens, most frequent words first.
import { BaimoError } from "../../errors.ts";
import type { WordCounts } from "./word-counts.ts";

/**
 * Words, one after the other. A token's id stands at its first and at its last byte, so that both neighbours of a token
 * are found from its own place and the lengths of tokens; between words, and inside of tokens, stands `none`.
 */
export interface Symbols {
  readonly ids: Uint16Array | Uint32Array;
  readonly none: number;
  /** Where words of the same count begin, ascending, and that count: a place alone says how often it occurs. */
  readonly runs: readonly { readonly start: number; readonly count: number }[];
}

/** Places that an index of 32 bits reaches. */
const MOST = 2 ** 32 - 1;

/**
 * Writes words as bytes, each as the token that it is.
 *
 * byteIds    [256]
 * vocabSize  ids are below
 */
export function toSymbols(words: WordCounts, byteIds: ArrayLike<number>, vocabSize: number): Symbols {
  const order = Uint32Array.from({ length: words.size }, (_, word) => word).sort(
    (a, b) => words.countOf(b) - words.countOf(a) || a - b,
  );
  let length = 1;
  for (const word of order) {
    eachByte(words.unitsOf(word), () => length++);
    length++;
  }
  if (length > MOST)
    throw new BaimoError(
      "memory",
      `tokenizer: the different words have ${length} bytes, more than ${MOST}; train on a sample, or with shorter runs of Han`,
    );
  const isNarrow = vocabSize < 0xffff;
  const none = isNarrow ? 0xffff : 0xffff_ffff;
  const ids = (isNarrow ? new Uint16Array(length) : new Uint32Array(length)).fill(none);
  const runs: { start: number; count: number }[] = [];
  let at = 1; // before every word and after it stands `none`
  for (const word of order) {
    const count = words.countOf(word);
    if (runs.at(-1)?.count !== count) runs.push({ start: at, count });
    eachByte(words.unitsOf(word), (byte) => {
      ids[at++] = byteIds[byte];
    });
    at++;
  }
  return { ids, none, runs };
}

/** The bytes of well-formed text in UTF-8. */
export function eachByte(units: Uint16Array, give: (byte: number) => void): void {
  for (let i = 0; i < units.length; i++) {
    let point = units[i];
    if (point < 0x80) {
      give(point);
      continue;
    }
    if (point < 0x800) give(0xc0 | (point >> 6));
    else {
      if ((point & 0xfc00) === 0xd800) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (units[++i] & 0x3ff);
        give(0xf0 | (point >> 18));
        give(0x80 | ((point >> 12) & 0x3f));
      } else give(0xe0 | (point >> 12));
      give(0x80 | ((point >> 6) & 0x3f));
    }
    give(0x80 | (point & 0x3f));
  }
}

/** Says how often places occur that are asked for in ascending order. */
export function createCountAt(runs: Symbols["runs"]): (place: number) => number {
  const endOf = (i: number) => (i + 1 < runs.length ? runs[i + 1].start : Infinity);
  let run = 0;
  let end = endOf(0);
  return (place) => {
    if (place >= end) {
      let [low, high] = [run + 1, runs.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (runs[middle].start <= place) low = middle;
        else high = middle - 1;
      }
      run = low;
      end = endOf(run);
    }
    return runs[run].count;
  };
}
