// The set of shingles of a text, and how much two sets have in common.
import { eachGram, unitsOf } from "../units.ts";

/** Units of a shingle, as FineWeb has them. */
export const SHINGLE = 5;

/** The hashes of a text's shingles, each once, ascending; none where the text has too few units. */
export function shinglesOf(text: string, length = SHINGLE): Float64Array {
  const units = unitsOf(text);
  const all = new Float64Array(Math.max(0, units.length - length + 1));
  eachGram(units, length, (hash, at) => {
    all[at] = hash;
  });
  all.sort();
  let count = 0;
  for (const hash of all) if (count === 0 || hash !== all[count - 1]) all[count++] = hash;
  return all.slice(0, count);
}

/** The share of what either of two sets has that both have; 0 where both are empty. */
export function jaccard(a: Float64Array, b: Float64Array): number {
  let [i, j, both] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) both++;
    if (a[i] <= b[j]) {
      if (a[i] === b[j]) j++;
      i++;
    } else j++;
  }
  const either = a.length + b.length - both;
  return either === 0 ? 0 : both / either;
}
