// What Python's str does to text: white space, characters, splitting, searching, stripping.

import { valueError } from "./errors.ts";
import { findLastText, findText, splitEverywhere } from "./search.ts";

/** Python's white space, inside brackets of a regular expression. */
export const SPACE_CLASS =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACE = new RegExp(`[${SPACE_CLASS}]`);
const ONLY_SPACE = new RegExp(`^[${SPACE_CLASS}]+$`);
const SURROGATE = /[\ud800-\udfff]/;
const LINE_END_CLASS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029";
const LINE_END = new RegExp(`\r\n|[${LINE_END_CLASS}]`, "g");

/** str.isspace */
export function isSpace(text: string): boolean {
  return ONLY_SPACE.test(text);
}

/** Whether every character is one UTF-16 unit, so that positions are those of Python. */
export function isPlain(text: string): boolean {
  return !SURROGATE.test(text);
}

/** The characters (code points) of a text. */
export function characters(text: string): string[] {
  return isPlain(text) ? text.split("") : [...text];
}

/** len(text), in characters. */
export function lengthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code > 0xffff) i++;
    length++;
  }
  return length;
}

/** The UTF-16 position of a character's position. */
export function unitOffset(text: string, position: number): number {
  if (isPlain(text)) return position;
  let unit = 0;
  for (let n = 0; n < position && unit < text.length; n++)
    unit += (text.codePointAt(unit) as number) > 0xffff ? 2 : 1;
  return unit;
}

/** A slice from one character's position to another's; both within the text. */
export function substring(text: string, start: number, stop: number): string {
  if (isPlain(text)) return text.slice(start, Math.max(start, stop));
  return text.slice(unitOffset(text, start), unitOffset(text, Math.max(start, stop)));
}

/** str.strip, lstrip and rstrip, of white space or of the characters given. */
export function stripText(text: string, set: string | undefined, left: boolean, right: boolean): string {
  if (set !== undefined && !(isPlain(set) && isPlain(text))) return stripPoints(text, set, left, right);
  const dropped = set === undefined ? undefined : new Set(set);
  const drop = (i: number) => (dropped ? dropped.has(text[i]) : SPACE.test(text[i]));
  let from = 0;
  let to = text.length;
  while (left && from < to && drop(from)) from++;
  while (right && to > from && drop(to - 1)) to--;
  return text.slice(from, to);
}

function stripPoints(text: string, set: string, left: boolean, right: boolean): string {
  const points = [...text];
  const dropped = new Set(set);
  let from = 0;
  let to = points.length;
  while (left && from < to && dropped.has(points[from])) from++;
  while (right && to > from && dropped.has(points[to - 1])) to--;
  return points.slice(from, to).join("");
}

/** str.split and rsplit; a negative limit is none. */
export function splitText(
  text: string,
  separator: string | undefined,
  limit: number,
  fromRight: boolean,
): string[] {
  if (separator === "") throw valueError("empty separator");
  if (separator === undefined) return splitSpace(text, limit, fromRight);
  // From the right, "aaa" cut at "aa" is another matter.
  if (fromRight && limit !== 0) return splitFromRight(text, separator, limit);
  const parts = splitEverywhere(text, separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitFromRight(text: string, separator: string, limit: number): string[] {
  const out: string[] = [];
  let end = text.length;
  while (limit < 0 || out.length < limit) {
    const at = findLastText(text, separator, end);
    if (at < 0) break;
    out.push(text.slice(at + separator.length, end));
    end = at;
  }
  out.push(text.slice(0, end));
  return out.reverse();
}

function splitSpace(text: string, limit: number, fromRight: boolean): string[] {
  const words = [...text.matchAll(new RegExp(`[^${SPACE_CLASS}]+`, "g"))];
  const texts = words.map((word) => word[0]);
  if (limit < 0 || words.length <= limit) return texts;
  if (fromRight) {
    const cut = words.length - limit;
    const last = words[cut - 1];
    const rest = text.slice(0, last.index + last[0].length);
    return [stripText(rest, undefined, false, true), ...texts.slice(cut)].filter((part) => part !== "");
  }
  const rest = text.slice(words[limit].index);
  return [...texts.slice(0, limit), rest];
}

/** str.splitlines */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const end of text.matchAll(LINE_END)) {
    const behind = end.index + end[0].length;
    lines.push(text.slice(start, keepEnds ? behind : end.index));
    start = behind;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** str.replace; a negative limit is none. */
export function replaceText(text: string, old: string, fresh: string, limit: number): string {
  if (limit === 0) return text;
  if (old === "") {
    const points = characters(text);
    const count = limit < 0 ? points.length + 1 : Math.min(limit, points.length + 1);
    const head = points.slice(0, count).map((point) => fresh + point);
    return head.join("") + (count > points.length ? fresh : points.slice(count).join(""));
  }
  if (limit < 0) return splitEverywhere(text, old).join(fresh);
  return splitText(text, old, limit, false).join(fresh);
}

/** How often one text stands in another, not counting overlaps. */
export function countText(text: string, wanted: string): number {
  if (wanted === "") return lengthOf(text) + 1;
  let count = 0;
  for (let at = findText(text, wanted); at >= 0; at = findText(text, wanted, at + wanted.length)) count++;
  return count;
}

/** str.expandtabs */
export function expandTabs(text: string, size: number): string {
  let column = 0;
  let out = "";
  for (const character of text) {
    if (character === "\t") {
      const blanks = size > 0 ? size - (column % size) : 0;
      out += " ".repeat(blanks);
      column += blanks;
    } else {
      out += character;
      column = character === "\n" || character === "\r" ? 0 : column + 1;
    }
  }
  return out;
}

/** Text with `left` and `right` fill characters around it. */
export function pad(text: string, left: number, right: number, fill = " "): string {
  return fill.repeat(Math.max(0, left)) + text + fill.repeat(Math.max(0, right));
}

/** str.center, with the odd blank where Python has it. */
export function centerText(text: string, width: number, fill = " "): string {
  const blanks = width - lengthOf(text);
  if (blanks <= 0) return text;
  const left = (blanks >> 1) + (blanks & width & 1);
  return pad(text, left, blanks - left, fill);
}

/** a < b, a == b, a > b as a negative number, 0, a positive one: by code points. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (isPlain(a) && isPlain(b)) return a < b ? -1 : 1;
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  if (i === length) return a.length - b.length;
  // Back to the beginning of a pair.
  if (i > 0 && /[\udc00-\udfff]/.test(a[i]) && /[\ud800-\udbff]/.test(a[i - 1])) i--;
  return (a.codePointAt(i) as number) - (b.codePointAt(i) as number);
}
