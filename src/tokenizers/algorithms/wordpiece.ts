// WordPiece and whole-word models: the longest known prefix, again and again.

import { refuseSteps, stepLimit } from "../limits.ts";
import type { PieceModel } from "./bpe.ts";
import { createTrie } from "./trie.ts";
import { createWordCache, MAX_CACHED_LENGTH } from "./word-cache.ts";

/** A WordPiece vocabulary and how it is to be used. */
export interface WordPieceOptions {
  ids: ReadonlyMap<string, number>;
  unknownId: number;
  /** What tokens inside a word begin with, "##" as a rule. */
  continuingPrefix: string;
  /** What tokens at the beginning of a word begin with: "" as a rule, "▁" in GGUF. */
  startPrefix?: string;
  /** Longer words are unknown as a whole (in characters). */
  maxCharacters?: number;
}

/**
 * Makes a WordPiece model (Wu et al. 2016, arXiv:1609.08144; the greedy form of BERT).
 *
 * @throws {BaimoError} `request` while encoding a text that long pieces make too costly
 */
export function createWordPiece(options: WordPieceOptions): PieceModel {
  const { ids, unknownId, continuingPrefix, startPrefix = "", maxCharacters } = options;
  const starts = createTrie();
  const inner = createTrie();
  for (const [token, id] of ids) {
    if (token.startsWith(startPrefix)) starts.add(token.slice(startPrefix.length), id);
    if (token.startsWith(continuingPrefix)) inner.add(token.slice(continuingPrefix.length), id);
  }
  const cache = createWordCache();

  const encodeWord = (text: string, start: number, end: number, out: number[]) => {
    if (maxCharacters !== undefined && end - start > maxCharacters) {
      if (end - start > 2 * maxCharacters || [...text.slice(start, end)].length > maxCharacters) {
        out.push(unknownId);
        return;
      }
    }
    const from = out.length;
    let steps = stepLimit(end - start);
    for (let at = start; at < end; ) {
      const trie = at === start ? starts : inner;
      let id = -1;
      let to = at;
      for (let i = at, node = 0; i < end; ) {
        node = trie.step(node, text.charCodeAt(i++));
        if (node < 0) break;
        if (--steps < 0) refuseSteps("WordPiece");
        const value = trie.valueAt(node);
        if (value >= 0) {
          id = value;
          to = i;
        }
      }
      if (id < 0) {
        out.length = from;
        out.push(unknownId);
        return;
      }
      out.push(id);
      at = to;
    }
  };

  return {
    encode(text, start, end, out) {
      if (end - start > MAX_CACHED_LENGTH) {
        encodeWord(text, start, end, out);
      } else if (!cache.find(text, start, end, out)) {
        const from = out.length;
        encodeWord(text, start, end, out);
        cache.add(text, start, end, out, from);
      }
    },
  };
}

/** A vocabulary of whole words. */
export function createWordLevel(ids: ReadonlyMap<string, number>, unknownId: number | undefined): PieceModel {
  return {
    encode(text, start, end, out) {
      const id = ids.get(text.slice(start, end)) ?? unknownId;
      if (id !== undefined) out.push(id);
    },
  };
}
