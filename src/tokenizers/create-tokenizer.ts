// Builds the Tokenizer object from the parts that each format's reader prepares.
import { flag, text, tokenIds, withDefault } from "../option-kinds.ts";
import { call, readOptions, refusal, type TableOf } from "../options.ts";
import type { AddedTokenSplitter } from "./algorithms/added-tokens.ts";
import { createByteDecodeStream, createWindowDecodeStream } from "./algorithms/decode-stream.ts";
import { MAX_TOKEN_ID } from "./files/token-id.ts";
import type { PairWrapping } from "./text/post-processors.ts";
import { toWellFormed } from "./text/unicode.ts";
import type { DecodeOptions, DecodeStream, EncodeOptions, Tokenizer } from "./tokenizer.ts";

/** What a tokenizer is made of. */
export interface TokenizerParts {
  kind: string;
  /** By id: how the vocabulary writes the token. May have holes. */
  tokens: readonly (string | undefined)[];
  ids: ReadonlyMap<string, number>;
  special: ReadonlySet<number>;
  bosTokenId?: number;
  eosTokenIds: readonly number[];
  chatTemplate?: string;
  /** Further templates by name. */
  namedTemplates?: ReadonlyMap<string, string>;
  /** Texts by role; default: BOS and EOS as their ids say. */
  specialTokens?: Readonly<Record<string, string>>;
  /** Cuts a text at all added tokens, and at those that are not special. */
  splitters: { all?: AddedTokenSplitter; ordinary?: AddedTokenSplitter };
  /** Appends the ids of text between added tokens. `first`: it begins the input. */
  encodeText(text: string, first: boolean, parseSpecialTokens: boolean, out: number[]): void;
  /** The ids added before and after a text. */
  before: readonly number[];
  after: readonly number[];
  /** The ids around a pair of texts; default those of two texts one after the other. */
  pair?: PairWrapping;
  /** The text of ids, special ones already taken out where they are to be skipped. */
  decode(ids: readonly number[]): string;
  /** What `decode` is given in the place of a skipped id, where that parts the bytes around it. */
  gap?: number;
  /** The bytes of an id inside a text. */
  bytesOf(id: number): Uint8Array;
  /** Whether decoding is joining the bytes of the ids and nothing else. */
  joinsBytes?: boolean;
}

/** The options of `encode`, and those of `decode` and `createDecodeStream`, declared. */
export const encodeTable = {
  addSpecialTokens: withDefault(flag, true),
  parseSpecialTokens: withDefault(flag, false),
} satisfies TableOf<EncodeOptions>;
export const decodeTable = { skipSpecialTokens: withDefault(flag, true) } satisfies TableOf<DecodeOptions>;

const anyText = text({ least: 0, most: Infinity });

/** Makes a tokenizer. */
export function createTokenizer(parts: TokenizerParts): Tokenizer {
  const { tokens, ids, special, splitters } = parts;
  const knownIds = tokenIds(tokens.length);

  const encode = (text: string, options?: EncodeOptions): number[] => {
    anyText.read(text, "text", call("encode"));
    const { addSpecialTokens, parseSpecialTokens } = readOptions(options, encodeTable, call("encode"));
    const out: number[] = addSpecialTokens ? [...parts.before] : [];
    append(text, parseSpecialTokens, out);
    if (addSpecialTokens) for (const id of parts.after) out.push(id);
    return out;
  };

  const encodePair: Tokenizer["encodePair"] = (first, second) => {
    for (const text of [first, second]) anyText.read(text, "text", call("encodePair"));
    const { before, between, after, firstType } = parts.pair ?? {
      before: parts.before,
      between: [...parts.after, ...parts.before],
      after: parts.after,
    };
    const tokens = [...before];
    append(first, false, tokens);
    const middle = tokens.length;
    for (const id of between) tokens.push(id);
    const start = tokens.length;
    append(second, false, tokens);
    const end = tokens.length;
    for (const id of after) tokens.push(id);
    return { tokens, second: [start, end], typed: firstType === undefined ? undefined : middle + firstType };
  };

  /** Appends the ids of a text alone. */
  const append = (text: string, parseSpecialTokens: boolean, out: number[]) => {
    const wellFormed = toWellFormed(text);
    const splitter = parseSpecialTokens ? splitters.all : splitters.ordinary;
    if (splitter) {
      splitter(
        wellFormed,
        (part, start) => parts.encodeText(part, start === 0, parseSpecialTokens, out),
        (id) => out.push(id),
      );
    } else if (wellFormed !== "") {
      parts.encodeText(wellFormed, true, parseSpecialTokens, out);
    }
  };

  /** A stream is for what a model writes, and that may have more ids than the vocabulary. */
  const checkStreamed = (id: unknown): void => {
    if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < MAX_TOKEN_ID) return;
    throw refusal("value", "id", id, "a token id, a whole number from 0", call("DecodeStream.push"));
  };

  const known = (list: readonly number[], skip: boolean): number[] => {
    const kept: number[] = [];
    for (const id of list) {
      const isSkipped = skip && special.has(id);
      if (isSkipped && parts.gap !== undefined) kept.push(parts.gap);
      if (tokens[id] !== undefined && !isSkipped) kept.push(id);
    }
    return kept;
  };

  const skips = (options: DecodeOptions | undefined, where: string) =>
    readOptions(options, decodeTable, call(where)).skipSpecialTokens;

  const createDecodeStream = (options?: DecodeOptions): DecodeStream => {
    const skip = skips(options, "createDecodeStream");
    if (parts.joinsBytes) {
      return createByteDecodeStream((id) => {
        checkStreamed(id);
        return tokens[id] === undefined || (skip && special.has(id)) ? undefined : parts.bytesOf(id);
      });
    }
    const stream = createWindowDecodeStream((list) => parts.decode(known(list, skip)));
    return {
      push(id) {
        checkStreamed(id);
        return stream.push(id);
      },
      flush: () => stream.flush(),
    };
  };

  const chatTemplates = new Map(parts.namedTemplates);
  if (parts.chatTemplate !== undefined) chatTemplates.set("default", parts.chatTemplate);
  const textOf = (id: number | undefined) => (id === undefined ? undefined : tokens[id]);
  const byIds = { bos_token: textOf(parts.bosTokenId), eos_token: textOf(parts.eosTokenIds[0]) };
  const specialTokens = parts.specialTokens ?? byIds;
  return {
    kind: parts.kind,
    vocabSize: tokens.length,
    bosTokenId: parts.bosTokenId,
    eosTokenIds: parts.eosTokenIds,
    chatTemplate: parts.chatTemplate,
    chatTemplates,
    specialTokens: Object.fromEntries(
      Object.entries(specialTokens).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    encode,
    encodePair,
    decode(list, options) {
      const read = knownIds.read(list, "ids", call("decode"));
      return parts.decode(known(read, skips(options, "decode")));
    },
    createDecodeStream,
    tokenBytes: (id) => (tokens[id] === undefined ? new Uint8Array(0) : parts.bytesOf(id)),
    idToToken: (id) => tokens[id],
    tokenToId: (token) => ids.get(token),
    isSpecial: (id) => special.has(id),
  };
}

/** Decoding by joining bytes, each id's bytes computed once. */
export function createByteDecoder(bytesOfToken: (id: number) => Uint8Array): {
  decode(ids: readonly number[]): string;
  bytesOf(id: number): Uint8Array;
  joinsBytes: true;
} {
  const known = new Map<number, Uint8Array>();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytesOf = (id: number): Uint8Array => {
    let bytes = known.get(id);
    if (!bytes) {
      bytes = bytesOfToken(id);
      known.set(id, bytes);
    }
    return bytes;
  };
  return {
    bytesOf,
    joinsBytes: true,
    decode(ids) {
      let size = 0;
      for (const id of ids) size += bytesOf(id).length;
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const id of ids) {
        const part = bytesOf(id);
        bytes.set(part, at);
        at += part.length;
      }
      return decoder.decode(bytes);
    },
  };
}
