// The blocks of a text that grows: what cannot change any more is read once and kept.
import type { Token } from "marked";
import { readMarkdown } from "./markdown.ts";
import { holdBack } from "./unfinished.ts";

/** A block and where it begins, by which it is known again. */
export interface Block {
  at: number;
  token: Token;
  /** Whether more of it may come. */
  open: boolean;
}

/** Reads a text again and again as it grows. A text that is no continuation is read from its beginning. */
export function createBlockReader(): (text: string, options: { writing: boolean }) => Block[] {
  let settled: Block[] = [];
  let end = 0;
  let before = "";
  return (text, { writing }) => {
    if (!text.startsWith(before)) {
      settled = [];
      end = 0;
    }
    const tail = text.slice(end);
    const tokens = readMarkdown(writing ? holdBack(tail) : tail);
    // Only the last block that shows something can still change.
    const last = tokens.findLastIndex(({ type }) => type !== "space");
    let at = end;
    const blocks = tokens.map((token, index) => {
      const block = { at, token, open: writing && index >= last };
      at += token.raw.length;
      return block;
    });
    const shown = [...settled, ...blocks];
    if (writing) {
      settled = shown.filter(({ open }) => !open);
      end = blocks.find(({ open }) => open)?.at ?? at;
    }
    before = text.slice(0, end);
    return shown;
  };
}
