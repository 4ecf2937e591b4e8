// Reads content or reasoning up to a mark; white space beside a mark belongs to the mark.
import { type Input, matchStart, type Reading } from "./input.ts";

/** What ends a text, and where it goes. */
export interface TextOptions {
  /** Marks that end the text wherever they stand. */
  readonly marks: readonly string[];
  /** Marks only where no text precedes them. */
  readonly first?: readonly string[];
  /** A mark stands before the text. */
  readonly afterMark: boolean;
  readonly write: (text: string) => void;
}

/**
 * Gives out a text as it comes, and returns the mark that ended it, which is not read; undefined at the end of the answer.
 * Only what may become a mark is held back, and white space until it is known whether a mark follows; before a mark it is
 * `input.taken`. What would have become a mark in an answer that was cut off is left out.
 */
export function* readText(input: Input, options: TextOptions): Reading<string | undefined> {
  const { marks, first = [], write } = options;
  let { afterMark } = options;
  let space = "";

  const give = (text: string): void => {
    const end = text.trimEnd().length;
    if (end === 0) {
      space += text;
      return;
    }
    const before = space + text.slice(0, end);
    write(afterMark ? before.trimStart() : before);
    space = text.slice(end);
    afterMark = false;
  };
  const finish = (mark: string | undefined): string | undefined => {
    if (mark === undefined && !afterMark && space !== "") write(space);
    input.taken = space;
    return mark;
  };

  const all = [...first, ...marks];
  for (;;) {
    const lead = input.text.search(/\S/);
    space += input.take(lead < 0 ? input.text.length : lead);
    if (input.text !== "") {
      const match = matchStart(input.text, all);
      if (!match.undecided || input.ended) {
        if (match.text !== undefined) return finish(match.text);
        if (match.undecided && input.cut) input.take(input.text.length);
        break;
      }
    } else if (input.ended) return finish(undefined);
    yield;
  }
  for (;;) {
    const { at, mark } = findMark(input.text, marks, input.ended && !input.cut);
    if (at > 0) give(input.take(at));
    if (mark === undefined && input.ended) input.take(input.text.length);
    if (mark !== undefined || input.ended) return finish(mark);
    yield;
  }
}

/**
 * Where the first mark stands, the longest of several there; without one, from where on one may still come, or in a whole
 * text its end.
 */
function findMark(text: string, marks: readonly string[], whole: boolean): { at: number; mark?: string } {
  let at = text.length;
  let mark: string | undefined;
  for (const candidate of marks) {
    const found = text.indexOf(candidate);
    if (found < 0 || found > at) continue;
    if (found < at || mark === undefined || candidate.length > mark.length) mark = candidate;
    at = found;
  }
  if (whole) return { at, mark };
  for (const candidate of marks) {
    for (let length = Math.min(candidate.length - 1, text.length); length > 0; length--) {
      const start = text.length - length;
      if (start > at) break;
      if (!candidate.startsWith(text.slice(start))) continue;
      at = start;
      mark = undefined;
    }
  }
  return { at, mark };
}
