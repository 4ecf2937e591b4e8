// Writes a tokenizer as GGUF key-value pairs, the inverse of gguf.ts.
//
// Keys and choices are those of convert_hf_to_gguf.py of llama.cpp.
//
// Keys and choices are those of convert_hf_to_gguf.py of llama.cpp.
import { BaimoError } from "../../errors.ts";
import { brief, recordOf } from "../../json.ts";
import { plain, text, whole } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { readPieceModel, tokenizerFromSentencePiece } from "../algorithms/sentencepiece.ts";
import { readPostProcessor, type Wrapping } from "../text/post-processors.ts";
import { type PreTokenizer, readPreTokenizer } from "../text/pre-tokenizers.ts";
import { byteOfToken } from "../text/unicode.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { BYTE, CONTROL, NORMAL, patternsOf, UNKNOWN, UNUSED, USER_DEFINED } from "./gguf.ts";
import { GGUF_PRE_TOKENIZERS } from "./gguf-pre-tokenizers.ts";
import { tokenizerFromJson } from "./json.ts";
import type { TokenizerFiles } from "./read-folder.ts";

/** A value and how GGUF stores it. */
export type GgufTokenizerValue =
  | { type: "STRING"; value: string }
  | { type: "BOOL"; value: boolean }
  | { type: "UINT32"; value: number }
  | { type: "STRING[]"; value: string[] }
  | { type: "FLOAT32[]"; value: Float32Array }
  | { type: "INT32[]"; value: Int32Array }
  | { type: "INT8[]"; value: Int8Array };

/** Options of `tokenizerToGguf`. */
export interface TokenizerToGgufOptions {
  /** Rows of the embedding matrix: the vocabulary is filled up to it, and cut at it. */
  vocabSize?: number;
  /** The name for `tokenizer.ggml.pre`, where none of the known ones cuts a text as this tokenizer does. */
  preTokenizer?: string;
}

/** The same, declared. */
export const toGgufTable = {
  vocabSize: whole({ min: 1, max: 1 << 24 }),
  preTokenizer: text({ most: 256 }),
} satisfies TableOf<TokenizerToGgufOptions>;

/**
 * Makes the `tokenizer.*` pairs of a GGUF file.
 *
 * files     `model` goes before `json`, whose merges tell less than scores
 * warnings  what GGUF cannot say and was left out
 * @throws {BaimoError} `format` for damaged files, `request` for a tokenizer that GGUF has no form for
 */
export function tokenizerToGguf(
  files: TokenizerFiles,
  given: TokenizerToGgufOptions = {},
): { pairs: Map<string, GgufTokenizerValue>; warnings: string[] } {
  const options = readOptions(given, toGgufTable, call("tokenizerToGguf"));
  plain.read(files, "files", call("tokenizerToGguf"));
  const draft = files.model ? draftFromPieces(files.model, files) : draftFromJson(files, options);
  const { tokenizer, pairs, warnings } = draft;
  const put = (key: string, value: string) => pairs.set(`tokenizer.ggml.${key}`, { type: "STRING", value });
  put("model", draft.model);
  put("pre", draft.pre);
  fillTokens(draft, options.vocabSize);
  pairs.set("tokenizer.ggml.tokens", { type: "STRING[]", value: draft.tokens });
  pairs.set("tokenizer.ggml.token_type", { type: "INT32[]", value: Int32Array.from(draft.types) });
  if (draft.scores) {
    pairs.set("tokenizer.ggml.scores", { type: "FLOAT32[]", value: Float32Array.from(draft.scores) });
  }
  if (draft.merges) pairs.set("tokenizer.ggml.merges", { type: "STRING[]", value: draft.merges });
  addSpecialIds(draft, files);
  if (tokenizer.chatTemplate !== undefined) {
    pairs.set("tokenizer.chat_template", { type: "STRING", value: tokenizer.chatTemplate });
  }
  const named = [...tokenizer.chatTemplates].filter(([name]) => name !== "default");
  for (const [name, value] of named) pairs.set(`tokenizer.chat_template.${name}`, { type: "STRING", value });
  if (named.length > 0)
    pairs.set("tokenizer.chat_templates", { type: "STRING[]", value: named.map(([name]) => name) });
  return { pairs, warnings };
}

/** What both kinds of files come to before it is written. */
interface Draft {
  model: "gpt2" | "llama" | "t5" | "bert";
  pre: string;
  tokenizer: Tokenizer;
  tokens: string[];
  types: number[];
  scores?: number[];
  merges?: string[];
  /** What stands around a text. */
  wrapping: Wrapping;
  unknownId?: number;
  pairs: Map<string, GgufTokenizerValue>;
  warnings: string[];
}

/** SentencePiece's pieces with their own scores and types. */
function draftFromPieces(bytes: Uint8Array, files: TokenizerFiles): Draft {
  const tokenizer = tokenizerFromSentencePiece(bytes, files);
  const file = readPieceModel(bytes);
  const bpe = file.modelType === 2;
  const pairs = new Map<string, GgufTokenizerValue>();
  const warnings: string[] = [];
  const tokens = [...file.pieces];
  const types = Array.from(file.types);
  const scores = Array.from(file.scores);
  // Tokens of the configuration come after the pieces, or stand in for some.
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const token = tokenizer.idToToken(id);
    if (token === undefined || (id < tokens.length && tokens[id] === token)) continue;
    tokens[id] = token;
    types[id] = addedType(token, tokenizer.isSpecial(id));
    scores[id] = -1000;
  }
  flag(pairs, "add_space_prefix", file.dummyPrefix);
  if (!bpe) {
    if (types.includes(BYTE)) warnings.push("byte fallback, which GGUF's Unigram tokenizer does not have");
    flag(pairs, "remove_extra_whitespaces", file.mergeSpaces);
    if (file.charsmap.length > 0) addCharsmap(pairs, file.charsmap);
  } else if (file.charsmap.length > 0 || file.mergeSpaces) {
    warnings.push("the normaliser of tokenizer.model, which GGUF has no key for with BPE");
  }
  if (file.spaceAsSuffix)
    warnings.push("that spaces stand at the ends of words (treat_whitespace_as_suffix)");
  const ids = (list: readonly number[]) => [...list];
  const around = tokenizer.encode("", { addSpecialTokens: true });
  const bos = tokenizer.bosTokenId;
  const before = around.length > 0 && around[0] === bos ? ids([around[0]]) : [];
  return {
    model: bpe ? "llama" : "t5",
    pre: "default",
    tokenizer,
    tokens,
    types,
    scores,
    pairs,
    warnings,
    wrapping: { before, after: ids(around.slice(before.length)) },
    unknownId: types.indexOf(UNKNOWN),
  };
}

function draftFromJson(files: TokenizerFiles, options: TokenizerToGgufOptions): Draft {
  if (files.json === undefined) {
    throw new BaimoError("request", "neither tokenizer.json nor tokenizer.model was given; one is needed");
  }
  const tokenizer = tokenizerFromJson(files.json, files);
  const file = recordOf(files.json, "tokenizer.json");
  const model = recordOf(file.model, "tokenizer.json: model");
  const added = new Map<number, { special: boolean }>();
  const stripping: string[] = [];
  if (Array.isArray(file.added_tokens)) {
    for (const entry of file.added_tokens) {
      const { content, special, lstrip, rstrip } = entry as Record<string, unknown> & { content: string };
      const id = tokenizer.tokenToId(content);
      if (id !== undefined) added.set(id, { special: special === true });
      if (lstrip === true || rstrip === true) stripping.push(content);
    }
  }
  const tokens: string[] = [];
  const types: number[] = [];
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const token = tokenizer.idToToken(id);
    const entry = added.get(id);
    if (token === undefined) {
      tokens.push(`[PAD${id}]`);
      types.push(UNUSED);
    } else {
      tokens.push(token);
      types.push(entry ? addedType(token, entry.special) : NORMAL);
    }
  }
  const wrapping = file.post_processor
    ? readPostProcessor(file.post_processor, "tokenizer.json: post_processor")
    : { before: [], after: [] };
  const unknown = typeof model.unk_token === "string" ? tokenizer.tokenToId(model.unk_token) : undefined;
  const draft: Draft = {
    model: "gpt2",
    pre: "default",
    tokenizer,
    tokens,
    types,
    wrapping,
    unknownId: unknown,
    pairs: new Map(),
    warnings: [],
  };
  if (stripping.length > 0) {
    draft.warnings.push(
      `that ${stripping.slice(0, 4).join(", ")}${stripping[4] ? ", …" : ""} take the spaces beside them`,
    );
  }
  const where = "tokenizer.json: pre_tokenizer";
  switch (tokenizer.kind) {
    case "bpe": {
      const read = file.pre_tokenizer ? readPreTokenizer(file.pre_tokenizer, where) : undefined;
      draft.pre =
        options.preTokenizer ?? findPreTokenizer(read?.split, model.ignore_merges === true, draft.warnings);
      draft.merges = mergesOf(model);
      warnOfNormalizer(file.normalizer, draft.warnings);
      return draft;
    }
    case "spm-bpe":
      draft.model = "llama";
      draft.scores = scoresOfMerges(model, draft);
      flag(draft.pairs, "add_space_prefix", addsPrefix(file));
      return draft;
    case "unigram": {
      draft.model = "t5";
      draft.unknownId = typeof model.unk_id === "number" ? model.unk_id : undefined;
      if (draft.unknownId !== undefined) types[draft.unknownId] = UNKNOWN;
      const vocabulary = model.vocab as [string, number][];
      draft.scores = tokens.map((_, id) => vocabulary[id]?.[1] ?? -1000);
      flag(draft.pairs, "add_space_prefix", addsPrefix(file));
      addUnigramNormalizer(file.normalizer, draft);
      return draft;
    }
    case "wordpiece": {
      draft.model = "bert";
      // Words begin with ▁ instead of going on with ##.
      const prefix =
        typeof model.continuing_subword_prefix === "string" ? model.continuing_subword_prefix : "##";
      draft.tokens = tokens.map((token, id) => {
        if (added.has(id) || /^\[.*\]$/.test(token)) return token;
        return token.startsWith(prefix) ? token.slice(prefix.length) : `▁${token}`;
      });
      addBertNormalizer(file.normalizer, draft.pairs);
      return draft;
    }
    default:
      throw new BaimoError(
        "request",
        `tokenizer.json: GGUF has no form for a tokenizer of kind ${brief(tokenizer.kind)}; BPE, Unigram and WordPiece can be written`,
      );
  }
}

function flag(pairs: Map<string, GgufTokenizerValue>, key: string, value: boolean): void {
  pairs.set(`tokenizer.ggml.${key}`, { type: "BOOL", value });
}

function addCharsmap(pairs: Map<string, GgufTokenizerValue>, charsmap: Uint8Array): void {
  const value = Int8Array.from(charsmap);
  pairs.set("tokenizer.ggml.precompiled_charsmap", { type: "INT8[]", value });
}

/** Some files do not mark as special what no text may contain; convert_hf_to_gguf.py goes by the look. */
function looksSpecial(token: string): boolean {
  return (
    ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].includes(token) ||
    /^<\|.*\|>$/s.test(token) ||
    /^<｜.*｜>$/s.test(token) ||
    /^<unused.*>$/s.test(token)
  );
}

const addedType = (token: string, special: boolean): number =>
  special || looksSpecial(token) ? CONTROL : USER_DEFINED;

/** Brings the vocabulary to the size of the embedding matrix. */
function fillTokens(draft: Draft, vocabSize = draft.tokens.length): void {
  const { tokens, types, scores, warnings } = draft;
  if (vocabSize < tokens.length) {
    warnings.push(`${tokens.length - vocabSize} tokens past the ${vocabSize} rows of the embedding`);
    tokens.length = vocabSize;
    types.length = vocabSize;
    if (scores) scores.length = vocabSize;
  }
  for (let id = tokens.length; id < vocabSize; id++) {
    tokens.push(`[PAD${id}]`);
    types.push(UNUSED);
    scores?.push(-10000);
  }
}

/** Merges as "left right"; a space inside is written as byte-level BPE writes it. */
function mergesOf(model: Record<string, unknown>): string[] {
  const list = Array.isArray(model.merges) ? model.merges : [];
  return list.map((merge: string | [string, string]) =>
    typeof merge === "string" ? merge : merge.map((part) => part.replaceAll(" ", "Ġ")).join(" "),
  );
}

/**
 * Scores for SentencePiece's BPE, which merges the pair whose result has the best score: the earlier a token can first be
 * made, the better.
 */
function scoresOfMerges(model: Record<string, unknown>, draft: Draft): number[] {
  const { tokenizer, tokens, types } = draft;
  const scores = new Array<number>(tokens.length).fill(0);
  const ranked = new Set<number>();
  for (const merge of Array.isArray(model.merges) ? model.merges : []) {
    const id = tokenizer.tokenToId(typeof merge === "string" ? merge.replace(" ", "") : merge.join(""));
    if (id === undefined || ranked.has(id)) continue;
    ranked.add(id);
    scores[id] = -ranked.size;
  }
  tokens.forEach((token, id) => {
    if (types[id] === NORMAL && byteOfToken(token) >= 0) types[id] = BYTE;
    if (types[id] === NORMAL && !ranked.has(id)) scores[id] = -ranked.size - 1 - id;
    if (types[id] === CONTROL && id === draft.unknownId) types[id] = UNKNOWN;
  });
  return scores;
}

/** Whether a space is put before a text. */
function addsPrefix(file: Record<string, unknown>): boolean {
  const stages = (value: unknown, list: string): Record<string, unknown>[] => {
    if (typeof value !== "object" || value === null) return [];
    const spec = value as Record<string, unknown>;
    const inner = spec[list];
    return Array.isArray(inner) ? inner.flatMap((stage) => stages(stage, list)) : [spec];
  };
  if (stages(file.normalizer, "normalizers").some(({ type }) => type === "Prepend")) return true;
  return stages(file.pre_tokenizer, "pretokenizers").some(
    ({ type, prepend_scheme, add_prefix_space }) =>
      type === "Metaspace" && prepend_scheme !== "never" && add_prefix_space !== false,
  );
}

function warnOfNormalizer(normalizer: unknown, warnings: string[]): void {
  if (normalizer === null || normalizer === undefined) return;
  const { type } = recordOf(normalizer, "tokenizer.json: normalizer");
  warnings.push(`the normaliser ${brief(type)}, which GGUF has no key for`);
}

/** SentencePiece's character map, where the normaliser has it; spaces are merged where a Replace does it. */
function addUnigramNormalizer(normalizer: unknown, draft: Draft): void {
  if (normalizer === null || normalizer === undefined) return;
  const where = "tokenizer.json: normalizer";
  const spec = recordOf(normalizer, where);
  const stages = Array.isArray(spec.normalizers) ? spec.normalizers : [spec];
  for (const stage of stages) {
    const { type, precompiled_charsmap: map, pattern, content } = recordOf(stage, where);
    const regex = (pattern as { Regex?: unknown } | undefined)?.Regex;
    if (type === "Precompiled" && typeof map === "string") addCharsmap(draft.pairs, fromBase64(map));
    else if (type === "Replace" && regex === " {2,}" && (content === " " || content === "▁"))
      flag(draft.pairs, "remove_extra_whitespaces", true);
    else if (type !== "Strip") warnOfNormalizer(stage, draft.warnings);
  }
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new BaimoError("format", "tokenizer.json: precompiled_charsmap is not base64", { cause });
  }
}

function addBertNormalizer(normalizer: unknown, pairs: Map<string, GgufTokenizerValue>): void {
  if (normalizer === null || normalizer === undefined) return;
  const { lowercase, strip_accents } = recordOf(normalizer, "tokenizer.json: normalizer");
  if (typeof lowercase === "boolean") flag(pairs, "normalizer.lowercase", lowercase);
  if (typeof strip_accents === "boolean") flag(pairs, "normalizer.strip_accents", strip_accents);
}

/** Keys of ids by the names that the tokenizer's configuration and config.json use. */
const roles = {
  bos: "bos_token_id",
  eos: "eos_token_id",
  unk: "unknown_token_id",
  sep: "seperator_token_id", // llama.cpp's spelling
  pad: "padding_token_id",
  cls: "cls_token_id",
  mask: "mask_token_id",
} as const;

function addSpecialIds(draft: Draft, files: TokenizerFiles): void {
  const { tokenizer, tokens, pairs, wrapping, warnings } = draft;
  const config = (files.config ?? {}) as Record<string, unknown>;
  const model = (files.modelConfig ?? {}) as Record<string, unknown>;
  const found: Partial<Record<keyof typeof roles, number>> = {};
  for (const role of Object.keys(roles) as (keyof typeof roles)[]) {
    const named = config[`${role}_token`] as string | { content?: string } | null | undefined;
    const content = typeof named === "string" ? named : named?.content;
    let id = content === undefined ? undefined : tokenizer.tokenToId(content);
    const declared = model[`${role}_token_id`];
    if (id === undefined && named === undefined && typeof declared === "number") id = declared;
    if (id !== undefined && id >= 0 && id < tokens.length) found[role] = id;
  }
  if (draft.unknownId !== undefined && draft.unknownId >= 0) found.unk ??= draft.unknownId;
  found.bos ??= tokenizer.bosTokenId ?? found.cls;
  found.eos ??= tokenizer.eosTokenIds[0] ?? found.sep;
  // A single token in front is BOS to GGUF, whatever its name; one behind is EOS.
  const { before, after, pair } = wrapping;
  if (before.length === 1) found.bos ??= before[0];
  if (after.length === 1) found.eos ??= after[0];
  if (draft.model === "bert") {
    found.cls ??= before[0];
    found.sep ??= after[0];
  }
  // One more stands between the texts of a pair.
  const separates = pair !== undefined && pair.between.length === after.length + 1;
  if (separates) found.sep ??= pair.between.at(-1);
  for (const [role, id] of Object.entries(found) as [keyof typeof roles, number | undefined][]) {
    if (id === undefined) continue;
    pairs.set(`tokenizer.ggml.${roles[role]}`, { type: "UINT32", value: id });
  }
  // Other ends of an answer; GGUF has two more places.
  const others = tokenizer.eosTokenIds.filter((id) => id !== found.eos && id < tokens.length);
  others.slice(0, 2).forEach((id, i) => {
    pairs.set(`tokenizer.ggml.${["eot", "eom"][i]}_token_id`, { type: "UINT32", value: id });
  });
  if (draft.model === "bert") return; // [CLS] and [SEP] are always added
  const single = (list: readonly number[], id: number | undefined, place: string): boolean => {
    const fits = list.length === 0 || (list.length === 1 && list[0] === id);
    if (!fits) {
      const names = list.map((token) => tokenizer.idToToken(token)).join(" ");
      warnings.push(`that ${names} stands ${place} every text; GGUF has a place for one token, BOS or EOS`);
    }
    return fits && list.length === 1;
  };
  flag(pairs, "add_bos_token", single(before, found.bos, "before"));
  flag(pairs, "add_eos_token", single(after, found.eos, "after"));
  if (separates) flag(pairs, "add_sep_token", true);
}

/** Names that llama.cpp's converter writes, where several mean the same. */
const preferred = ["llama-bpe", "gpt-2", "starcoder", "qwen2", "dbrx", "gpt-4o", "bloom", "deepseek-v3"];

/** Texts that every pre-tokenizer of the table cuts in its own way. */
export const PROBES: readonly string[] = [
  "I've 'RE it's  We'll DON'T 1 12 123 1234 12345 123456 x1234567 ３.14 1,234,567\n\n \t\r\n  a  b\n c   it'sabc we'llx  12   3456 ",
  "Hello, World! camelCase HTTPServer iPhone's ABC'd naïve café Ελλάδα Привет, мир… don’t `code` $5+<=>^~| #tag @a_b /path/x //",
  "我想在apple工作1314天～「你好」，。！？……ひらがなカタカナ 한국어 문장 ㄱㄴ ไทย ភាសា မြန်မာ العربية १२३ ①②½ Ⅷ e\u0301 a\u0308b 𝒳 🚀👨‍👩‍👧 \u00a0\u3000x",
  "(a) [b] {c} ------====== ''''''```\"\"\"\"......!!!!!!?????? :: ;; -> => x=y+z; foo.bar(baz)\n/* c */\r\n\tint i=0;\n\n\n<sentinel:12> IMGIMGABZ 。) (.",
  ` ${" ".repeat(700)}x\n${" ".repeat(9)}y 〜ー゠ ﾃｽﾄ \ud55c\uae00 /\n/x!\n?\r`,
];

/** The name of the pre-tokenizer that cuts as this one does. */
function findPreTokenizer(
  split: PreTokenizer | undefined,
  ignoreMerges: boolean,
  warnings: string[],
): string {
  const pieces = (cut: PreTokenizer | undefined): string => {
    const list: string[] = [];
    for (const text of PROBES) {
      if (cut)
        cut(text, 0, text.length, true, (t, start, end) => start < end && list.push(t.slice(start, end)));
      else list.push(text);
    }
    return list.join("\u0000");
  };
  const wanted = pieces(split);
  const names = [...GGUF_PRE_TOKENIZERS.keys()];
  const candidates = [...preferred, ...names].filter((name) => {
    const pre = GGUF_PRE_TOKENIZERS.get(name)!;
    return pre.characters !== true && pieces(patternsOf(pre, name)) === wanted;
  });
  const exact = candidates.find(
    (name) => (GGUF_PRE_TOKENIZERS.get(name)!.ignoreMerges ?? false) === ignoreMerges,
  );
  if (exact) return exact;
  if (candidates.length > 0) {
    warnings.push(
      `ignore_merges: ${ignoreMerges}; "${candidates[0]}" cuts the same way but has the opposite`,
    );
    return candidates[0];
  }
  throw new BaimoError(
    "request",
    "tokenizer.json: its pre-tokenizer cuts text as none does that GGUF has a name for; name the nearest (--pre), for example qwen2",
  );
}
