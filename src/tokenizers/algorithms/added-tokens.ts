// Finds added tokens (special ones and user-defined ones) in a text before anything else.

import { refuseSteps, stepLimit } from "../limits.ts";
import { createTrie } from "./trie.ts";

/** A token that is matched in the text itself, as `added_tokens` of tokenizer.json describes it. */
export interface AddedToken {
  id: number;
  content: string;
  /** Swallow white space on the left, on the right. */
  lstrip: boolean;
  rstrip: boolean;
  /** Match only where no word character touches it. */
  singleWord: boolean;
  /** Match in the normalised text instead of the raw one. */
  normalized: boolean;
  /** Matched only when special tokens are parsed, left out of decoded text. */
  special: boolean;
}

/** Cuts a text at added tokens: `onText` for what lies between (never empty), `onToken` for each token. */
export type AddedTokenSplitter = (
  text: string,
  onText: (text: string, start: number) => void,
  onToken: (id: number) => void,
) => void;

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Makes a splitter for the given tokens, leftmost first and longest first. Undefined when there is nothing to find.
 *
 * @throws {BaimoError} `request` while cutting a text that long tokens make too costly
 */
export function createAddedTokenSplitter(tokens: readonly AddedToken[]): AddedTokenSplitter | undefined {
  if (tokens.length === 0) return undefined;
  const trie = createTrie();
  const starts = new Uint8Array(0x10000);
  const known = new Set<string>();
  tokens.forEach((token, index) => {
    // Of two with one form the first counts.
    if (known.has(token.content)) return;
    known.add(token.content);
    trie.add(token.content, index);
    starts[token.content.charCodeAt(0)] = 1;
  });
  return (text, onText, onToken) => {
    let done = 0; // everything before is given out
    const length = text.length;
    let steps = stepLimit(length);
    for (let at = 0; at < length; ) {
      if (starts[text.charCodeAt(at)] === 0) {
        at++;
        continue;
      }
      let found = -1;
      let end = at;
      for (let i = at, node = 0; i < length; ) {
        node = trie.step(node, text.charCodeAt(i++));
        if (node < 0) break;
        if (--steps < 0) refuseSteps("added tokens");
        const value = trie.valueAt(node);
        if (value >= 0) {
          found = value;
          end = i;
        }
      }
      if (found < 0) {
        at++;
        continue;
      }
      const token = tokens[found];
      if (token.singleWord && !standsAlone(text, at, end)) {
        at = end;
        continue;
      }
      let from = at;
      let to = end;
      if (token.lstrip) while (from > done && isSpace(text.charCodeAt(from - 1))) from--;
      if (token.rstrip) while (to < length && isSpace(text.charCodeAt(to))) to++;
      if (from > done) onText(text.slice(done, from), done);
      onToken(token.id);
      done = to;
      // Found first, stripped after: a token that stands in swallowed space is still a token (tokenizers, find_matches).
      at = end;
    }
    if (done < length) onText(done === 0 ? text : text.slice(done), done);
  };
}

function standsAlone(text: string, start: number, end: number): boolean {
  return (
    !WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) && !WORD_AFTER.test(text.slice(end, end + 2))
  );
}

function isSpace(unit: number): boolean {
  return (
    unit === 0x20 ||
    (unit >= 9 && unit <= 13) ||
    unit === 0x85 ||
    unit === 0xa0 ||
    (unit >= 0x1680 && /\p{White_Space}/u.test(String.fromCharCode(unit)))
  );
}
