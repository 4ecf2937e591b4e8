// How often each word occurs: words as code units in one array, found by a hash table.
import { BaimoError } from "../../errors.ts";

/** Words and how often each was met. */
export interface WordCounts {
  /** How many different words there are. */
  readonly size: number;
  /** Counts text[start, end) once more. */
  add(text: string, start: number, end: number): void;
  /** How often the word of this number was met; words are numbered in the order in which they were met. */
  countOf(word: number): number;
  /** The code units of the word of this number; a view. */
  unitsOf(word: number): Uint16Array;
}

/** Code units that an index of 32 bits reaches. */
const MOST_UNITS = 2 ** 31;

/** Makes an empty count. */
export function createWordCounts(): WordCounts {
  let units = new Uint16Array(1 << 16);
  let ends = new Uint32Array(1 << 12); // where word i ends, and the next begins
  let counts = new Float64Array(1 << 12);
  let slots = new Int32Array(1 << 13).fill(-1);
  let size = 0;
  let length = 0;

  const startOf = (word: number): number => (word === 0 ? 0 : ends[word - 1]);

  const isWord = (word: number, text: string, start: number, end: number): boolean => {
    const from = startOf(word);
    if (ends[word] - from !== end - start) return false;
    for (let i = start, at = from; i < end; i++, at++) if (units[at] !== text.charCodeAt(i)) return false;
    return true;
  };

  const grow = (): void => {
    slots = new Int32Array(slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let word = 0; word < size; word++) {
      let hash = 0;
      for (let at = startOf(word); at < ends[word]; at++) hash = step(hash, units[at]);
      let slot = finish(hash) & mask;
      while (slots[slot] >= 0) slot = (slot + 1) & mask;
      slots[slot] = word;
    }
  };

  const append = (text: string, start: number, end: number): void => {
    if (length + end - start > MOST_UNITS)
      throw new BaimoError(
        "memory",
        `tokenizer: the different words have more than ${MOST_UNITS} characters; train on a sample, or with shorter runs of Han`,
      );
    if (length + end - start > units.length)
      units = copyInto(new Uint16Array(Math.max(units.length * 2, length + end - start)), units);
    if (size === ends.length) {
      ends = copyInto(new Uint32Array(size * 2), ends);
      counts = copyInto(new Float64Array(size * 2), counts);
    }
    for (let i = start; i < end; i++) units[length++] = text.charCodeAt(i);
    ends[size] = length;
    counts[size++] = 1;
  };

  return {
    get size() {
      return size;
    },
    countOf: (word) => counts[word],
    unitsOf: (word) => units.subarray(startOf(word), ends[word]),
    add(text, start, end) {
      let hash = 0;
      for (let i = start; i < end; i++) hash = step(hash, text.charCodeAt(i));
      const mask = slots.length - 1;
      let slot = finish(hash) & mask;
      for (; slots[slot] >= 0; slot = (slot + 1) & mask) {
        const word = slots[slot];
        if (!isWord(word, text, start, end)) continue;
        counts[word]++;
        return;
      }
      slots[slot] = size;
      append(text, start, end);
      if (size * 2 > slots.length) grow();
    },
  };
}

const step = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193) + 0x9e3779b9;
const finish = (hash: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
};

function copyInto<T extends Uint16Array | Uint32Array | Float64Array>(bigger: T, values: T): T {
  bigger.set(values);
  return bigger;
}
