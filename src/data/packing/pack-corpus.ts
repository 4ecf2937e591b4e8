// packCorpus: the documents of files as tokens in shards, packed into sequences.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { BaimoError, throwIfAborted } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import { callback, required, text, whole, withDefault } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { sha256 } from "../../sha256.ts";
import { tokenizerFromJson } from "../../tokenizers/files/json.ts";
import type { Tokenizer } from "../../tokenizers/tokenizer.ts";
import { type CorpusOptions, columnsOf, corpusTable } from "../corpus-options.ts";
import { readDocuments } from "../documents/read-documents.ts";
import type { Manifest } from "./manifest.ts";
import { packDocuments, SHARD_TOKENS, type TokenDocument } from "./pack-documents.ts";

/** How documents become sequences. */
export interface PackCorpusOptions extends Omit<CorpusOptions, "threads"> {
  /** A new or empty folder. */
  output: string;
  /** A tokenizer.json. */
  tokenizer: string;
  /** Tokens of a sequence. */
  sequenceLength: number;
  /** The token that ends each document. Default `<|endoftext|>`. */
  separator?: string;
  /** Most tokens of a shard. Default 2^27. */
  shardTokens?: number;
  onProgress?: (counts: { documents: number; tokens: number }) => void;
}

/** The same, declared. */
export const packCorpusTable = {
  textColumns: corpusTable.textColumns,
  idColumn: corpusTable.idColumn,
  signal: corpusTable.signal,
  output: required(text()),
  tokenizer: required(text()),
  sequenceLength: required(whole({ min: 2, max: 1 << 24 })),
  separator: withDefault(text(), "<|endoftext|>"),
  shardTokens: withDefault(whole({ min: 1, max: 2 ** 30 }), SHARD_TOKENS),
  onProgress: callback<(counts: { documents: number; tokens: number }) => void>(),
} satisfies TableOf<PackCorpusOptions>;

/**
 * Writes a corpus as `packDocuments` does.
 * @throws {BaimoError} `request` for options or files that are wrong, `format` for damaged files, `aborted`
 */
export async function packCorpus(paths: readonly string[], given: PackCorpusOptions): Promise<Manifest> {
  const options = readOptions(given, packCorpusTable, call("packCorpus"));
  const { output, sequenceLength, shardTokens, onProgress } = options;
  const { tokenizer, hash } = await openTokenizerFile(options.tokenizer);
  const separator = tokenizer.tokenToId(options.separator);
  if (separator === undefined)
    throw new BaimoError(
      "request",
      `packCorpus: separator is "${options.separator}", which the tokenizer does not have; name the token that ends a document`,
      { option: "separator" },
    );
  async function* documents(): AsyncGenerator<TokenDocument, void> {
    for await (const { id, text: content } of readDocuments(paths, columnsOf(options))) {
      throwIfAborted(options.signal, "packing");
      const tokens = tokenizer.encode(content, { addSpecialTokens: false });
      tokens.push(separator as number); // it was looked up above
      yield { id, tokens };
    }
  }
  return packDocuments(documents(), {
    output,
    sequenceLength,
    vocabSize: tokenizer.vocabSize,
    separator,
    tokenizer: { file: basename(options.tokenizer), sha256: hash },
    shardTokens,
    onProgress,
  });
}

async function openTokenizerFile(path: string): Promise<{ tokenizer: Tokenizer; hash: string }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: cannot be read; expected a tokenizer.json`, { cause });
  });
  return { tokenizer: tokenizerFromJson(parseJson(bytes, path)), hash: await sha256(bytes) };
}
