// A bounded cache from words to ids that makes no strings and keeps none alive.

const MAX_ENTRIES = 1 << 16;
const MAX_CHARACTERS = 1 << 20;
const MAX_IDS = 1 << 20;
/** Longer words are not cached: they seldom come twice. */
export const MAX_CACHED_LENGTH = 64;

/** Remembers the ids of words. When it is full it forgets everything and starts again. */
export interface WordCache {
  /** Appends the ids of text[start, end) to `out` if they are known. */
  find(text: string, start: number, end: number, out: number[]): boolean;
  /** Remembers that text[start, end) has the ids out[from, …); call it after `find` failed for the same word. */
  add(text: string, start: number, end: number, out: readonly number[], from: number): void;
}

/** Makes an empty cache. Memory grows with use to about 10 MB. */
export function createWordCache(): WordCache {
  let slots = new Int32Array(1 << 12); // entry + 1, or 0
  let hashes = new Int32Array(1 << 10);
  let characterStarts = new Int32Array((1 << 10) + 1);
  let idStarts = new Int32Array((1 << 10) + 1);
  let characters = new Uint16Array(1 << 13);
  let ids = new Int32Array(1 << 12);
  let count = 0;

  const hashOf = (text: string, start: number, end: number): number => {
    let h = 0x811c9dc5;
    for (let i = start; i < end; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    return h ^ (h >>> 15);
  };

  const place = (entry: number) => {
    const mask = slots.length - 1;
    let at = hashes[entry] & mask;
    while (slots[at] !== 0) at = (at + 1) & mask;
    slots[at] = entry + 1;
  };

  const grow = () => {
    const size = hashes.length * 2;
    hashes = resized(hashes, size);
    characterStarts = resized(characterStarts, size + 1);
    idStarts = resized(idStarts, size + 1);
    slots = new Int32Array(size * 4);
    for (let entry = 0; entry < count; entry++) place(entry);
  };

  return {
    find(text, start, end, out) {
      const h = hashOf(text, start, end);
      const length = end - start;
      const mask = slots.length - 1;
      search: for (let at = h & mask; ; at = (at + 1) & mask) {
        const entry = slots[at] - 1;
        if (entry < 0) return false;
        if (hashes[entry] !== h) continue;
        const from = characterStarts[entry];
        if (characterStarts[entry + 1] - from !== length) continue;
        for (let i = 0; i < length; i++) {
          if (characters[from + i] !== text.charCodeAt(start + i)) continue search;
        }
        for (let i = idStarts[entry], last = idStarts[entry + 1]; i < last; i++) out.push(ids[i]);
        return true;
      }
    },
    add(text, start, end, out, from) {
      const length = end - start;
      const newIds = out.length - from;
      if (
        count === MAX_ENTRIES ||
        characterStarts[count] + length > MAX_CHARACTERS ||
        idStarts[count] + newIds > MAX_IDS
      ) {
        if (newIds > MAX_IDS) return;
        slots.fill(0);
        count = 0;
      }
      if (count === hashes.length) grow();
      const charactersAt = characterStarts[count];
      const idsAt = idStarts[count];
      while (charactersAt + length > characters.length)
        characters = resized(characters, characters.length * 2);
      while (idsAt + newIds > ids.length) ids = resized(ids, ids.length * 2);
      for (let i = 0; i < length; i++) characters[charactersAt + i] = text.charCodeAt(start + i);
      for (let i = 0; i < newIds; i++) ids[idsAt + i] = out[from + i];
      hashes[count] = hashOf(text, start, end);
      characterStarts[count + 1] = charactersAt + length;
      idStarts[count + 1] = idsAt + newIds;
      place(count);
      count++;
    },
  };
}

function resized<T extends Int32Array | Uint16Array>(old: T, size: number): T {
  const bigger = new (old.constructor as { new (size: number): T })(size);
  bigger.set(old);
  return bigger;
}
