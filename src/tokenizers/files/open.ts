// openTokenizer: from a path (a folder or a file) or from parsed files.

import { BaimoError } from "../../errors.ts";
import { tokenizerFromSentencePiece } from "../algorithms/sentencepiece.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { type GgufTokenizerOptions, tokenizerFromGguf } from "./gguf.ts";
import { type TokenizerFileOptions, tokenizerFromJson } from "./json.ts";

/** Where a tokenizer comes from: a path, the bytes of a file, or contents already read. */
export type TokenizerSource =
  | string
  | Uint8Array
  | ({ json: unknown } & TokenizerFileOptions)
  | ({ model: Uint8Array } & TokenizerFileOptions)
  | { metadata: ReadonlyMap<string, unknown> };

/**
 * Opens a tokenizer.
 *
 * source  a folder, a tokenizer.json, a tokenizer.model or a GGUF file (by path, Node, Deno and Bun only; the
 *         configuration files beside it are read too); the bytes of any of these files; parsed JSON; GGUF key-value
 *         pairs
 * @throws {BaimoError} `request` when nothing is there, `format` when a file is not what it should be
 */
export async function openTokenizer(
  source: TokenizerSource,
  options: TokenizerFileOptions & GgufTokenizerOptions = {},
): Promise<Tokenizer> {
  if (typeof source === "string") return openPath(source, options);
  if (source instanceof Uint8Array) return fromBytes(source, options, "the given bytes");
  if ("json" in source) return tokenizerFromJson(source.json, { ...options, ...source });
  if ("model" in source) return tokenizerFromSentencePiece(source.model, { ...options, ...source });
  if ("metadata" in source) return tokenizerFromGguf(source.metadata, options);
  throw new BaimoError(
    "request",
    "openTokenizer expects a path, bytes, or an object with json, model or metadata",
  );
}

async function openPath(
  path: string,
  options: TokenizerFileOptions & GgufTokenizerOptions,
): Promise<Tokenizer> {
  const { readFile, stat } = await import("node:fs/promises");
  const { dirname, join } = await import("node:path");
  const info = await stat(path).catch((cause: unknown) => {
    throw new BaimoError("request", `${path}: there is no such file or folder`, { cause });
  });
  const folder = info.isDirectory() ? path : dirname(path);
  const readText = async (name: string): Promise<string | undefined> => {
    try {
      return await readFile(join(folder, name), "utf8");
    } catch {
      return undefined;
    }
  };
  const readJson = async (name: string): Promise<unknown> => {
    const text = await readText(name);
    return text === undefined ? undefined : parseJson(text, join(folder, name));
  };
  if (!info.isDirectory() && path.endsWith(".gguf")) {
    const { openCheckpoint } = await import("../../formats/index.ts");
    const checkpoint = await openCheckpoint(path);
    try {
      return tokenizerFromGguf(checkpoint.metadata, options);
    } finally {
      await checkpoint.close();
    }
  }
  const files: TokenizerFileOptions = {
    config: options.config ?? (await readJson("tokenizer_config.json")),
    generationConfig: options.generationConfig ?? (await readJson("generation_config.json")),
    chatTemplate: options.chatTemplate ?? (await readText("chat_template.jinja")),
  };
  if (!info.isDirectory()) return fromBytes(await readFile(path), { ...options, ...files }, path);
  const json = await readJson("tokenizer.json");
  if (json !== undefined) return tokenizerFromJson(json, files);
  const model = await readFile(join(path, "tokenizer.model")).catch(() => undefined);
  if (model) return tokenizerFromSentencePiece(model, files);
  throw new BaimoError("request", `${path}: neither tokenizer.json nor tokenizer.model is in this folder`);
}

/** Tells the formats apart: what stands in braces is JSON, anything else must be SentencePiece. */
function fromBytes(
  bytes: Uint8Array,
  options: TokenizerFileOptions & GgufTokenizerOptions,
  name: string,
): Tokenizer {
  const isSpace = (byte: number | undefined) =>
    byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
  let first = bytes[0] === 0xef && bytes[1] === 0xbb ? 3 : 0;
  let last = bytes.length - 1;
  while (isSpace(bytes[first])) first++;
  while (isSpace(bytes[last])) last--;
  if (bytes[first] === 0x7b && bytes[last] === 0x7d) {
    return tokenizerFromJson(parseJson(new TextDecoder().decode(bytes), name), options);
  }
  if (bytes[0] === 0x47 && bytes[1] === 0x47 && bytes[2] === 0x55 && bytes[3] === 0x46) {
    throw new BaimoError(
      "request",
      `${name}: a GGUF file; open it by its path, or read its key-value pairs and give them as { metadata }`,
    );
  }
  return tokenizerFromSentencePiece(bytes, options);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BaimoError("format", `${name} is not JSON`, { cause });
  }
}
