// Matches simple patterns without the regex engine: character classes, digit groups.

import { compileOniguruma } from "./regex.ts";
import { WORD_ALONE } from "./regex-classes.ts";
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
// What is known of a code unit.
const UNTRIED = 0;
const OUTSIDE = 1;
const INSIDE = 2;
/** White space outside the class, which may stand before a match. */
const LEADING = 3;
/** Half of a character beyond the basic plane. */
const HALF = 4;

/** White space at the end of the text. */
const trailingSpace: Matches = (text, start, end, onMatch) => {
  const table = classTable();
  let from = end;
  while (from > start && (table[text.charCodeAt(from - 1)] & SPACE) !== 0) from--;
  if (from < end) onMatch(from, end);
};

const WORD_AHEAD = new RegExp(`[${WORD_ALONE}]`, "uy");

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
  const units = new Uint8Array(0x10000).fill(HALF, 0xd800, 0xe000);
  const beyond = new Map<number, boolean>();

  const classify = (unit: number): number => {
    let state = member.test(String.fromCharCode(unit)) ? INSIDE : OUTSIDE;
    if (state === OUTSIDE && spaceBefore && (classTable()[unit] & SPACE) !== 0) state = LEADING;
    units[unit] = state;
    return state;
  };
  const isBeyondInside = (point: number): boolean => {
    let inside = beyond.get(point);
    if (inside === undefined) {
      inside = member.test(String.fromCodePoint(point));
      if (beyond.size > 10_000) beyond.clear();
      beyond.set(point, inside);
    }
    return inside;
  };
  /** The width of the character at `at` if it is a member, else 0. */
  const widthAt = (text: string, at: number, end: number): number => {
    const unit = text.charCodeAt(at);
    const state = units[unit] || classify(unit);
    if (state !== HALF) return state === INSIDE ? 1 : 0;
    return at + 1 < end && isBeyondInside(text.codePointAt(at) as number) ? 2 : 0;
  };

  return (text, start, end, onMatch) => {
    for (let at = start; at < end; ) {
      const unit = text.charCodeAt(at);
      let state = units[unit];
      if (state === OUTSIDE) {
        at++;
        continue;
      }
      if (state === UNTRIED) state = classify(unit);
      let stop = at;
      if (state === INSIDE || state === HALF) {
        stop += widthAt(text, at, end);
      } else if (state === LEADING && at + 1 < end) {
        const width = widthAt(text, at + 1, end);
        if (width > 0) stop = at + 1 + width;
      }
      if (stop === at) {
        at += state === HALF && at + 1 < end ? 2 : 1;
        continue;
      }
      if (repeated) {
        while (stop < end) {
          const width = units[text.charCodeAt(stop)] === INSIDE ? 1 : widthAt(text, stop, end);
          if (width === 0) break;
          stop += width;
        }
      }
      onMatch(at, stop);
      at = stop;
    }
  };
}
