// Reads tokenizer.model, SentencePiece's format: BPE and Unigram.

import { BaimoError } from "../../errors.ts";
import { recordOf } from "../../json.ts";
import { instance } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { createTokenizer } from "../create-tokenizer.ts";
import { endOfGenerationIds } from "../files/end-of-generation.ts";
import { BYTE, CONTROL, characterSymbols, NORMAL, UNKNOWN, UNUSED, USER_DEFINED } from "../files/gguf.ts";
import { filesTable, readAddedToken, readConfig, type TokenizerFileOptions } from "../files/json.ts";
import { readProtobuf } from "../files/protobuf.ts";
import { tokenIdOf } from "../files/token-id.ts";
import { readCharsmap } from "../text/charsmap.ts";
import { createPieceNormalizer } from "../text/sentencepiece-normalizer.ts";
import { byteOfToken, fromUtf8, toUtf8, utf8Length } from "../text/unicode.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { type AddedToken, createAddedTokenSplitter } from "./added-tokens.ts";
import { createCharacterBpe, createScoreMerges, type PieceModel } from "./bpe.ts";
import { createUnigram } from "./unigram.ts";

const WHERE = "tokenizer.model";
/** In the place of a skipped id: bytes on its two sides are no character. */
const GAP = -1;
const REPLACEMENT = "\ufffd";

/** What a SentencePiece model holds, as far as it is used. */
export interface PieceModelFile {
  pieces: string[];
  scores: Float32Array;
  types: Uint8Array;
  modelType: number;
  unknownSurface: string;
  bosId: number;
  eosId: number;
  spaceAsSuffix: boolean;
  charsmap: Uint8Array;
  dummyPrefix: boolean;
  mergeSpaces: boolean;
  escapeSpaces: boolean;
}

/**
 * Makes a tokenizer from the bytes of a SentencePiece model.
 *
 * BOS and EOS are added as `add_bos_token` and `add_eos_token` of the configuration say; without it BPE models (Llama)
 * get BOS and Unigram models (T5) get EOS.
 * @throws {BaimoError} `format` when the file is damaged or of a kind that is not known
 */
export function tokenizerFromSentencePiece(bytes: Uint8Array, given: TokenizerFileOptions = {}): Tokenizer {
  const door = call("tokenizerFromSentencePiece");
  const options = readOptions(given, filesTable, door);
  const file = readPieceModel(instance("a Uint8Array", Uint8Array).read(bytes, "bytes", door));
  const { pieces, types } = file;
  const ids = new Map<string, number>();
  pieces.forEach((piece, id) => {
    if (!ids.has(piece)) ids.set(piece, id);
  });
  const bpe = file.modelType === 2;
  if (!bpe && file.modelType !== 1) {
    throw new BaimoError(
      "format",
      `${WHERE}: model type ${file.modelType} is not supported; known are 1 (Unigram) and 2 (BPE)`,
    );
  }
  const unknownId = types.indexOf(UNKNOWN);
  if (unknownId < 0) throw new BaimoError("format", `${WHERE}: no piece is the unknown one`);

  const special = new Set<number>();
  const control: AddedToken[] = [];
  const userDefined: AddedToken[] = [];
  pieces.forEach((content, id) => {
    if (types[id] === CONTROL) special.add(id);
    if (types[id] !== CONTROL && types[id] !== USER_DEFINED) return;
    const isControl = types[id] === CONTROL;
    (isControl ? control : userDefined).push({
      id,
      content,
      special: isControl,
      lstrip: false,
      rstrip: false,
      singleWord: false,
      normalized: !isControl,
    });
  });
  const model = bpe ? createBpeModel(file, ids, unknownId) : createUnigramModel(file, ids, unknownId);
  const normalize = createPieceNormalizer({
    map: file.charsmap.length > 0 ? readCharsmap(file.charsmap, WHERE) : undefined,
    keep: userDefined.map((token) => token.content),
    dummyPrefix: file.dummyPrefix,
    mergeSpaces: file.mergeSpaces,
    escape: file.escapeSpaces,
    spaceAsSuffix: file.spaceAsSuffix,
  });
  // In BPE user-defined symbols are never merged; in Unigram their score sees to it.
  const frozen = bpe ? createAddedTokenSplitter(userDefined) : undefined;

  const config =
    options.config === undefined || options.config === null ? {} : recordOf(options.config, "config");
  const added = readAddedTokens(config.added_tokens_decoder, pieces);
  const tokens: (string | undefined)[] = [...pieces];
  for (const token of added) {
    while (tokens.length <= token.id) tokens.push(undefined);
    tokens[token.id] = token.content;
    ids.set(token.content, token.id);
    if (token.special) special.add(token.id);
  }
  const declared = readConfig(options, ids, special, tokens);
  const bos = declared.bosTokenId ?? (types[file.bosId] === CONTROL ? file.bosId : undefined);
  const eos = types[file.eosId] === CONTROL ? file.eosId : undefined;
  const addBos = typeof config.add_bos_token === "boolean" ? config.add_bos_token : bpe;
  const addEos = typeof config.add_eos_token === "boolean" ? config.add_eos_token : !bpe;
  return createTokenizer({
    kind: bpe ? "spm-bpe" : "unigram",
    tokens,
    ids,
    special,
    ...declared,
    specialTokens: {
      ...(bos === undefined ? {} : { bos_token: tokens[bos] ?? "" }),
      ...(eos === undefined ? {} : { eos_token: tokens[eos] ?? "" }),
      ...declared.specialTokens,
    },
    bosTokenId: bos,
    eosTokenIds: endOfGenerationIds(
      [...declared.eosTokenIds, eos],
      control.map((token) => [token.content, token.id] as const),
    ),
    splitters: {
      all: createAddedTokenSplitter([...control, ...added]),
      ordinary: createAddedTokenSplitter(added.filter((token) => !token.special)),
    },
    before: addBos && bos !== undefined ? [bos] : [],
    after: addEos && eos !== undefined ? [eos] : [],
    encodeText(text, _first, _parse, out) {
      const normal = normalize(text);
      if (!frozen) {
        model.encode(normal, 0, normal.length, out);
        return;
      }
      frozen(
        normal,
        (part) => model.encode(part, 0, part.length, out),
        (id) => out.push(id),
      );
    },
    decode: createDecode(file, tokens),
    gap: GAP,
    bytesOf: (id) => bytesInside(file, tokens, id),
  });
}

/** The tokens that tokenizer_config.json adds to the pieces (`added_tokens_decoder`, by id). */
function readAddedTokens(value: unknown, pieces: readonly string[]): AddedToken[] {
  if (value === undefined || value === null) return [];
  const where = "tokenizer_config.json: added_tokens_decoder";
  return Object.entries(recordOf(value, where))
    .map(([id, spec]) => readAddedToken(spec, tokenIdOf(Number(id), where), `${where}[${id}]`))
    .filter((token) => token.content !== "" && token.id >= pieces.length);
}

function createBpeModel(
  file: PieceModelFile,
  ids: ReadonlyMap<string, number>,
  unknownId: number,
): PieceModel {
  const { pieces, types, scores } = file;
  const inText = (id: number) => types[id] === NORMAL || types[id] === USER_DEFINED || types[id] === UNUSED;
  const { symbols, extraSymbols } = characterSymbols(pieces, ids);
  const splitOf = new Map<number, readonly [number, number]>();
  const resegment = (whole: number, out: number[]) => {
    const left = [whole]; // to be taken apart, the first last
    for (let symbol = left.pop(); symbol !== undefined; symbol = left.pop()) {
      const parts = types[symbol] === UNUSED ? splitOf.get(symbol) : undefined;
      if (parts) left.push(parts[1], parts[0]);
      else out.push(symbol);
    }
  };
  const hasUnused = types.includes(UNUSED);
  return createCharacterBpe({
    ids,
    merges: createScoreMerges(
      symbols,
      ids,
      scores,
      inText,
      hasUnused
        ? (left, right, id) => {
            if (types[id] !== UNUSED) return false;
            splitOf.set(id, [left, right]);
            return true;
          }
        : undefined,
    ),
    unknownId,
    fuseUnknown: true,
    byteIds: readByteIds(file),
    extraSymbols,
    vocabSize: pieces.length,
    resegment: hasUnused ? resegment : undefined,
  });
}

function createUnigramModel(
  file: PieceModelFile,
  _ids: ReadonlyMap<string, number>,
  unknownId: number,
): PieceModel {
  const { pieces, types, scores } = file;
  let minScore = Number.POSITIVE_INFINITY;
  let maxScore = Number.NEGATIVE_INFINITY;
  scores.forEach((score, id) => {
    if (types[id] !== NORMAL) return;
    minScore = Math.min(minScore, score);
    maxScore = Math.max(maxScore, score);
  });
  return createUnigram({
    tokens: pieces,
    scores,
    unknownId,
    isMatchable: (id) => types[id] === NORMAL || types[id] === USER_DEFINED,
    userDefinedScore: (id, length) => (types[id] === USER_DEFINED ? length * maxScore - 0.1 : undefined),
    byteIds: readByteIds(file),
    float32: true,
    minScore,
    where: WHERE,
  });
}

function readByteIds({ pieces, types }: PieceModelFile): Int32Array | undefined {
  if (!types.includes(BYTE)) return undefined;
  const byteIds = new Int32Array(256).fill(-1);
  pieces.forEach((piece, id) => {
    if (types[id] === BYTE && byteOfToken(piece) >= 0) byteIds[byteOfToken(piece)] = id;
  });
  return byteIds;
}

/** The bytes of an id inside a text. */
function bytesInside(
  { pieces, types, unknownSurface }: PieceModelFile,
  tokens: readonly (string | undefined)[],
  id: number,
): Uint8Array {
  if (types[id] === BYTE) return Uint8Array.of(byteOfToken(pieces[id]) & 0xff);
  if (types[id] === UNKNOWN) return toUtf8(unknownSurface);
  const isPiece = id < pieces.length && types[id] !== CONTROL;
  return toUtf8(isPiece ? pieces[id].replaceAll("▁", " ") : (tokens[id] ?? ""));
}

/** SentencePiece's Decode: bytes by character, the dummy prefix dropped, unknown pieces by their surface. */
function createDecode(
  file: PieceModelFile,
  tokens: readonly (string | undefined)[],
): (ids: readonly number[]) => string {
  const { pieces, types, dummyPrefix, mergeSpaces, unknownSurface } = file;
  return (ids) => {
    let text = "";
    let run: number[] = [];
    let atStart = true;
    let sawSpace = false;
    const flush = () => {
      for (let i = 0; i < run.length; ) {
        const length = utf8Length(run, i);
        text += length === 0 ? REPLACEMENT : fromUtf8(Uint8Array.from(run.slice(i, i + length)));
        i += Math.max(1, length);
      }
      run = [];
    };
    for (const id of ids) {
      if (types[id] === BYTE) {
        run.push(byteOfToken(pieces[id]) & 0xff);
        continue;
      }
      flush();
      if (sawSpace || text !== "") atStart = false;
      sawSpace = false;
      if (id === GAP) continue;
      if (types[id] === UNKNOWN) {
        text += unknownSurface;
        continue;
      }
      if (types[id] === CONTROL || id >= pieces.length) {
        text += tokens[id] ?? "";
        continue;
      }
      let piece = pieces[id];
      if (atStart && (dummyPrefix || mergeSpaces) && piece.startsWith("▁")) {
        piece = piece.slice(1);
        sawSpace = !mergeSpaces;
      }
      text += piece.replaceAll("▁", " ");
    }
    flush();
    return text;
  };
}

/** Reads a SentencePiece model without making a tokenizer of it. @throws {BaimoError} `format` when it is damaged */
export function readPieceModel(bytes: Uint8Array): PieceModelFile {
  const pieces: string[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  const file = {
    modelType: 1,
    unknownSurface: " \u2047 ",
    bosId: 1,
    eosId: 2,
    spaceAsSuffix: false,
    charsmap: new Uint8Array(0),
    dummyPrefix: true,
    mergeSpaces: true,
    escapeSpaces: true,
  };
  const bytesOf = (value: number | Uint8Array): Uint8Array => {
    if (typeof value === "number") {
      throw new BaimoError(
        "format",
        `${WHERE}: a number where a text or a message must be; is it a SentencePiece model?`,
      );
    }
    return value;
  };
  const numberOf = (value: number | Uint8Array): number => {
    if (typeof value !== "number") throw new BaimoError("format", `${WHERE}: a text where a number must be`);
    return value;
  };
  for (const { number, value } of readProtobuf(bytes, WHERE)) {
    if (number === 1) {
      let piece = "";
      let score = 0;
      let type = NORMAL;
      for (const field of readProtobuf(bytesOf(value), WHERE)) {
        if (field.number === 1) piece = fromUtf8(bytesOf(field.value));
        else if (field.number === 2) score = numberOf(field.value);
        else if (field.number === 3) type = numberOf(field.value);
      }
      if (piece === "") throw new BaimoError("format", `${WHERE}: piece ${pieces.length} is empty`);
      if (!Number.isFinite(score)) {
        throw new BaimoError("format", `${WHERE}: piece ${pieces.length} has the score ${score}`);
      }
      pieces.push(piece);
      scores.push(score);
      types.push(type);
    } else if (number === 2) {
      for (const field of readProtobuf(bytesOf(value), WHERE)) {
        if (field.number === 3) file.modelType = numberOf(field.value);
        else if (field.number === 24) file.spaceAsSuffix = numberOf(field.value) !== 0;
        else if (field.number === 41) file.bosId = numberOf(field.value) | 0;
        else if (field.number === 42) file.eosId = numberOf(field.value) | 0;
        else if (field.number === 44) file.unknownSurface = fromUtf8(bytesOf(field.value));
      }
    } else if (number === 3) {
      for (const field of readProtobuf(bytesOf(value), WHERE)) {
        if (field.number === 2) file.charsmap = bytesOf(field.value) as Uint8Array<ArrayBuffer>;
        else if (field.number === 3) file.dummyPrefix = numberOf(field.value) !== 0;
        else if (field.number === 4) file.mergeSpaces = numberOf(field.value) !== 0;
        else if (field.number === 5) file.escapeSpaces = numberOf(field.value) !== 0;
      }
    } else if (number === 5) {
      for (const field of readProtobuf(bytesOf(value), WHERE)) {
        if (field.number === 2 && bytesOf(field.value).length > 0) {
          throw new BaimoError("format", `${WHERE}: a denormaliser is not supported`);
        }
      }
    }
  }
  if (pieces.length === 0)
    throw new BaimoError("format", `${WHERE}: no pieces; is it a SentencePiece model?`);
  return { ...file, pieces, scores: Float32Array.from(scores), types: Uint8Array.from(types) };
}
