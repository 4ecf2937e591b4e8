// Characters, escapes and classes of Python's regular expressions.
import { SPACE_CLASS } from "../../tokenizers/chat-template/jinja/text.ts";

/** Whether a code point is meant. */
export type CharacterTest = (point: number) => boolean;

/** What inline flags turn on. */
export interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
  ascii: boolean;
}

/** An escape: one character, or a test of many. */
interface Escape {
  readonly end: number;
  readonly point?: number;
  readonly test?: CharacterTest;
}

/** The same test, with the answers for ASCII written down. */
function tabled(test: CharacterTest): CharacterTest {
  const ascii = Uint8Array.from({ length: 128 }, (_, point) => Number(test(point)));
  return (point) => (point < 128 ? ascii[point] === 1 : test(point));
}
const ofPattern = (pattern: RegExp): CharacterTest =>
  tabled((point) => pattern.test(String.fromCodePoint(point)));
const onlyAscii =
  (test: CharacterTest): CharacterTest =>
  (point) =>
    point < 128 && test(point);

const isDigit = ofPattern(/\p{Nd}/u);
const isSpace = ofPattern(new RegExp(`[${SPACE_CLASS}]`, "u"));
const ASCII_SPACE = ofPattern(/[ \t\n\r\f\v]/);
/** What \w matches. */
export const isWord = ofPattern(/[\p{L}\p{N}_]/u);

const CONTROL: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** The test with letters of either case. */
export function foldedTest(test: CharacterTest, flags: Flags): CharacterTest {
  if (!flags.ignoreCase) return test;
  return tabled((point) => test(point) || casesOf(point).some(test));
}

function casesOf(point: number): number[] {
  if (point < 65) return [];
  const text = String.fromCodePoint(point);
  const one = (other: string) =>
    [...other].length === 1 && other !== text ? [other.codePointAt(0) as number] : [];
  return one(text.toLowerCase()).concat(one(text.toUpperCase()));
}

/** Reads the escape behind a backslash; undefined where Python has none. */
export function readEscape(pattern: string, at: number, flags: Flags, inClass: boolean): Escape | undefined {
  const letter = pattern[at];
  if (letter === undefined) return undefined;
  const test = categoryOf(letter, flags);
  if (test) return { end: at + 1, test };
  const code = /(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
  code.lastIndex = at;
  const digits = code.exec(pattern);
  if (digits) {
    const point = Number.parseInt(digits[1] ?? digits[2] ?? digits[3], 16);
    return point > 0x10ffff ? undefined : { end: at + digits[0].length, point };
  }
  const octal = inClass ? /[0-7]{1,3}/y : /0[0-7]{0,2}|[1-3][0-7]{2}/y;
  octal.lastIndex = at;
  const number = octal.exec(pattern);
  if (number) return { end: at + number[0].length, point: Number.parseInt(number[0], 8) };
  if (Object.hasOwn(CONTROL, letter) && (inClass || letter !== "b"))
    return { end: at + 1, point: CONTROL[letter] };
  if (/[a-zA-Z0-9]/.test(letter)) return undefined;
  const point = pattern.codePointAt(at) as number;
  return { end: at + (point > 0xffff ? 2 : 1), point };
}

function categoryOf(letter: string, { ascii }: Flags): CharacterTest | undefined {
  const kinds: Readonly<Record<string, CharacterTest>> = {
    d: ascii ? onlyAscii(isDigit) : isDigit,
    s: ascii ? ASCII_SPACE : isSpace,
    w: ascii ? onlyAscii(isWord) : isWord,
  };
  const test = Object.hasOwn(kinds, letter.toLowerCase()) ? kinds[letter.toLowerCase()] : undefined;
  return !test || letter === letter.toLowerCase() ? test : (point) => !test(point);
}

/** Reads a class behind its "["; a text says what is wrong with it. */
export function classTest(
  pattern: string,
  from: number,
  flags: Flags,
): { readonly end: number; readonly test: CharacterTest } | string {
  const negated = pattern[from] === "^";
  const first = negated ? from + 1 : from;
  const tests: CharacterTest[] = [];
  let at = first;
  const one = (): Escape | undefined => {
    if (pattern[at] === "\\") {
      const read = readEscape(pattern, at + 1, flags, true);
      if (read) at = read.end;
      return read;
    }
    const point = pattern.codePointAt(at);
    if (point === undefined) return undefined;
    at += point > 0xffff ? 2 : 1;
    return { end: at, point };
  };
  while (at < pattern.length && (pattern[at] !== "]" || at === first)) {
    const low = one();
    if (!low) return "has a bad escape in a class";
    if (low.test) tests.push(low.test);
    const isRange = pattern[at] === "-" && pattern[at + 1] !== "]" && at + 1 < pattern.length;
    if (!isRange) {
      const { point } = low;
      if (point !== undefined) tests.push((other) => other === point);
      continue;
    }
    at++;
    const high = one();
    if (low.point === undefined || high?.point === undefined || high.point < low.point)
      return "has a bad range";
    const [least, most] = [low.point, high.point];
    tests.push((point) => point >= least && point <= most);
  }
  if (at >= pattern.length) return "has a [ without its ]";
  const within = foldedTest((point) => tests.some((test) => test(point)), flags);
  return { end: at + 1, test: tabled(negated ? (point) => !within(point) : within) };
}
