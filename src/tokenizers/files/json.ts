// Reads tokenizer.json, Hugging Face's format, with its configuration files.

import { BaimoError } from "../../errors.ts";
import { booleanOf, brief, isRecord, listOf, numberOf, recordOf, stringOf } from "../../json.ts";
import { anything, instance, plain, text } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { type AddedToken, createAddedTokenSplitter } from "../algorithms/added-tokens.ts";
import { createByteLevelBpe, createCharacterBpe, type PieceModel, readMergeList } from "../algorithms/bpe.ts";
import { createUnigram } from "../algorithms/unigram.ts";
import { createWordLevel, createWordPiece } from "../algorithms/wordpiece.ts";
import { createByteDecoder, createTokenizer } from "../create-tokenizer.ts";
import { type Decoder, readDecoder, toBytes } from "../text/decoders.ts";
import { type Normalizer, readNormalizer } from "../text/normalizers.ts";
import { readPostProcessor, type Wrapping } from "../text/post-processors.ts";
import { readPreTokenizer } from "../text/pre-tokenizers.ts";
import { toByteLevel, toUtf8 } from "../text/unicode.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { endOfGenerationIds } from "./end-of-generation.ts";
import { namedTokens } from "./special-tokens.ts";
import { tokenIdOf } from "./token-id.ts";

/** What stands beside a tokenizer file. */
export interface TokenizerFileOptions {
  /** The parsed tokenizer_config.json. */
  config?: unknown;
  /** The parsed generation_config.json: its `eos_token_id`. */
  generationConfig?: unknown;
  /** The template of chat_template.jinja, which goes before the configuration's. */
  chatTemplate?: string;
  /** The templates of the folder additional_chat_templates, by name. */
  namedTemplates?: ReadonlyMap<string, string>;
}

/** The same, declared. */
export const fileTable = {
  config: plain,
  generationConfig: plain,
  chatTemplate: text({ least: 0, most: 1 << 24 }),
  namedTemplates: instance("a Map of templates by name", Map<string, string>),
} satisfies TableOf<TokenizerFileOptions>;
/** The same, where what `readTokenizerFiles` read may be given as it is: the files themselves come first. */
export const filesTable = { ...fileTable, json: anything, model: anything, modelConfig: anything };

/**
 * Makes a tokenizer from a parsed tokenizer.json.
 *
 * @throws {BaimoError} `format` naming the place, also for every component that is not known
 */
export function tokenizerFromJson(json: unknown, given: TokenizerFileOptions = {}): Tokenizer {
  const options = readOptions(given, filesTable, call("tokenizerFromJson"));
  const where = "tokenizer.json";
  const file = recordOf(json, where);
  const model = recordOf(file.model, `${where}: model`);
  const vocabulary = readVocabulary(model, `${where}: model.vocab`);
  const normalize: Normalizer | undefined = isNone(file.normalizer)
    ? undefined
    : readNormalizer(file.normalizer, `${where}: normalizer`);
  const added = readAddedTokens(file.added_tokens, vocabulary, `${where}: added_tokens`);
  addConfigTokens(added, vocabulary, options.config);
  const pre = isNone(file.pre_tokenizer)
    ? undefined
    : readPreTokenizer(file.pre_tokenizer, `${where}: pre_tokenizer`);
  const wrap: Wrapping = isNone(file.post_processor)
    ? { before: [], after: [] }
    : readPostProcessor(file.post_processor, `${where}: post_processor`);
  const { encodePiece, kind } = readModel(model, vocabulary, pre?.byteLevel ?? false, `${where}: model`);

  const inner = createInnerSplitters(added, normalize);
  const encodeSection = (text: string, first: boolean, out: number[]) => {
    if (!pre) {
      encodePiece.encode(text, 0, text.length, out);
      return;
    }
    pre.split(text, 0, text.length, first, (piece, start, end) => {
      if (start < end) encodePiece.encode(piece, start, end, out);
    });
  };
  const encodeText = (text: string, first: boolean, parseSpecialTokens: boolean, out: number[]) => {
    const normal = normalize ? normalize(text) : text;
    if (normal === "") return;
    const splitter = parseSpecialTokens ? inner.all : inner.ordinary;
    if (!splitter) {
      encodeSection(normal, first, out);
      return;
    }
    splitter(
      normal,
      (part, start) => encodeSection(part, first && start === 0, out),
      (id) => out.push(id),
    );
  };

  const special = new Set(added.filter((token) => token.special).map((token) => token.id));
  const outer = added.filter((token) => !token.normalized);
  const { tokens, ids } = vocabulary;
  return createTokenizer({
    kind,
    tokens,
    ids,
    special,
    ...readConfig(options, ids, special, tokens),
    splitters: {
      all: createAddedTokenSplitter(outer),
      ordinary: createAddedTokenSplitter(outer.filter((token) => !token.special)),
    },
    encodeText,
    before: wrap.before,
    after: wrap.after,
    pair: wrap.pair,
    ...readDecoding(file.decoder, vocabulary, added, normalize, `${where}: decoder`),
  });
}

function isNone(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

interface Vocabulary {
  tokens: (string | undefined)[];
  ids: Map<string, number>;
  /** Log-probabilities of a unigram model, by id. */
  scores?: Float64Array;
}

function readVocabulary(model: Record<string, unknown>, where: string): Vocabulary {
  const tokens: (string | undefined)[] = [];
  const ids = new Map<string, number>();
  if (Array.isArray(model.vocab)) {
    const scores = new Float64Array(model.vocab.length);
    model.vocab.forEach((entry: unknown, id) => {
      const [token, score] = listOf(entry, `${where}[${id}]`);
      tokens[id] = stringOf(token, `${where}[${id}][0]`);
      scores[id] = numberOf(score, `${where}[${id}][1]`);
      ids.set(tokens[id] as string, id);
    });
    return { tokens, ids, scores };
  }
  const vocab = recordOf(model.vocab, where);
  for (const token in vocab) {
    const id = tokenIdOf(vocab[token], where);
    ids.set(token, id);
  }
  fillTokens(tokens, ids);
  return { tokens, ids };
}

function fillTokens(tokens: (string | undefined)[], ids: ReadonlyMap<string, number>): void {
  let size = 0;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  for (let id = tokens.length; id < size; id++) tokens.push(undefined);
  for (const [token, id] of ids) tokens[id] = token;
}

function readAddedTokens(value: unknown, vocabulary: Vocabulary, where: string): AddedToken[] {
  if (isNone(value)) return [];
  const added: AddedToken[] = [];
  listOf(value, where).forEach((entry, i) => {
    const at = `${where}[${i}]`;
    const declared = tokenIdOf(recordOf(entry, at).id, `${at}.id`);
    const token = readAddedToken(entry, declared, at);
    if (token.content !== "") added.push({ ...token, id: vocabulary.ids.get(token.content) ?? declared });
  });
  for (const token of added) enter(token, vocabulary);
  return added;
}

function enter({ content, id }: AddedToken, { ids, tokens }: Vocabulary): void {
  ids.set(content, id);
  while (tokens.length <= id) tokens.push(undefined);
  tokens[id] = content;
}

/**
 * Adds the tokens of tokenizer_config.json that tokenizer.json lacks; whatever their ids there, those that are new follow
 * the vocabulary (transformers, tokenization_utils_fast.py, __init__).
 */
function addConfigTokens(added: AddedToken[], vocabulary: Vocabulary, config: unknown): void {
  const byId = isRecord(config) ? config.added_tokens_decoder : undefined;
  if (!isRecord(byId)) return;
  const known = new Set(added.map(({ content }) => content));
  const where = "tokenizer_config.json: added_tokens_decoder";
  for (const [key, spec] of Object.entries(byId).sort(([a], [b]) => Number(a) - Number(b))) {
    const at = `${where}[${brief(key)}]`;
    const token = readAddedToken(spec, tokenIdOf(Number(key), at), at);
    if (token.content === "" || known.has(token.content)) continue;
    known.add(token.content);
    const id = vocabulary.ids.get(token.content) ?? vocabulary.tokens.length;
    added.push({ ...token, id });
    enter({ ...token, id }, vocabulary);
  }
}

/** One added token as tokenizer.json and tokenizer_config.json describe it. */
export function readAddedToken(value: unknown, id: number, where: string): AddedToken {
  const spec = recordOf(value, where);
  const special = booleanOf(spec.special, false, `${where}.special`);
  return {
    id,
    content: stringOf(spec.content, `${where}.content`),
    special,
    lstrip: booleanOf(spec.lstrip, false, `${where}.lstrip`),
    rstrip: booleanOf(spec.rstrip, false, `${where}.rstrip`),
    singleWord: booleanOf(spec.single_word, false, `${where}.single_word`),
    normalized: booleanOf(spec.normalized, !special, `${where}.normalized`),
  };
}

/** Splitters for the added tokens that are matched in normalised text, in their normalised form. */
function createInnerSplitters(added: readonly AddedToken[], normalize: Normalizer | undefined) {
  const inner = added
    .filter((token) => token.normalized)
    .map((token) => ({ ...token, content: normalize?.(token.content) ?? token.content }))
    .filter((token) => token.content !== "");
  return {
    all: createAddedTokenSplitter(inner),
    ordinary: createAddedTokenSplitter(inner.filter((token) => !token.special)),
  };
}

function readModel(
  model: Record<string, unknown>,
  vocabulary: Vocabulary,
  byteLevel: boolean,
  where: string,
): { encodePiece: PieceModel; kind: string } {
  const { ids } = vocabulary;
  // Files of the first versions leave the type out.
  const type = model.type ?? guessType(model);
  const mapped = (encodePiece: PieceModel): PieceModel =>
    byteLevel
      ? {
          encode(text, start, end, out) {
            const characters = toByteLevel(text.slice(start, end));
            encodePiece.encode(characters, 0, characters.length, out);
          },
        }
      : encodePiece;
  const idOf = (value: unknown, field: string): number | undefined => {
    if (isNone(value)) return undefined;
    const token = stringOf(value, `${where}.${field}`);
    const id = ids.get(token);
    if (id === undefined) {
      throw new BaimoError("format", `${where}.${field} is ${brief(token)}, which is not in the vocabulary`);
    }
    return id;
  };
  switch (type) {
    case "BPE": {
      const unknownId = idOf(model.unk_token || undefined, "unk_token");
      const continuingPrefix = isNone(model.continuing_subword_prefix)
        ? ""
        : stringOf(model.continuing_subword_prefix, `${where}.continuing_subword_prefix`);
      const endSuffix = isNone(model.end_of_word_suffix)
        ? ""
        : stringOf(model.end_of_word_suffix, `${where}.end_of_word_suffix`);
      const ignoreMerges = booleanOf(model.ignore_merges, false, `${where}.ignore_merges`);
      const merges = readMergeList(
        listOf(model.merges ?? [], `${where}.merges`),
        { ids, tokens: vocabulary.tokens, prefixLength: continuingPrefix.length },
        where,
      );
      if (byteLevel && continuingPrefix === "" && endSuffix === "") {
        return { encodePiece: createByteLevelBpe({ ids, merges, ignoreMerges, unknownId }), kind: "bpe" };
      }
      const byteIds = booleanOf(model.byte_fallback, false, `${where}.byte_fallback`)
        ? Int32Array.from({ length: 256 }, (_, b) => ids.get(byteToken(b)) ?? -1)
        : undefined;
      const encodePiece = createCharacterBpe({
        ids,
        merges,
        ignoreMerges,
        unknownId,
        fuseUnknown: booleanOf(model.fuse_unk, false, `${where}.fuse_unk`),
        byteIds,
        continuingPrefix,
        endSuffix,
      });
      return { encodePiece: mapped(encodePiece), kind: byteLevel ? "bpe" : "spm-bpe" };
    }
    case "Unigram": {
      const { scores, tokens } = vocabulary;
      if (!scores)
        throw new BaimoError("format", `${where}.vocab of a Unigram model must be a list of pairs`);
      const size = scores.length;
      const unknownId = isNone(model.unk_id) ? undefined : tokenIdOf(model.unk_id, `${where}.unk_id`);
      if (unknownId !== undefined && unknownId >= size) {
        throw new BaimoError(
          "format",
          `${where}.unk_id is ${unknownId} but the vocabulary has ${size} tokens`,
        );
      }
      const encodePiece = createUnigram({
        tokens: tokens.slice(0, size).map((token) => token ?? ""),
        scores,
        unknownId,
        byteIds: booleanOf(model.byte_fallback, false, `${where}.byte_fallback`)
          ? Int32Array.from({ length: 256 }, (_, b) => ids.get(byteToken(b)) ?? -1)
          : undefined,
        where,
      });
      return { encodePiece: mapped(encodePiece), kind: "unigram" };
    }
    case "WordPiece": {
      const unknownId = idOf(model.unk_token ?? "[UNK]", "unk_token") as number;
      const encodePiece = createWordPiece({
        ids,
        unknownId,
        continuingPrefix: stringOf(
          model.continuing_subword_prefix ?? "##",
          `${where}.continuing_subword_prefix`,
        ),
        maxCharacters: numberOf(model.max_input_chars_per_word ?? 100, `${where}.max_input_chars_per_word`),
      });
      return { encodePiece: mapped(encodePiece), kind: "wordpiece" };
    }
    case "WordLevel": {
      const unknown = model.unk_token;
      const unknownId = typeof unknown === "string" ? ids.get(unknown) : undefined;
      return { encodePiece: mapped(createWordLevel(ids, unknownId)), kind: "wordlevel" };
    }
    default:
      throw new BaimoError(
        "format",
        `${where}.type is ${brief(type)}; known are BPE, Unigram, WordPiece and WordLevel`,
      );
  }
}

function guessType(model: Record<string, unknown>): string {
  if (Array.isArray(model.vocab)) return "Unigram";
  if (model.merges !== undefined) return "BPE";
  return model.continuing_subword_prefix !== undefined ? "WordPiece" : "WordLevel";
}

function byteToken(b: number): string {
  return `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`;
}

function readDecoding(
  value: unknown,
  vocabulary: Vocabulary,
  added: readonly AddedToken[],
  normalize: Normalizer | undefined,
  where: string,
) {
  const { tokens } = vocabulary;
  // An added token that is matched in its normalised form is decoded from that form.
  const normalForms = new Map<number, string>();
  for (const token of added) {
    if (token.normalized && normalize) normalForms.set(token.id, normalize(token.content));
  }
  const tokenOf = (id: number) => normalForms.get(id) ?? (tokens[id] as string);
  const decoder: Decoder | undefined = isNone(value) ? undefined : readDecoder(value, where);
  if (!decoder) {
    return {
      decode: (ids: readonly number[]) => ids.map(tokenOf).join(" "),
      bytesOf: (id: number) => toUtf8(` ${tokenOf(id)}`),
    };
  }
  const bytesOf = (id: number) => toBytes(decoder.inside(tokenOf(id)));
  if (recordOf(value, where).type === "ByteLevel") return createByteDecoder(bytesOf);
  return { decode: (ids: readonly number[]) => decoder.decode(ids.map(tokenOf)).join(""), bytesOf };
}

/** What the configuration files say: special tokens by role, the template. */
export function readConfig(
  options: TokenizerFileOptions,
  ids: ReadonlyMap<string, number>,
  special: ReadonlySet<number>,
  tokens: readonly (string | undefined)[],
): {
  bosTokenId?: number;
  eosTokenIds: number[];
  chatTemplate?: string;
  namedTemplates?: ReadonlyMap<string, string>;
  specialTokens: Record<string, string>;
} {
  const config = isNone(options.config) ? {} : recordOf(options.config, "tokenizer_config.json");
  const generation = isNone(options.generationConfig)
    ? {}
    : recordOf(options.generationConfig, "generation_config.json");
  const tokenId = (name: string): number | undefined => {
    const value = config[name];
    const text =
      typeof value === "string" ? value : (value as { content?: unknown } | null | undefined)?.content;
    return typeof text === "string" ? ids.get(text) : undefined;
  };
  const generationEos = Array.isArray(generation.eos_token_id)
    ? generation.eos_token_id
    : [generation.eos_token_id];
  const declared = [tokenId("eos_token"), tokenId("eot_token")];
  for (const id of generationEos) if (typeof id === "number" && tokens[id] !== undefined) declared.push(id);
  const candidates = [...special].map((id) => [tokens[id] ?? "", id] as const);
  const generationBos = typeof generation.bos_token_id === "number" ? generation.bos_token_id : undefined;
  // A configuration that says null says that there is none.
  const bosTokenId = "bos_token" in config ? tokenId("bos_token") : generationBos;
  const eosTokenIds = endOfGenerationIds(declared, candidates);
  const specialTokens = namedTokens(config);
  const byIds = { bos: bosTokenId, eos: eosTokenIds[0] };
  for (const [role, id] of Object.entries(byIds)) {
    const text = id === undefined ? undefined : tokens[id];
    if (text !== undefined && !(`${role}_token` in config)) specialTokens[`${role}_token`] = text;
  }
  const named = new Map([...readNamedTemplates(config.chat_template), ...(options.namedTemplates ?? [])]);
  const plain = typeof config.chat_template === "string" ? config.chat_template : undefined;
  return {
    bosTokenId,
    eosTokenIds,
    chatTemplate: options.chatTemplate ?? plain ?? named.get("default"),
    namedTemplates: named,
    specialTokens,
  };
}

/** A list of named templates. */
function readNamedTemplates(value: unknown): [name: string, template: string][] {
  if (isNone(value) || typeof value === "string") return [];
  const where = "tokenizer_config.json: chat_template";
  if (isRecord(value)) {
    return Object.entries(value).map(([name, template]) => [name, stringOf(template, `${where}.${name}`)]);
  }
  return listOf(value, where).map((entry, i) => {
    const { name, template } = recordOf(entry, `${where}[${i}]`);
    return [stringOf(name, `${where}[${i}].name`), stringOf(template, `${where}[${i}].template`)];
  });
}
