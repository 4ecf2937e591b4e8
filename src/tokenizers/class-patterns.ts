// Matches simple patterns without the regex engine: one character class, groups of digits; leans on regex.ts.

import { compileOniguruma } from "./regex.ts";
import { classTable, SPACE } from "./unicode.ts";

/** Calls back with each match in text[start, end), in order. */
export type Matches = (
  text: string,
  start: number,
  end: number,
  onMatch: (start: number, end: number) => void,
) => void;

const ONE_CLASS =
  /^(\\s\?)?(\\p\{\w+\}|\[(?:[^[\]\\&]|\\[^sSwWdDhHpPxu]|\\p\{\w+\}|\\x\{[0-9a-f]+\})+\])(\+)?$/i;
const UNTRIED = 0;
const OUTSIDE = 1;
const INSIDE = 2;

/** White space at the end of the text. */
const trailingSpace: Matches = (text, start, end, onMatch) => {
  const table = classTable();
  let from = end;
  while (from > start && (table[text.charCodeAt(from - 1)] & SPACE) !== 0) from--;
  if (from < end) onMatch(from, end);
};

const WORD_AHEAD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/uy;

/**
 * Groups of three digits from the right. The patterns look ahead over the whole run at every digit, which takes
 * quadratic time in a regex engine.
 *
 * digit      what a digit is
 * boundary   only runs that no word character follows
 * cutOnly    give empty matches where a group of three begins, instead of the groups
 */
function groupsOfThree(digit: "Nd" | "N", boundary: boolean, cutOnly: boolean): Matches {
  const runs = new RegExp(`\\p{${digit}}+`, "gu");
  return (text, start, end, onMatch) => {
    const own = text.slice(start, end);
    for (const run of own.matchAll(runs)) {
      WORD_AHEAD.lastIndex = run.index + run[0].length;
      if (boundary && WORD_AHEAD.test(own)) continue;
      let left = 0;
      for (const _ of run[0]) left++;
      let from = start + run.index;
      let at = from;
      for (const character of run[0]) {
        if (cutOnly && left % 3 === 0) onMatch(at, at);
        at += character.length;
        left--;
        if (!cutOnly && left % 3 === 0) {
          onMatch(from, at);
          from = at;
        }
      }
    }
  };
}

const GROUPED: ReadonlyMap<string, Matches> = new Map([
  ["\\d{1,3}(?=(?:\\d{3})*\\b)", groupsOfThree("Nd", true, false)],
  ["\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))", groupsOfThree("N", false, false)],
  ["(?=(?:\\d{3})+(?!\\d))", groupsOfThree("Nd", false, true)],
  ["(?=(\\d{3})+(?!\\d))", groupsOfThree("Nd", false, true)],
]);

/** The matcher of such a pattern, or undefined where the pattern is of another form. */
export function classMatches(pattern: string, where: string): Matches | undefined {
  const grouped = GROUPED.get(pattern);
  if (grouped) return grouped;
  if (pattern === "\\s+\\z") return trailingSpace;
  const parts = ONE_CLASS.exec(pattern);
  if (!parts) return undefined;
  const [, spaceBefore, members, repeated] = parts;
  const member = new RegExp(`^${compileOniguruma(members, where).source}$`, "v");
  const units = new Uint8Array(0x10000); // what is known of each code unit that is a character
  const beyond = new Map<number, boolean>();

  /** The width of the character at `at` if it is a member, else 0. */
  const widthAt = (text: string, at: number, end: number): number => {
    const unit = text.charCodeAt(at);
    if ((unit & 0xfc00) === 0xd800 && at + 1 < end) {
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) {
        let inside = beyond.get(point);
        if (inside === undefined) {
          inside = member.test(String.fromCodePoint(point));
          if (beyond.size > 10_000) beyond.clear();
          beyond.set(point, inside);
        }
        return inside ? 2 : 0;
      }
    }
    let known = units[unit];
    if (known === UNTRIED) {
      known = member.test(String.fromCharCode(unit)) ? INSIDE : OUTSIDE;
      units[unit] = known;
    }
    return known === INSIDE ? 1 : 0;
  };

  return (text, start, end, onMatch) => {
    const table = classTable();
    for (let at = start; at < end; ) {
      let stop = at;
      if (spaceBefore && (table[text.charCodeAt(at)] & SPACE) !== 0 && at + 1 < end) {
        const width = widthAt(text, at + 1, end);
        if (width > 0) stop = at + 1 + width;
      }
      if (stop === at) stop += widthAt(text, at, end);
      if (stop === at) {
        at += (text.charCodeAt(at) & 0xfc00) === 0xd800 && at + 1 < end ? 2 : 1;
        continue;
      }
      if (repeated) {
        for (let width = 1; stop < end && width > 0; stop += width) width = widthAt(text, stop, end);
      }
      onMatch(at, stop);
      at = stop;
    }
  };
}
