// Wraps a line at a width, as Python's textwrap does.

import { valueError } from "./errors.ts";
import { characters, isSpace, lengthOf, substring } from "./text.ts";

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
    let length = 0;
    if (lines.length > 0 && isSpace(chunks.at(-1) as string)) chunks.pop();
    while (chunks.length > 0) {
      const size = lengthOf(chunks.at(-1) as string);
      if (length + size > width) break;
      line.push(chunks.pop() as string);
      length += size;
    }
    if (chunks.length > 0 && lengthOf(chunks.at(-1) as string) > width) {
      breakWord(chunks, line, width - length, options);
      length = line.reduce((sum, chunk) => sum + lengthOf(chunk), 0);
    }
    if (line.length > 0 && isSpace(line.at(-1) as string)) line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}

/** Puts as much of a word on a line as there is room for. */
function breakWord(chunks: string[], line: string[], room: number, options: WrapOptions): void {
  if (!options.breakLongWords) {
    if (line.length === 0) line.push(chunks.pop() as string);
    return;
  }
  const chunk = chunks.pop() as string;
  let end = room;
  if (options.breakOnHyphens) {
    const hyphen = characters(chunk).slice(0, room).lastIndexOf("-");
    if (hyphen > 0 && /[^-]/.test(substring(chunk, 0, hyphen))) end = hyphen + 1;
  }
  line.push(substring(chunk, 0, end));
  chunks.push(substring(chunk, end, lengthOf(chunk)));
}
