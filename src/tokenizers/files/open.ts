// openTokenizer: from a path (a folder or a file) or from parsed files.

import { BaimoError } from "../../errors.ts";
import { anything, instance, kindOf } from "../../option-kinds.ts";
import { call, isPlain, readFields, readOptions, refusal, type TableOf } from "../../options.ts";
import { POET } from "../../poet.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { VOCABULARIES } from "./file-names.ts";
import { tokenizerFromFiles } from "./from-files.ts";
import { type GgufTokenizerOptions, ggufTable, pairsKind, tokenizerFromGguf } from "./gguf.ts";
import { fileTable, type TokenizerFileOptions } from "./json.ts";
import {
  type FolderReader,
  readTokenizerFile,
  readTokenizerFiles,
  type TokenizerFiles,
} from "./read-folder.ts";

/** Where a tokenizer comes from: a path, the bytes of a file, or contents already read. */
export type TokenizerSource =
  | string
  | Uint8Array
  | ({ json: unknown } & TokenizerFileOptions)
  | ({ model: Uint8Array } & TokenizerFileOptions)
  | { metadata: ReadonlyMap<string, unknown> };

/** Files that are half a vocabulary or need the folder to be understood: the folder is opened for them. */
const parts = new Set(["vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json", "config.json"]);

const path = kindOf(
  "path",
  "a path, bytes, or an object with json, model or metadata",
  (value) => typeof value === "string",
  (value) => value !== "",
);

/** What a source may hold that is an object. */
const sourceTable = {
  json: anything,
  model: instance("a Uint8Array", Uint8Array),
  metadata: pairsKind,
  ...fileTable,
};

/** The options of `openTokenizer`, declared. */
export const openTokenizerTable = {
  ...fileTable,
  ...ggufTable,
} satisfies TableOf<TokenizerFileOptions & GgufTokenizerOptions>;

/**
 * Opens a tokenizer.
 *
 * source  a folder, a tokenizer.json, a tokenizer.model or a GGUF file (by path, Node, Deno and Bun only; the
 *         configuration files beside it are read too); the bytes of any of these files; parsed JSON; GGUF key-value
 *         pairs; "poet", the embedded model
 * @throws {BaimoError} `request` when nothing is there, `format` when a file is not what it should be
 */
export async function openTokenizer(
  source: TokenizerSource,
  given: TokenizerFileOptions & GgufTokenizerOptions = {},
): Promise<Tokenizer> {
  const door = call("openTokenizer");
  const options = readOptions(given, openTokenizerTable, door);
  if (source instanceof Uint8Array) return openFile(source, "the given bytes", empty, options);
  if (!isPlain(source)) return openPath(path.read(source, "source", door), options);
  const { json, model, metadata, ...own } = readFields(
    source,
    sourceTable,
    { name: "source", prefix: "source." },
    door,
  );
  const files = override({ ...options, json, model }, own);
  if (json !== undefined || model) return tokenizerFromFiles(files) as Tokenizer; // one of its forms is there
  if (metadata) return tokenizerFromGguf(metadata, { preTokenizer: options.preTokenizer });
  throw refusal("value", "source", source, path.allowed, door);
}

const empty: FolderReader = { read: async () => undefined };

async function openPath(
  path: string,
  options: TokenizerFileOptions & GgufTokenizerOptions,
): Promise<Tokenizer> {
  if (path === POET) return fromGgufFile(path, options);
  const { readFile, stat } = await import("node:fs/promises");
  const { basename, dirname, join } = await import("node:path");
  const info = await stat(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: there is no such file or folder`, { cause });
  });
  const name = basename(path);
  if (info.isFile() && name.endsWith(".gguf")) {
    return fromGgufFile(path, options);
  }
  const whole = info.isDirectory() || parts.has(name);
  const place = info.isDirectory() ? path : dirname(path);
  const folder: FolderReader = {
    name: place,
    read: (file) =>
      readFile(join(place, file)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
        throw new BaimoError("request", `${join(place, file)}: cannot be read (${cause.code})`, { cause });
      }),
  };
  if (!whole) return openFile(await readFile(path), name, folder, options);
  const tokenizer = tokenizerFromFiles(override(await readTokenizerFiles(folder), options));
  if (tokenizer) return tokenizer;
  throw new BaimoError("request", `${place}: holds no tokenizer; looked for ${VOCABULARIES}`);
}

async function fromGgufFile(path: string, options: GgufTokenizerOptions): Promise<Tokenizer> {
  const { openCheckpoint } = await import("../../formats/index.ts");
  const checkpoint = await openCheckpoint(path);
  try {
    return tokenizerFromGguf(checkpoint.metadata, { preTokenizer: options.preTokenizer });
  } finally {
    await checkpoint.close();
  }
}

async function openFile(
  bytes: Uint8Array,
  name: string,
  folder: FolderReader,
  options: TokenizerFileOptions,
): Promise<Tokenizer> {
  if (bytes[0] === 0x47 && bytes[1] === 0x47 && bytes[2] === 0x55 && bytes[3] === 0x46) {
    throw new BaimoError(
      "request",
      `${name}: a GGUF file; open it by its path, or read its key-value pairs and give them as { metadata }`,
    );
  }
  const files = override(await readTokenizerFile(bytes, name, folder), options);
  return tokenizerFromFiles(files) as Tokenizer; // the file is one of its forms
}

/** What the caller gives goes before what the folder says. */
function override(files: TokenizerFiles, options: TokenizerFileOptions): TokenizerFiles {
  return {
    json: files.json,
    model: files.model,
    modelConfig: files.modelConfig,
    config: options.config ?? files.config,
    generationConfig: options.generationConfig ?? files.generationConfig,
    chatTemplate: options.chatTemplate ?? files.chatTemplate,
    namedTemplates: options.namedTemplates ?? files.namedTemplates,
  };
}
