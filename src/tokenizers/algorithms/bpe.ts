// Byte pair encoding: byte-level, over characters with byte fallback, and by scores.

import { BaimoError } from "../../errors.ts";
import { checkOutput, outputLimit } from "../limits.ts";
import { BYTE_CHARACTERS, toUtf8, writeUtf8 } from "../text/unicode.ts";
import { createMerger, createPairTable, findPair, type Merges, setPair } from "./bpe-merges.ts";
import { createWordCache, MAX_CACHED_LENGTH } from "./word-cache.ts";

/** Turns one pre-tokenised piece of text into ids. */
export interface PieceModel {
  /** Appends the ids of text[start, end) to `out`. */
  encode(text: string, start: number, end: number, out: number[]): void;
}

/** What the words of the model mean. */
export interface BpeOptions {
  ids: ReadonlyMap<string, number>;
  merges: Merges;
  /** The whole word is one token if the vocabulary has it. */
  ignoreMerges?: boolean;
}

/** The vocabulary that a list of merges speaks of. */
export interface MergeVocabulary {
  ids: ReadonlyMap<string, number>;
  /** By id. */
  tokens: readonly (string | undefined)[];
  /** How many characters of the right token vanish when it is joined (the continuing prefix of classic BPE). */
  prefixLength?: number;
  /** Pass over merges that name a token outside the vocabulary, as llama.cpp does; else they are an error. */
  skipUnknown?: boolean;
}

/**
 * The merges of a list of pairs of tokens, the first the most important (as in tokenizer.json and GGUF).
 *
 * @throws {BaimoError} `format` naming the merge that is no pair of tokens
 */
export function readMergeList(
  merges: ArrayLike<unknown>,
  vocabulary: MergeVocabulary,
  where: string,
): Merges {
  const { ids, tokens, prefixLength = 0, skipUnknown } = vocabulary;
  const table = createPairTable(merges.length);
  const result = new Int32Array(merges.length);
  const priority = Int32Array.from(result, (_, i) => i);
  let last = -1;
  for (let i = 0; i < merges.length; i++) {
    const merge = merges[i];
    let left: unknown;
    let right: unknown;
    if (typeof merge === "string") {
      // A token may itself begin with a space, never be empty.
      const space = merge.indexOf(" ", 1);
      if (space > 0) left = merge.slice(0, space);
      right = merge.slice(space + 1);
    } else if (Array.isArray(merge) && merge.length === 2) {
      [left, right] = merge;
    }
    if (typeof left !== "string" || typeof right !== "string") {
      throw new BaimoError("format", `${where}: merge ${i} is not a pair of tokens but ${show(merge)}`);
    }
    const a = ids.get(left);
    const b = ids.get(right);
    const end = prefixLength > 0 ? right.slice(prefixLength) : right;
    // Vocabularies list tokens in the order of their merges as a rule: the same token again, or the next one.
    let merged: number | undefined;
    if (isJoin(tokens[last + 1], left, end)) merged = last + 1;
    else if (isJoin(tokens[last], left, end)) merged = last;
    else merged = ids.get(left + end);
    if (a === undefined || b === undefined || merged === undefined) {
      if (skipUnknown) continue;
      throw new BaimoError(
        "format",
        `${where}: merge ${i}, ${show(merge)}, names a token outside the vocabulary`,
      );
    }
    setPair(table, a, b, i);
    result[i] = merged;
    last = merged;
  }
  return { find: (left, right) => findPair(table, left, right), priority, result };
}

function isJoin(token: string | undefined, left: string, right: string): boolean {
  return (
    token !== undefined &&
    token.length === left.length + right.length &&
    token.startsWith(left) &&
    token.endsWith(right)
  );
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

// Pairs of symbols that a lazy table may remember before it starts again.
const MAX_LAZY_PAIRS = 1 << 20;

/**
 * The merges of a SentencePiece vocabulary: any two neighbours whose text together is a piece, the best score first.
 *
 * tokens     by symbol: its text; symbols beyond the vocabulary are single characters that are no piece
 * mergeable  which ids may be the result of a merge
 * note       told of each merge that is found; where it answers true the pair is not remembered but told again
 */
export function createScoreMerges(
  tokens: readonly string[],
  ids: ReadonlyMap<string, number>,
  scores: Float32Array,
  mergeable: (id: number) => boolean,
  note?: (left: number, right: number, id: number) => boolean,
): Merges {
  const priority = ranksOf(scores);
  const result = new Int32Array(scores.length);
  for (let id = 0; id < result.length; id++) result[id] = id;
  // Which pairs merge is found out when they first meet; value 0: they do not, else the id + 1.
  let table = createPairTable(1 << 12);
  return {
    priority,
    result,
    find(left, right) {
      const known = findPair(table, left, right);
      if (known >= 0) return known - 1;
      const merged = ids.get(tokens[left] + tokens[right]);
      const value = merged !== undefined && mergeable(merged) ? merged + 1 : 0;
      if (value > 0 && note?.(left, right, value - 1)) return value - 1;
      if (table.count >= MAX_LAZY_PAIRS) table = createPairTable(1 << 12);
      setPair(table, left, right, value);
      return value - 1;
    },
  };
}

/** The place of each score among all, 0 for the best; equal scores share one. */
function ranksOf(scores: Float32Array): Int32Array {
  const sorted = scores.toSorted();
  const ranks = new Int32Array(scores.length);
  for (let i = 0; i < scores.length; i++) {
    // how many lie at or below it: the same for equal ones
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] > scores[i]) high = middle;
      else low = middle + 1;
    }
    ranks[i] = sorted.length - low;
  }
  return ranks;
}

/**
 * Byte-level BPE on raw text: the bytes of a piece are its first symbols, no stand-in characters are made.
 *
 * @throws {BaimoError} `format` while encoding, when a byte has no token and there is no unknown token
 */
export function createByteLevelBpe(options: BpeOptions & { unknownId?: number }): PieceModel {
  const { ids, merges, ignoreMerges, unknownId } = options;
  const byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => ids.get(character) ?? unknownId ?? -1);
  const complete = byteIds.every((id) => id >= 0);
  const merge = createMerger(merges);
  const cache = createWordCache();
  let bytes = new Uint8Array(1024);
  let symbols = new Int32Array(1024);

  const encodeWord = (text: string, start: number, end: number, out: number[]) => {
    const room = (end - start) * 3;
    if (room > bytes.length) {
      bytes = new Uint8Array(room * 2);
      symbols = new Int32Array(room * 2);
    }
    const n = writeUtf8(text, start, end, bytes);
    if (ignoreMerges) {
      let word = "";
      for (let i = 0; i < n; i++) word += BYTE_CHARACTERS[bytes[i]];
      const id = ids.get(word);
      if (id !== undefined) {
        out.push(id);
        return;
      }
    }
    let count = n;
    if (complete) {
      for (let i = 0; i < n; i++) symbols[i] = byteIds[bytes[i]];
    } else {
      // As in Hugging Face's library, a byte without a token and without an unknown token is dropped.
      count = 0;
      for (let i = 0; i < n; i++) if (byteIds[bytes[i]] >= 0) symbols[count++] = byteIds[bytes[i]];
    }
    const left = merge(symbols, count);
    for (let i = 0; i < left; i++) out.push(symbols[i]);
    if (bytes.length > 1 << 16) {
      bytes = new Uint8Array(1024);
      symbols = new Int32Array(1024);
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

/** Options of BPE over characters. */
export interface CharacterBpeOptions extends BpeOptions {
  unknownId?: number;
  /** Write neighbouring unknown characters as one unknown token. */
  fuseUnknown?: boolean;
  /** The id of each byte's token; a character that the vocabulary lacks is written as its bytes. */
  byteIds?: Int32Array;
  continuingPrefix?: string;
  endSuffix?: string;
  /** The symbol of a character that is in no token of its own but inside another's; see createScoreMerges. */
  extraSymbols?: ReadonlyMap<string, number>;
  /** Symbols at and beyond this number are characters, not ids: they are written as bytes or as unknown. */
  vocabSize?: number;
  /** Turns the symbol of an unused piece back into the symbols that it was merged from. */
  resegment?: (symbol: number, out: number[]) => void;
}

/** BPE whose first symbols are characters: SentencePiece's, and the classic one with its end-of-word suffix. */
export function createCharacterBpe(options: CharacterBpeOptions): PieceModel {
  const { ids, merges, ignoreMerges, unknownId, byteIds, continuingPrefix, endSuffix } = options;
  const fuse = options.fuseUnknown ?? false;
  const vocabSize = options.vocabSize ?? Number.MAX_SAFE_INTEGER;
  const merge = createMerger(merges);
  const cache = createWordCache();
  const affixes = Boolean(continuingPrefix || endSuffix);
  const canCut = !affixes && !ignoreMerges && !(fuse && unknownId !== undefined && !byteIds);
  const joins = canCut ? createJoinFilter(ids) : undefined;
  const extra = options.extraSymbols ? [...options.extraSymbols.keys()] : [];
  let symbols = new Int32Array(1024);

  const fallback = (character: string, count: number, fusable: boolean): number => {
    if (byteIds) {
      const bytes = toUtf8(character);
      if (bytes.every((b) => byteIds[b] >= 0)) {
        if (count + bytes.length > symbols.length) symbols = withRoom(symbols, count + bytes.length);
        for (let i = 0; i < bytes.length; i++) symbols[count + i] = byteIds[bytes[i]];
        return count + bytes.length;
      }
    }
    if (unknownId === undefined || (fuse && fusable)) return count;
    symbols[count] = unknownId;
    return count + 1;
  };

  const encodeWord = (text: string, start: number, end: number, out: number[]) => {
    const whole = ignoreMerges ? ids.get(text.slice(start, end)) : undefined;
    if (whole !== undefined) {
      out.push(whole);
      return;
    }
    const room = (end - start) * 4;
    if (room > symbols.length) symbols = new Int32Array(room);
    const limit = outputLimit(end - start);
    let n = 0;
    let wasUnknown = false;
    for (let i = start; i < end; ) {
      const width = text.codePointAt(i)! > 0xffff ? 2 : 1;
      const character = text.slice(i, i + width);
      let symbol = character;
      if (affixes) {
        if (i > start && continuingPrefix) symbol = continuingPrefix + symbol;
        if (i + width >= end && endSuffix) symbol += endSuffix;
      }
      const id = ids.get(symbol) ?? options.extraSymbols?.get(symbol);
      if (n === symbols.length) symbols = withRoom(symbols, n + 1);
      if (id !== undefined) symbols[n++] = id;
      else n = fallback(symbol, n, wasUnknown);
      checkOutput(n, limit, "BPE");
      wasUnknown = id === undefined;
      i += width;
    }
    n = merge(symbols, n);
    if (!options.resegment && vocabSize === Number.MAX_SAFE_INTEGER) {
      for (let i = 0; i < n; i++) out.push(symbols[i]);
    } else {
      writeSymbols(n, out);
    }
    if (symbols.length > 1 << 16) symbols = new Int32Array(1024);
  };

  const writeSymbols = (n: number, out: number[]) => {
    const pieces: number[] = [];
    for (let i = 0; i < n; i++) {
      if (options.resegment) options.resegment(symbols[i], pieces);
      else pieces.push(symbols[i]);
    }
    let wasUnknown = false;
    for (const piece of pieces) {
      if (piece < vocabSize) {
        out.push(piece);
        wasUnknown = false;
        continue;
      }
      const n = fallback(extra[piece - vocabSize], 0, wasUnknown);
      for (let i = 0; i < n; i++) out.push(symbols[i]);
      wasUnknown = true;
    }
  };

  const encodeCached = (text: string, start: number, end: number, out: number[]) => {
    if (end - start > MAX_CACHED_LENGTH) {
      encodeWord(text, start, end, out);
    } else if (!cache.find(text, start, end, out)) {
      const from = out.length;
      encodeWord(text, start, end, out);
      cache.add(text, start, end, out, from);
    }
  };

  return {
    encode(text, start, end, out) {
      if (!joins) {
        encodeCached(text, start, end, out);
        return;
      }
      let from = start;
      for (let i = start + 1; i < end; i++) {
        if (joins(text.charCodeAt(i - 1), text.charCodeAt(i))) continue;
        encodeCached(text, from, i, out);
        from = i;
      }
      if (from < end) encodeCached(text, from, end, out);
    },
  };
}

/** The same symbols with room for more of them. */
function withRoom(symbols: Int32Array, room: number): Int32Array<ArrayBuffer> {
  const bigger = new Int32Array(Math.max(room, symbols.length * 2));
  bigger.set(symbols);
  return bigger;
}

/**
 * Says whether two neighbouring code units may lie inside one token. Where they cannot, no merge crosses, and the text
 * may be cut there without any change of the result. May say yes too often (hash collisions), never no wrongly.
 */
function createJoinFilter(ids: ReadonlyMap<string, number>): (left: number, right: number) => boolean {
  const BITS = 22;
  const filter = new Uint8Array(1 << (BITS - 3));
  const slot = (left: number, right: number) =>
    (Math.imul((left << 16) | right, 0x9e3779b1) >>> (32 - BITS)) & ((1 << BITS) - 1);
  for (const token of ids.keys()) {
    for (let i = 1; i < token.length; i++) {
      const at = slot(token.charCodeAt(i - 1), token.charCodeAt(i));
      filter[at >> 3] |= 1 << (at & 7);
    }
  }
  return (left, right) => {
    const at = slot(left, right);
    return (filter[at >> 3] & (1 << (at & 7))) !== 0 || (right & 0xfc00) === 0xdc00;
  };
}
