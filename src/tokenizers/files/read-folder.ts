// The one reader of a folder's tokenizer files, whichever of their many forms are there.
import { BaimoError } from "../../errors.ts";
import { describeMagic } from "../../formats/gguf/gguf-reader.ts";
import { isRecord, parseJson, recordOf, stringOf, textOf } from "../../json.ts";
import { flag, kindOf, withDefault } from "../../option-kinds.ts";
import { call, readOptions } from "../../options.ts";
import { parsePythonFile } from "../../python-json.ts";
import { NAMED_TEMPLATES, PIECES, TIKTOKEN } from "./file-names.ts";
import type { TokenizerFileOptions } from "./json.ts";
import { contentOf, specialContents } from "./special-tokens.ts";
import { isTiktoken, jsonOfTiktoken } from "./tiktoken.ts";
import { jsonOfVocabAndMerges, jsonOfVocabText, type TokenizerHints } from "./vocab-lists.ts";

/** Where the files are. */
export interface FolderReader {
  /** Names the folder in messages. */
  readonly name?: string;
  /** The whole of a file, undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
}

/** The options of `readTokenizerFiles`, declared. */
export const folderTable = { pieces: withDefault(flag, false) };

/** The files of a tokenizer, read. Without `json` and without `model` there is no tokenizer. */
export interface TokenizerFiles extends TokenizerFileOptions {
  /** The parsed tokenizer.json, or what vocab.json with merges.txt, vocab.txt or a tiktoken file come to as one. */
  json?: unknown;
  /** The bytes of tokenizer.model or spiece.model. */
  model?: Uint8Array;
  /** The parsed config.json of the model: ids of special tokens that the tokenizer's own files do not name. */
  modelConfig?: unknown;
}

const folderKind = kindOf(
  "folder",
  "an object with a function read",
  (value): value is FolderReader =>
    typeof (value as Partial<FolderReader> | null | undefined)?.read === "function",
);

/**
 * Reads the files of a tokenizer.
 *
 * pieces  read SentencePiece's file also where tokenizer.json is there
 * @throws {BaimoError} `format` for damaged files, `request` for a vocabulary that says too little of itself
 */
export async function readTokenizerFiles(
  folder: FolderReader,
  options: { pieces?: boolean } = {},
): Promise<TokenizerFiles> {
  const { pieces } = readOptions(options, folderTable, call("readTokenizerFiles"));
  folderKind.read(folder, "folder", call("readTokenizerFiles"));
  const files = await readConfigFiles(folder);
  const tokenizerJson = await folder.read("tokenizer.json");
  if (tokenizerJson) files.json = parseJson(tokenizerJson, whereOf(folder, "tokenizer.json"));
  if (!tokenizerJson || pieces) await readPieces(folder, files);
  if (files.json === undefined && !files.model) await readOtherVocabulary(folder, files);
  return files;
}

/** The contents of one file of a vocabulary, whatever its form, with the configuration files beside it. */
export async function readTokenizerFile(
  bytes: Uint8Array,
  name: string,
  folder: FolderReader,
): Promise<TokenizerFiles> {
  const files = await readConfigFiles(folder);
  if (looksLikeJson(bytes)) files.json = parseJson(bytes, whereOf(folder, name));
  else if (isTiktoken(bytes)) files.json = jsonOfTiktoken(bytes, name, hintsOf(folder, files));
  else files.model = piecesOf(bytes, whereOf(folder, name));
  return files;
}

/** The bytes of a SentencePiece model: a message, whose first field is one of five. */
function piecesOf(bytes: Uint8Array, where: string): Uint8Array {
  if ([0x0a, 0x12, 0x1a, 0x22, 0x2a].includes(bytes[0])) return bytes;
  const found = bytes.length === 0 ? "is empty" : `begins with ${describeMagic(bytes.subarray(0, 8))}`;
  throw new BaimoError(
    "format",
    `${where}: ${found}; it is no vocabulary that is read: a tokenizer.json, a SentencePiece model or a tiktoken file`,
  );
}

/** SentencePiece's file; some name a tiktoken vocabulary so. */
async function readPieces(folder: FolderReader, files: TokenizerFiles): Promise<void> {
  for (const name of PIECES) {
    const bytes = await folder.read(name);
    if (!bytes) continue;
    if (!isTiktoken(bytes)) files.model = piecesOf(bytes, whereOf(folder, name));
    else files.json ??= jsonOfTiktoken(bytes, name, hintsOf(folder, files));
    return;
  }
}

async function readOtherVocabulary(folder: FolderReader, files: TokenizerFiles): Promise<void> {
  const [vocab, merges] = [await folder.read("vocab.json"), await folder.read("merges.txt")];
  if (vocab && merges) {
    files.json = jsonOfVocabAndMerges(vocab, merges, hintsOf(folder, files));
    return;
  }
  for (const name of TIKTOKEN) {
    const ranks = await folder.read(name);
    if (!ranks) continue;
    files.json = jsonOfTiktoken(ranks, name, hintsOf(folder, files));
    return;
  }
  const list = await folder.read("vocab.txt");
  if (list) files.json = jsonOfVocabText(list, hintsOf(folder, files));
}

/** What stands beside the vocabulary. */
async function readConfigFiles(folder: FolderReader): Promise<TokenizerFiles> {
  const json = async (name: string): Promise<Record<string, unknown> | undefined> => {
    const bytes = await folder.read(name);
    const where = whereOf(folder, name);
    return bytes && recordOf(parsePythonFile(bytes, where), where);
  };
  const text = async (name: string) => {
    const bytes = await folder.read(name);
    return bytes && textOf(bytes, whereOf(folder, name));
  };
  const own = await json("tokenizer_config.json");
  const config = withOlderFiles(own, await json("special_tokens_map.json"), await json("added_tokens.json"));
  const namedTemplates = new Map<string, string>();
  for (const name of NAMED_TEMPLATES) {
    const template = await text(`additional_chat_templates/${name}.jinja`);
    if (template !== undefined) namedTemplates.set(name, template);
  }
  const jinja = await text("chat_template.jinja");
  // Processors of images and sound kept their template in a file of its own before chat_template.jinja.
  const older = jinja === undefined && !own?.chat_template ? await json("chat_template.json") : undefined;
  const template =
    older && stringOf(older.chat_template, `${whereOf(folder, "chat_template.json")}: chat_template`);
  return {
    config,
    generationConfig: await json("generation_config.json"),
    modelConfig: await json("config.json"),
    chatTemplate: jinja ?? template,
    namedTemplates: namedTemplates.size > 0 ? namedTemplates : undefined,
  };
}

/**
 * tokenizer_config.json with what older folders keep beside it: special_tokens_map.json and added_tokens.json count where
 * the configuration has no `added_tokens_decoder` (transformers, tokenization_utils_base.py, _from_pretrained).
 */
function withOlderFiles(
  config: Record<string, unknown> | undefined,
  specialTokens: Record<string, unknown> | undefined,
  addedTokens: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (config?.added_tokens_decoder !== undefined || !(specialTokens ?? addedTokens)) return config;
  const merged = { ...config, ...specialTokens };
  if (!addedTokens) return merged;
  const special = specialContents(merged);
  const specs = Object.entries(addedTokens).map(([content, id]) => [
    String(id),
    { content, special: special.has(content), normalized: !special.has(content) },
  ]);
  return { ...merged, added_tokens_decoder: Object.fromEntries(specs) };
}

function hintsOf(folder: FolderReader, { config, modelConfig }: TokenizerFiles): TokenizerHints {
  const modelType = isRecord(modelConfig) ? contentOf(modelConfig.model_type) : undefined;
  return { config: isRecord(config) ? config : {}, modelType, folder: folder.name ?? "the folder" };
}

const whereOf = (folder: FolderReader, name: string): string =>
  folder.name === undefined ? name : `${folder.name}: ${name}`;

/** What stands in braces is JSON; so is what begins with one at once, where the end did not come down. */
function looksLikeJson(bytes: Uint8Array): boolean {
  const isSpace = (byte: number | undefined) =>
    byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let first = start;
  let last = bytes.length - 1;
  while (isSpace(bytes[first])) first++;
  while (isSpace(bytes[last])) last--;
  return bytes[first] === 0x7b && (first === start || bytes[last] === 0x7d);
}
