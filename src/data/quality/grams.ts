// Repeats among runs of words: what of a text is a repeat, and how much the commonest run takes.
import type { Words } from "./words.ts";

/** Runs of `n` words, found by what they write. */
interface Grams {
  /** The first word of an equal run met before, after noting this one where there is none. */
  meet(word: number): number | undefined;
  lengthAt(word: number): number;
}

function createGrams({ count, points, starts }: Words, n: number): Grams {
  let size = 16;
  while (size < 2 * count) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const lengthAt = (word: number) => starts[word + n] - starts[word];
  const isEqual = (a: number, b: number): boolean => {
    const length = lengthAt(a);
    if (lengthAt(b) !== length) return false;
    const [from, other] = [starts[a], starts[b]];
    for (let i = 0; i < length; i++) if (points[from + i] !== points[other + i]) return false;
    return true;
  };
  return {
    lengthAt,
    meet(word) {
      let hash = 0;
      for (let at = starts[word]; at < starts[word + n]; at++)
        hash = Math.imul(hash ^ points[at], 0x01000193) + 0x9e3779b9;
      hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
      let slot = (hash ^ (hash >>> 13)) & (size - 1);
      for (; slots[slot] >= 0; slot = (slot + 1) & (size - 1))
        if (isEqual(slots[slot], word)) return slots[slot];
      slots[slot] = word;
      return undefined;
    },
  };
}

/** Characters in runs of `n` words that were met before; a repeat is passed over as a whole (Gopher, arXiv 2112.11446). */
export function duplicateCharacters(words: Words, n: number): number {
  const grams = createGrams(words, n);
  let characters = 0;
  for (let word = 0; word + n <= words.count; ) {
    if (grams.meet(word) === undefined) word++;
    else {
      characters += grams.lengthAt(word);
      word += n;
    }
  }
  return characters;
}

/** Characters of the run of `n` words that takes most of them, all of its times together; 0 where none is met twice. */
export function topCharacters(words: Words, n: number): number {
  const grams = createGrams(words, n);
  const times = new Uint32Array(words.count);
  let most = 0;
  for (let word = 0; word + n <= words.count; word++) {
    const first = grams.meet(word);
    if (first === undefined) times[word] = 1;
    else most = Math.max(most, ++times[first] * grams.lengthAt(word));
  }
  return most;
}
