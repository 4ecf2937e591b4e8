// Wraps a line at a width, as Python's textwrap does.

import { valueError } from "./errors.ts";
import { characters, isSpace, lengthOf } from "./text.ts";

export interface WrapOptions {
  width: number;
  breakLongWords: boolean;
  breakOnHyphens: boolean;
}

const WORD = "\\p{L}\\p{N}_";
const PUNCTUATED = `[${WORD}!"'&.,?]`;
const LETTER = "[\\p{L}_]";
const BLANK = "[\\t\\n\\v\\f\\r ]";
const SEPARATOR = new RegExp(
  `(${BLANK}+|(?<=${PUNCTUATED})-{2,}(?=[${WORD}])|[^\\t\\n\\v\\f\\r ]+?(?:` +
    `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${LETTER}-))(?=${LETTER}-?${LETTER})|` +
    `(?=${BLANK}|$)|(?<=${PUNCTUATED})(?=-{2,}[${WORD}])))`,
  "u",
);
const BLANKS = new RegExp(`(${BLANK}+)`);

/** The lines that a line becomes. */
export function wrapText(text: string, options: WrapOptions): string[] {
  const { width } = options;
  const chunks = text.split(options.breakOnHyphens ? SEPARATOR : BLANKS).filter((chunk) => chunk !== "");
  if (width <= 0) throw valueError(`invalid width ${width} (must be > 0)`);
  const lines: string[] = [];
  chunks.reverse();
  while (chunks.length > 0) {
    const line: string[] = [];
    let room = width;
    if (lines.length > 0 && isSpace(chunks.at(-1) as string)) chunks.pop();
    while (chunks.length > 0) {
      const chunk = chunks.at(-1) as string;
      if (!fits(chunk, room)) break;
      line.push(chunk);
      room -= lengthOf(chunk);
      chunks.pop();
    }
    if (chunks.length > 0 && !fits(chunks.at(-1) as string, width)) breakWord(chunks, line, room, options);
    if (line.length > 0 && isSpace(line.at(-1) as string)) line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}

/** Whether a text has no more characters, which are at most two units each. */
function fits(chunk: string, room: number): boolean {
  return chunk.length <= 2 * room && lengthOf(chunk) <= room;
}

/** Puts as much of a word on a line as there is room for. */
function breakWord(chunks: string[], line: string[], room: number, options: WrapOptions): void {
  if (!options.breakLongWords) {
    if (line.length === 0) line.push(chunks.pop() as string);
    return;
  }
  const chunk = chunks.pop() as string;
  let head = characters(chunk.slice(0, 2 * room)).slice(0, room);
  if (options.breakOnHyphens) {
    const hyphen = head.lastIndexOf("-");
    if (hyphen > 0 && head.slice(0, hyphen).some((each) => each !== "-")) head = head.slice(0, hyphen + 1);
  }
  const begin = head.join("");
  line.push(begin);
  chunks.push(chunk.slice(begin.length));
}
