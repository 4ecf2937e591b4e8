// Sets of code points as sorted ranges, and the classes that regular expressions name.

/** Pairs of a first and a last code point, sorted, neither touching nor overlapping. */
export type CharSet = readonly number[];

/** All code points but the surrogates, which no UTF-8 text holds. */
export const anyChar: CharSet = [0, 0xd7ff, 0xe000, 0x10ffff];

export const digits: CharSet = [0x30, 0x39];
export const wordChars: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
export const lineEnds: CharSet = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029];
export const spaces: CharSet = unionOf([
  [0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029],
  [0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff],
]);

export function unionOf(sets: readonly CharSet[]): CharSet {
  const ranges = sets
    .flatMap((set) => Array.from({ length: set.length / 2 }, (_, i) => [set[2 * i], set[2 * i + 1]]))
    .sort((a, b) => a[0] - b[0]);
  const union: number[] = [];
  for (const [low, high] of ranges) {
    if (union.length > 0 && low <= union[union.length - 1] + 1) {
      union[union.length - 1] = Math.max(union[union.length - 1], high);
    } else union.push(low, high);
  }
  return union;
}

/** Everything that is in `anyChar` but not in the set. */
export function complementOf(set: CharSet): CharSet {
  const outside = unionOf([set, [0xd800, 0xdfff]]);
  const complement: number[] = [];
  let next = 0;
  for (let i = 0; i < outside.length; i += 2) {
    if (outside[i] > next) complement.push(next, outside[i] - 1);
    next = outside[i + 1] + 1;
  }
  if (next <= 0x10ffff) complement.push(next, 0x10ffff);
  return complement;
}

export function intersectionOf(a: CharSet, b: CharSet): CharSet {
  return complementOf(unionOf([complementOf(a), complementOf(b)]));
}

/** The code points that a class of the engine's own expressions matches, such as `\p{Script=Han}`. */
export function charsMatching(source: string): CharSet {
  const expression = new RegExp(source, "u");
  const set: number[] = [];
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code === 0xd800) code = 0xe000;
    if (!expression.test(String.fromCodePoint(code))) continue;
    if (set.length > 0 && set[set.length - 1] === code - 1) set[set.length - 1] = code;
    else set.push(code, code);
  }
  return set;
}
