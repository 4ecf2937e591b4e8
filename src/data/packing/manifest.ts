// The manifest of a packed corpus: what its files are, and what they were made of.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BaimoError } from "../../errors.ts";
import { parseJson, recordOf } from "../../json.ts";
import { choice, fields, list, required, text, whole } from "../../option-kinds.ts";
import { type Door, type OptionsOf, readOptions, type Table } from "../../options.ts";
import { sha256 } from "../../sha256.ts";
import { MANIFEST_FILE } from "./packed-folder.ts";

export const PACKED_FORMAT = "baimo-packed-1";
export const EXAMPLES_FORMAT = "baimo-examples-1";

const digest = text({ least: 64, most: 64 });
const file = {
  file: required(text({ most: 255 })),
  bytes: required(whole({ min: 0 })),
  sha256: required(digest),
};

/** What manifest.json holds. */
const manifestTable = {
  format: required(choice(PACKED_FORMAT)),
  /** Of a token in the shards, little-endian. */
  dtype: required(choice("uint16", "uint32")),
  vocabSize: required(whole({ min: 1, max: 2 ** 32 })),
  /** Ends each document. */
  separator: required(whole({ min: 0 })),
  /** Of the tokenizer's file. */
  tokenizer: required(fields({ file: required(text()), sha256: required(digest) })),
  sequenceLength: required(whole({ min: 2, max: 1 << 24 })),
  documents: required(whole({ min: 1 })),
  /** Separators too. */
  tokens: required(whole({ min: 1 })),
  sequences: required(whole({ min: 1 })),
  pieces: required(whole({ min: 1 })),
  /** Tokens of all documents, one after the other; a document is within one shard. */
  shards: required(list(fields({ ...file, tokens: required(whole({ min: 1 })) }), { least: 1 })),
  /** Ids, JSON Lines: id, shard, start, tokens. */
  documentList: required(fields(file)),
  /** Four uint32 a piece: shard, first token in it, tokens, number of the document. */
  pieceList: required(fields(file)),
  /** One uint32 a sequence: its first piece; then the number of pieces. */
  sequenceList: required(fields(file)),
};

export type Manifest = OptionsOf<typeof manifestTable>;

/** What manifest.json holds where each sequence is an example by itself: a conversation or a pair. */
const examplesTable = {
  format: required(choice(EXAMPLES_FORMAT)),
  examples: required(whole({ min: 1 })),
  /** JSON Lines: id, tokens, and a number that changes with them. */
  documentList: required(fields(file)),
};

export type ExamplesManifest = OptionsOf<typeof examplesTable>;

/** Reads the manifest of a folder, with its hash. @throws {BaimoError} `request` where there is none, `format` where it is wrong */
export async function readManifest(folder: string): Promise<{ manifest: Manifest; hash: string }> {
  return readAs(folder, manifestTable, ({ shards, documentList, pieceList, sequenceList }) => [
    ...shards,
    documentList,
    pieceList,
    sequenceList,
  ]);
}

/** Likewise that of a list of examples. */
export async function readExamplesManifest(
  folder: string,
): Promise<{ manifest: ExamplesManifest; hash: string }> {
  return readAs(folder, examplesTable, ({ documentList }) => [documentList]);
}

/** Whether a folder has a list of examples, instead of packed sequences. */
export async function listsExamples(folder: string): Promise<boolean> {
  const path = join(folder, MANIFEST_FILE);
  return recordOf(parseJson(await bytesOf(folder), path), path).format === EXAMPLES_FORMAT;
}

async function readAs<T extends Table>(
  folder: string,
  table: T,
  filesOf: (manifest: OptionsOf<T>) => readonly { readonly file: string }[],
): Promise<{ manifest: OptionsOf<T>; hash: string }> {
  const path = join(folder, MANIFEST_FILE);
  const bytes = await bytesOf(folder);
  const door: Door = {
    refuse: ({ name, text: fault }) => new BaimoError("format", `${path}: ${name} ${fault}`),
  };
  const manifest = readOptions(parseJson(bytes, path), table, door);
  for (const { file: name } of filesOf(manifest))
    if (/[/\\]|^\.\.?$/.test(name))
      throw new BaimoError(
        "format",
        `${path}: names the file ${JSON.stringify(name)}, outside of its folder`,
      );
  return { manifest, hash: await sha256(bytes) };
}

function bytesOf(folder: string): Promise<Uint8Array> {
  return readFile(join(folder, MANIFEST_FILE)).catch((cause: unknown) => {
    throw new BaimoError(
      "request",
      `${folder}: has no ${MANIFEST_FILE}; baimo data pack makes such a folder, and baimo train in its out`,
      { cause },
    );
  });
}
