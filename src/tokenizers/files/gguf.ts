// Makes a tokenizer from a GGUF file's metadata, with llama.cpp's conventions.

import { BaimoError } from "../../errors.ts";
import { booleanOf, brief, stringOf } from "../../json.ts";
import { instance, text } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { type AddedToken, createAddedTokenSplitter } from "../algorithms/added-tokens.ts";
import {
  createByteLevelBpe,
  createCharacterBpe,
  createScoreMerges,
  type PieceModel,
  readMergeList,
} from "../algorithms/bpe.ts";
import { createUnigram } from "../algorithms/unigram.ts";
import { createWordPiece } from "../algorithms/wordpiece.ts";
import { createByteDecoder, createTokenizer } from "../create-tokenizer.ts";
import { readCharsmap } from "../text/charsmap.ts";
import { CHINESE } from "../text/normalizers.ts";
import { inSequence, type PreTokenizer, splitByPattern } from "../text/pre-tokenizers.ts";
import { createPieceNormalizer } from "../text/sentencepiece-normalizer.ts";
import {
  byteOfToken,
  bytesOfByteLevel,
  classOf,
  LETTER,
  MARK,
  PUNCTUATION,
  SPACE,
  SYMBOL,
  toUtf8,
} from "../text/unicode.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { endOfGenerationIds, isEndOfGeneration } from "./end-of-generation.ts";
import { GGUF_PRE_TOKENIZERS, type GgufPreTokenizer } from "./gguf-pre-tokenizers.ts";

/** Options of `tokenizerFromGguf`. */
export interface GgufTokenizerOptions {
  /** Stands in for the file's `tokenizer.ggml.pre`, where that is missing, wrong or not known. */
  preTokenizer?: string;
}

/** The same, declared. */
export const ggufTable = { preTokenizer: text({ most: 256 }) } satisfies TableOf<GgufTokenizerOptions>;

/** GGUF key-value pairs. */
export const pairsKind = instance("a Map of GGUF key-value pairs", Map<string, unknown>);

// Token types of GGUF, which are those of sentencepiece_model.proto.
export const NORMAL = 1;
export const UNKNOWN = 2;
export const CONTROL = 3;
export const USER_DEFINED = 4;
export const UNUSED = 5;
export const BYTE = 6;

/** The checked contents of `tokenizer.ggml.*`. */
interface GgufVocabulary {
  tokens: string[];
  ids: Map<string, number>;
  types: Uint8Array;
  scores?: Float32Array;
  metadata: Metadata;
}

/** Typed access to key-value pairs. */
interface Metadata {
  text(key: string): string | undefined;
  /** The texts under all keys that begin so, by what follows. */
  below(prefix: string): Map<string, string>;
  flag(key: string): boolean | undefined;
  id(key: string): number | undefined;
  list(key: string): ArrayLike<unknown> | undefined;
}

/**
 * Makes a tokenizer from GGUF key-value pairs: `tokenizer.ggml.model` llama, gpt2, gemma4, t5 or bert.
 *
 * @throws {BaimoError} `format` when keys are missing or do not fit, or when the tokenizer model or the pre-tokenizer
 * is not known
 */
export function tokenizerFromGguf(
  metadata: ReadonlyMap<string, unknown>,
  options: GgufTokenizerOptions = {},
): Tokenizer {
  const door = call("tokenizerFromGguf");
  const { preTokenizer } = readOptions(options, ggufTable, door);
  const keys = createMetadata(pairsKind.read(metadata, "metadata", door));
  const model = keys.text("tokenizer.ggml.model");
  if (model === undefined) {
    throw new BaimoError(
      "format",
      "gguf: no tokenizer.ggml.model; this file carries no tokenizer, open one beside it",
    );
  }
  const vocabulary = readVocabulary(keys);
  switch (model) {
    case "llama":
      return createSpm(vocabulary);
    case "gpt2":
    case "gemma4":
      return createBpe(vocabulary, preTokenizer ?? (model === "gemma4" ? "gemma4" : undefined));
    case "t5":
      return createUgm(vocabulary);
    case "bert":
      return createWpm(vocabulary);
    default:
      throw new BaimoError(
        "format",
        `gguf: tokenizer.ggml.model is ${brief(model)}; known are llama, gpt2, gemma4, t5 and bert`,
      );
  }
}

function createMetadata(metadata: ReadonlyMap<string, unknown>): Metadata {
  const read = <T>(key: string, check: (value: unknown, where: string) => T): T | undefined => {
    const value = metadata.get(key);
    return value === undefined ? undefined : check(value, `gguf: ${key}`);
  };
  return {
    text: (key) => read(key, stringOf),
    below(prefix) {
      const keys = [...metadata.keys()].filter((key) => key.startsWith(prefix));
      return new Map(keys.map((key) => [key.slice(prefix.length), read(key, stringOf) ?? ""]));
    },
    flag: (key) => read(key, (value, where) => booleanOf(value, false, where)),
    id: (key) => read(key, optionalIdOf),
    list: (key) => read(key, arrayLikeOf),
  };
}

/** A token id; files write 0xffffffff or -1 for "none". */
function optionalIdOf(value: unknown, where: string): number | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") {
    throw new BaimoError("format", `${where} must be a token id but is ${brief(value)}`);
  }
  const id = Number(value);
  return Number.isInteger(id) && id >= 0 && id < 0xffffffff ? id : undefined;
}

/** A JSON array or a typed one. */
function arrayLikeOf(value: unknown, where: string): ArrayLike<unknown> {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return value as Uint8Array;
  throw new BaimoError("format", `${where} must be an array but is ${brief(value)}`);
}

function readVocabulary(metadata: Metadata): GgufVocabulary {
  const list = metadata.list("tokenizer.ggml.tokens");
  if (!list) throw new BaimoError("format", "gguf: tokenizer.ggml.tokens is missing");
  const tokens = new Array<string>(list.length);
  const ids = new Map<string, number>();
  for (let id = 0; id < list.length; id++) {
    const token = list[id];
    if (typeof token !== "string") {
      throw new BaimoError(
        "format",
        `gguf: tokenizer.ggml.tokens[${id}] must be a string but is ${brief(token)}`,
      );
    }
    tokens[id] = token === "" ? `[EMPTY_${id}]` : token;
    if (!ids.has(tokens[id])) ids.set(tokens[id], id);
  }
  const numbers = (key: string): ArrayLike<number> | undefined => {
    const values = metadata.list(key);
    if (!values) return undefined;
    if (values.length < tokens.length) {
      throw new BaimoError("format", `gguf: ${key} has ${values.length} entries for ${tokens.length} tokens`);
    }
    for (let i = 0; i < tokens.length; i++) {
      if (typeof values[i] !== "number") {
        throw new BaimoError("format", `gguf: ${key}[${i}] must be a number but is ${brief(values[i])}`);
      }
    }
    return values as ArrayLike<number>;
  };
  const givenTypes = numbers("tokenizer.ggml.token_type");
  const types = new Uint8Array(tokens.length).fill(NORMAL);
  if (givenTypes) for (let id = 0; id < tokens.length; id++) types[id] = givenTypes[id];
  for (let id = 0; id < tokens.length; id++) if (isEndOfGeneration(tokens[id])) types[id] = CONTROL;
  const scores = numbers("tokenizer.ggml.scores");
  return {
    tokens,
    ids,
    types,
    scores: scores && Float32Array.from({ length: tokens.length }, (_, id) => scores[id]),
    metadata,
  };
}

/** What all GGUF tokenizers have in common. */
function common(vocabulary: GgufVocabulary, defaults: { bos?: number; eos?: number; unknown?: number }) {
  const { tokens, ids, types, metadata } = vocabulary;
  const id = (key: string, fallback?: number) => {
    const value = metadata.id(`tokenizer.ggml.${key}`) ?? fallback;
    return value !== undefined && value < tokens.length ? value : undefined;
  };
  const bos = id("bos_token_id", defaults.bos);
  const eos = id("eos_token_id", defaults.eos);
  const special = new Set<number>();
  const candidates: [string, number][] = [];
  const added: AddedToken[] = [];
  // Phi-3's special tokens swallow the white space after them, which GGUF has no field for (llama.cpp goes by the name).
  const name = (metadata.text("general.name") ?? "").toLowerCase();
  const phi3 = name.includes("phi-3") || name.includes("phi3");
  tokens.forEach((content, i) => {
    const type = types[i];
    if (type === CONTROL || type === UNKNOWN) special.add(i);
    if (type === CONTROL) candidates.push([content, i]);
    if (type !== CONTROL && type !== UNKNOWN && type !== USER_DEFINED) return;
    added.push({
      id: i,
      content,
      special: type !== USER_DEFINED,
      lstrip: false,
      rstrip: phi3 && !["<unk>", "<s>", "<|endoftext|>"].includes(content),
      singleWord: false,
      normalized: false,
    });
  });
  const fim = ["fim_pad", "fim_rep", "fim_sep"].map((role) => id(`${role}_token_id`));
  return {
    bos,
    eos,
    unknown: id("unknown_token_id", defaults.unknown),
    id,
    parts: {
      tokens,
      ids,
      special,
      bosTokenId: bos,
      eosTokenIds: endOfGenerationIds([eos, id("eot_token_id"), id("eom_token_id"), ...fim], candidates),
      chatTemplate: metadata.text("tokenizer.chat_template"),
      namedTemplates: metadata.below("tokenizer.chat_template."),
      splitters: {
        all: createAddedTokenSplitter(added),
        ordinary: createAddedTokenSplitter(added.filter((token) => !token.special)),
      },
    },
  };
}

/** BOS and EOS as the file asks for them. */
function wrapping(
  { metadata }: GgufVocabulary,
  { bos, eos }: { bos?: number; eos?: number },
  addBos: boolean,
  addEos: boolean,
) {
  const first = metadata.flag("tokenizer.ggml.add_bos_token") ?? addBos;
  const last = metadata.flag("tokenizer.ggml.add_eos_token") ?? addEos;
  const before = first && bos !== undefined ? [bos] : [];
  const after = last && eos !== undefined ? [eos] : [];
  const separator = metadata.flag("tokenizer.ggml.add_sep_token")
    ? metadata.id("tokenizer.ggml.seperator_token_id")
    : undefined;
  const between = separator === undefined ? after : [...after, separator];
  return { before, after, pair: { before, between, after } };
}

function byteIdsOf({ tokens, types }: GgufVocabulary): Int32Array | undefined {
  const byteIds = new Int32Array(256).fill(-1);
  let found = false;
  tokens.forEach((token, id) => {
    const b = types[id] === BYTE || types[id] === NORMAL ? byteOfToken(token) : -1;
    if (b >= 0) {
      byteIds[b] = id;
      found = true;
    }
  });
  return found ? byteIds : undefined;
}

function requireScores(vocabulary: GgufVocabulary): Float32Array {
  if (!vocabulary.scores) throw new BaimoError("format", "gguf: tokenizer.ggml.scores is missing");
  return vocabulary.scores;
}

/** SentencePiece BPE. */
function createSpm(vocabulary: GgufVocabulary): Tokenizer {
  const { tokens, ids, metadata } = vocabulary;
  const shared = common(vocabulary, { bos: 1, eos: 2, unknown: 0 });
  const { symbols, extraSymbols } = characterSymbols(tokens, ids);
  const model = createCharacterBpe({
    ids,
    merges: createScoreMerges(symbols, ids, requireScores(vocabulary), () => true),
    unknownId: shared.unknown,
    byteIds: byteIdsOf(vocabulary),
    extraSymbols,
    vocabSize: tokens.length,
  });
  const prefix = metadata.flag("tokenizer.ggml.add_space_prefix") ?? true;
  return createTokenizer({
    kind: "spm-bpe",
    ...shared.parts,
    ...wrapping(vocabulary, shared, true, false),
    encodeText(text, _first, _parse, out) {
      if (text === "") return;
      // Every stretch of text begins the input or follows a token, so that each gets its prefix.
      const escaped = (prefix ? ` ${text}` : text).replaceAll(" ", "▁");
      model.encode(escaped, 0, escaped.length, out);
    },
    ...pieceDecoder(vocabulary, prefix),
  });
}

/** The single characters inside tokens that are no tokens themselves: symbols from the size of the vocabulary up. */
export function characterSymbols(
  tokens: readonly string[],
  ids: ReadonlyMap<string, number>,
): { symbols: string[]; extraSymbols: Map<string, number> } {
  const symbols = [...tokens];
  const extraSymbols = new Map<string, number>();
  const seen = new Uint8Array(1 << 16); // characters of the basic plane
  for (const token of tokens) {
    for (let i = 0; i < token.length; i++) {
      const point = token.codePointAt(i)!;
      if (point > 0xffff) i++;
      else if (seen[point]) continue;
      else seen[point] = 1;
      const character = String.fromCodePoint(point);
      if (ids.has(character) || extraSymbols.has(character)) continue;
      extraSymbols.set(character, symbols.length);
      symbols.push(character);
    }
  }
  return { symbols, extraSymbols };
}

/** Pieces with ▁ for spaces and byte tokens, the first space taken away where one was added. */
function pieceDecoder({ tokens, types }: GgufVocabulary, dropFirstSpace: boolean) {
  const bytes = createByteDecoder((id) => {
    if (types[id] === BYTE) {
      const b = byteOfToken(tokens[id]);
      if (b >= 0) return Uint8Array.of(b);
    }
    return toUtf8(
      types[id] === NORMAL || types[id] === UNUSED ? tokens[id].replaceAll("▁", " ") : tokens[id],
    );
  });
  if (!dropFirstSpace) return bytes;
  return {
    bytesOf: bytes.bytesOf,
    decode(ids: readonly number[]) {
      const text = bytes.decode(ids);
      const first = ids.findIndex((id) => types[id] !== CONTROL);
      return first === 0 && text.startsWith(" ") ? text.slice(1) : text;
    },
  };
}

/** Byte-level BPE. */
function createBpe(vocabulary: GgufVocabulary, preTokenizer: string | undefined): Tokenizer {
  const { tokens, ids, types, metadata } = vocabulary;
  const name = preTokenizer ?? metadata.text("tokenizer.ggml.pre") ?? "default";
  const pre = GGUF_PRE_TOKENIZERS.get(name);
  if (!pre) {
    throw new BaimoError(
      "format",
      `gguf: tokenizer.ggml.pre is ${brief(name)}, a pre-tokenizer that is not known; give the name of one that is the same as the option preTokenizer (${[...GGUF_PRE_TOKENIZERS.keys()].slice(0, 6).join(", ")}, …)`,
    );
  }
  const merges = metadata.list("tokenizer.ggml.merges");
  if (!merges) throw new BaimoError("format", "gguf: tokenizer.ggml.merges is missing");
  const shared = common(vocabulary, {});
  const options = {
    ids,
    merges: readMergeList(merges, { ids, tokens, skipUnknown: true }, "gguf: tokenizer.ggml.merges"),
    ignoreMerges: pre.ignoreMerges,
  };
  const model: PieceModel = pre.characters
    ? createCharacterBpe({ ...options, byteIds: byteIdsOf(vocabulary) })
    : createByteLevelBpe(options);
  const split = patternsOf(pre, name);
  const bytes = createByteDecoder((id) => {
    const token = tokens[id];
    if (types[id] === CONTROL || types[id] === USER_DEFINED || types[id] === UNKNOWN) return toUtf8(token);
    const b = types[id] === BYTE ? byteOfToken(token) : -1;
    if (b >= 0) return Uint8Array.of(b);
    return pre.characters ? toUtf8(token.replaceAll("▁", " ")) : (bytesOfByteLevel(token) ?? toUtf8(token));
  });
  return createTokenizer({
    kind: pre.characters ? "spm-bpe" : "bpe",
    ...shared.parts,
    ...wrapping(vocabulary, shared, pre.addBos ?? false, false),
    encodeText(text, first, _parse, out) {
      const escaped = pre.characters ? text.replaceAll(" ", "▁") : text;
      split(escaped, 0, escaped.length, first, (piece, start, end) => model.encode(piece, start, end, out));
    },
    ...bytes,
  });
}

/** How a named pre-tokenizer cuts a text. */
export function patternsOf(pre: GgufPreTokenizer, name: string): PreTokenizer {
  return inSequence(
    pre.patterns.map((pattern) => splitByPattern(pattern, "Isolated", false, `gguf pre-tokenizer ${name}`)),
  );
}

/** SentencePiece Unigram. */
function createUgm(vocabulary: GgufVocabulary): Tokenizer {
  const { tokens, types, metadata } = vocabulary;
  const shared = common(vocabulary, { eos: 1, unknown: 2 });
  const scores = requireScores(vocabulary);
  let minScore = Number.POSITIVE_INFINITY;
  scores.forEach((score, id) => {
    if (types[id] === NORMAL) minScore = Math.min(minScore, score);
  });
  const model = createUnigram({
    tokens,
    scores,
    unknownId: shared.unknown,
    isMatchable: (id) => types[id] === NORMAL || types[id] === USER_DEFINED || types[id] === UNUSED,
    userDefinedScore: (id) => (types[id] === USER_DEFINED ? 0 : undefined),
    minScore,
    where: "gguf",
  });
  const blob = metadata.list("tokenizer.ggml.precompiled_charsmap");
  const map =
    blob && blob.length > 0 ? readCharsmap(bytesOfList(blob), "gguf: precompiled_charsmap") : undefined;
  const prefix = metadata.flag("tokenizer.ggml.add_space_prefix") ?? false;
  const normalize = createPieceNormalizer({
    map,
    keep: tokens.filter((_, id) => types[id] === USER_DEFINED),
    dummyPrefix: prefix,
    mergeSpaces: metadata.flag("tokenizer.ggml.remove_extra_whitespaces") ?? false,
    escape: true,
    llamaStyle: true,
  });
  return createTokenizer({
    kind: "unigram",
    ...shared.parts,
    ...wrapping(vocabulary, shared, false, true),
    encodeText(text, _first, _parse, out) {
      const normal = normalize(text);
      model.encode(normal, 0, normal.length, out);
    },
    ...pieceDecoder(vocabulary, prefix),
  });
}

function bytesOfList(list: ArrayLike<unknown>): Uint8Array {
  return Uint8Array.from({ length: list.length }, (_, i) => Number(list[i]) & 0xff);
}

/** WordPiece as llama.cpp does it: words begin with ▁, and every mark is stripped. */
function createWpm(vocabulary: GgufVocabulary): Tokenizer {
  const { tokens, ids, types, metadata } = vocabulary;
  const shared = common(vocabulary, { bos: metadata.id("tokenizer.ggml.cls_token_id") ?? 101, unknown: 100 });
  const separator = shared.id("seperator_token_id", 102);
  const lowercase = metadata.flag("tokenizer.ggml.normalizer.lowercase") ?? true;
  const stripAccents = metadata.flag("tokenizer.ggml.normalizer.strip_accents") ?? lowercase;
  if (shared.unknown === undefined) {
    throw new BaimoError("format", "gguf: tokenizer.ggml.unknown_token_id is outside the vocabulary");
  }
  const model = createWordPiece({
    ids,
    unknownId: shared.unknown,
    continuingPrefix: "",
    startPrefix: "▁",
  });
  const chinese = new RegExp(`[${CHINESE}]`, "u");
  const bytes = createByteDecoder((id) =>
    toUtf8(types[id] === CONTROL ? tokens[id] : tokens[id].replaceAll("▁", " ")),
  );
  return createTokenizer({
    kind: "wordpiece",
    ...shared.parts,
    before: shared.bos === undefined ? [] : [shared.bos],
    after: separator === undefined ? [] : [separator],
    pair:
      shared.bos === undefined || separator === undefined
        ? undefined
        : { before: [shared.bos], between: [separator], after: [separator], firstType: 1 },
    encodeText(text, _first, _parse, out) {
      let word = "";
      const flush = () => {
        if (word !== "") model.encode(word, 0, word.length, out);
        word = "";
      };
      for (const point of stripAccents ? firstOfDecompositions(text) : text) {
        const c = point.codePointAt(0) as number;
        const bits = classOf(c);
        if (bits & SPACE) {
          flush();
          continue;
        }
        if (c === 0 || c === 0xfffd || ((bits & LETTER) === 0 && /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(point)))
          continue;
        if (stripAccents && bits & MARK) continue;
        const lower = lowercase ? lowerOf(point) : point;
        if (bits & PUNCTUATION || (c < 0x7f && bits & SYMBOL) || chinese.test(point)) {
          flush();
          word = lower;
          flush();
        } else {
          word += lower;
        }
      }
      flush();
    },
    bytesOf: bytes.bytesOf,
    decode(list) {
      const text = bytes.decode(list);
      return text.startsWith(" ") ? text.slice(1) : text;
    },
  });
}

/** llama.cpp's "NFD": of each decomposition the first code point alone. */
function firstOfDecompositions(text: string): string {
  let out = "";
  for (const point of text) {
    const decomposed = point.normalize("NFD");
    out += decomposed === point ? point : String.fromCodePoint(decomposed.codePointAt(0) as number);
  }
  return out;
}

/** Simple lower case: a letter stays one letter. */
function lowerOf(point: string): string {
  const lower = point.toLowerCase();
  return [...lower].length === 1 ? lower : point;
}
