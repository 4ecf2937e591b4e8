// The words of a text as quality filters count them, with the text that they make without spaces.

/** Words in columns; lengths and places are in code points. */
export interface Words {
  readonly count: number;
  /** The code points of all words, one after the other. */
  readonly points: Uint32Array;
  /** Where each word begins in `points`, and behind the last where they end. */
  readonly starts: Uint32Array;
  /** Words in which a letter is. */
  readonly alphabetic: number;
  /** How many are among the words asked for. */
  readonly stopWords: number;
}

const WORD = /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}])+|[^\p{White_Space}]/gu;
const LETTER = /\p{L}/u;

/** A Han character is a word, and so are a run of other letters and digits, and any other character but white space. */
export function wordsOf(text: string, stopWords: ReadonlySet<string>): Words {
  const points = new Uint32Array(text.length);
  const starts = [0];
  let [length, alphabetic, stops] = [0, 0, 0];
  for (const [word] of text.matchAll(WORD)) {
    for (let at = 0; at < word.length; at++) {
      const point = word.codePointAt(at)!; // within the word
      points[length++] = point;
      if (point > 0xffff) at++;
    }
    starts.push(length);
    if (LETTER.test(word)) alphabetic++;
    if (stopWords.has(word)) stops++;
  }
  return {
    count: starts.length - 1,
    points: points.subarray(0, length),
    starts: Uint32Array.from(starts),
    alphabetic,
    stopWords: stops,
  };
}

/** Code points of a text. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xd800 || (text.charCodeAt(at + 1) & 0xfc00) !== 0xdc00) continue;
    length--;
    at++;
  }
  return length;
}
