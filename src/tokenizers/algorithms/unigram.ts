// The Unigram model: the most probable segmentation by Viterbi.

import { BaimoError } from "../../errors.ts";
import { refuseSteps, stepLimit } from "../limits.ts";
import { toUtf8 } from "../text/unicode.ts";
import type { PieceModel } from "./bpe.ts";
import { createTrie } from "./trie.ts";

/** A unigram vocabulary and how it is to be used. */
export interface UnigramOptions {
  tokens: readonly string[];
  /** Log-probabilities, by id. */
  scores: ArrayLike<number>;
  unknownId?: number;
  /** Ids that no text may become: control tokens, bytes, unused ones. */
  isMatchable?: (id: number) => boolean;
  /** Ids with the bonus that makes them always chosen: a score for a length in bytes. */
  userDefinedScore?: (id: number, bytes: number) => number | undefined;
  /** The id of each byte's token, when unknown characters are written as bytes. */
  byteIds?: Int32Array;
  /** Round sums to float32, as SentencePiece does. */
  float32?: boolean;
  /** The lowest score, from which that of an unknown character is taken (less 10); default over all scores. */
  minScore?: number;
  where: string;
}

const UNKNOWN_PENALTY = 10;

/**
 * Makes the model (Kudo 2018, arXiv:1804.10959; the search of google/sentencepiece, unigram_model.cc, EncodeOptimized).
 *
 * @throws {BaimoError} `format` while encoding a character that is not in the vocabulary when there is no unknown id,
 * `request` for a text that long pieces make too costly
 */
export function createUnigram(options: UnigramOptions): PieceModel {
  const { tokens, scores, unknownId, isMatchable, userDefinedScore, byteIds, where } = options;
  const round = options.float32 ? Math.fround : (x: number) => x;
  const trie = createTrie();
  let minScore = Number.POSITIVE_INFINITY;
  const byteLengths = userDefinedScore ? new Int32Array(tokens.length) : undefined;
  const pieceScores = new Float64Array(tokens.length);
  for (let id = 0; id < tokens.length; id++) {
    pieceScores[id] = scores[id];
    minScore = Math.min(minScore, scores[id]);
    if (isMatchable && !isMatchable(id)) continue;
    trie.add(tokens[id], id);
    if (byteLengths && userDefinedScore) {
      byteLengths[id] = toUtf8(tokens[id]).length;
      pieceScores[id] = userDefinedScore(id, byteLengths[id]) ?? scores[id];
    }
  }
  const unknownScore = round((options.minScore ?? minScore) - UNKNOWN_PENALTY);

  let capacity = 0;
  let best = new Float64Array(0);
  let from = new Int32Array(0);
  let chosen = new Int32Array(0);

  const writeUnknown = (text: string, start: number, end: number, out: number[]) => {
    if (byteIds) {
      const bytes = toUtf8(text.slice(start, end));
      if (bytes.every((b) => byteIds[b] >= 0)) {
        for (const b of bytes) out.push(byteIds[b]);
        return;
      }
    }
    out.push(unknownId as number);
  };

  return {
    encode(text, start, end, out) {
      const n = end - start;
      if (n === 0) return;
      if (n > capacity) {
        capacity = n * 2;
        best = new Float64Array(capacity + 1);
        from = new Int32Array(capacity + 1);
        chosen = new Int32Array(capacity + 1);
      }
      from.fill(-1, 0, n + 1);
      best[0] = 0;
      let steps = stepLimit(n);
      for (let at = 0; at < n; ) {
        const here = best[at];
        const unit = text.charCodeAt(start + at);
        const width = (unit & 0xfc00) === 0xd800 && at + 1 < n ? 2 : 1;
        let single = false;
        for (let i = at, node = 0; i < n; ) {
          node = trie.step(node, text.charCodeAt(start + i++));
          if (node < 0) break;
          if (--steps < 0) refuseSteps(where);
          const id = trie.valueAt(node);
          if (id < 0) continue;
          const score = round(pieceScores[id] + here);
          if (from[i] < 0 || score > best[i]) {
            best[i] = score;
            from[i] = at;
            chosen[i] = id;
          }
          if (i - at === width) single = true;
        }
        if (!single) {
          if (unknownId === undefined) {
            throw new BaimoError(
              "format",
              `${where}: ${JSON.stringify(text.slice(start + at, start + at + width))} is not in the vocabulary and there is no unknown token`,
            );
          }
          const i = at + width;
          const score = round(unknownScore + here);
          if (from[i] < 0 || score > best[i]) {
            best[i] = score;
            from[i] = at;
            chosen[i] = unknownId;
          }
        }
        at += width;
      }
      // Walk back, linking forwards in place.
      let next = -1;
      for (let at = n; at >= 0; ) {
        const previous = at === 0 ? -1 : from[at];
        from[at] = next;
        next = at;
        at = previous;
      }
      for (let at = 0; at < n; ) {
        let to = from[at];
        const id = chosen[to];
        if (id !== unknownId) {
          out.push(id);
        } else {
          // Neighbouring unknown characters are one unknown token.
          while (to < n && chosen[from[to]] === unknownId) to = from[to];
          writeUnknown(text, start + at, start + to, out);
        }
        at = to;
      }
      if (capacity > 1 << 20) capacity = 0;
    },
  };
}
