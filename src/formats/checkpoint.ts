// Opens a model's weights, whatever they are: one file, several, a folder or a URL.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { kindOf } from "../option-kinds.ts";
import { call, isPlain, type Kind, readOptions } from "../options.ts";
import { POET, poetUrl } from "../poet.ts";
import type { Resource } from "../resource.ts";
import { byteLength } from "../tensor/dtype.ts";
import { describeMagic, readGguf } from "./gguf/gguf-reader.ts";
import type { MetadataValue } from "./gguf/metadata.ts";
import { filesFolder, type ModelFolder, pathFolder, urlFolder } from "./model-folder.ts";
import { readSafetensors, readShardIndex } from "./safetensors/safetensors-reader.ts";
import type { ByteSource } from "./sources/byte-source.ts";
import { addressOf, type OpenOptions, openByteSource, openTable } from "./sources/open-byte-source.ts";
import { fileError, loadFileSystem } from "./sources/path-source.ts";
import type { TensorInfo } from "./tensor-info.ts";
import type { TorchContent } from "./torch/torch-reader.ts";

/** "torch": PyTorch's .bin, .pt and .pth files. */
export type CheckpointFormat = "gguf" | "safetensors" | "torch";

/** An open model: what it says of itself and where its tensors lie. Close it when done. */
export interface Checkpoint extends Resource {
  readonly format: CheckpointFormat;
  readonly name: string;
  /** The weight files; a split or sharded checkpoint has several. Turned tensors of PyTorch are one in memory. */
  readonly files: readonly ByteSource[];
  /** GGUF's key-value pairs, or the strings under safetensors' `__metadata__`; PyTorch files have none. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The folder with config.json, tokenizer.json and so on; undefined for GGUF and for bytes without a place. */
  readonly folder?: Pick<ModelFolder, "read">;
  /** The folder that a GGUF file lies in, whatever else is there. */
  readonly beside?: Pick<ModelFolder, "read">;
  /**
   * The bytes of a tensor, or of some of its rows, as they are in the file. A row is the last dimension.
   *
   * @throws {BaimoError} `request` when there is no such tensor or row
   */
  readTensor(
    name: string,
    range?: { rowStart: number; rows: number },
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What `openCheckpoint` takes. */
export type CheckpointInput = string | URL | Blob | Uint8Array | ByteSource | readonly File[];

const isByteSource = (input: unknown): input is ByteSource =>
  typeof input === "object" && input !== null && "readInto" in input && "descriptor" in input;

/** Of a path or a URL; no system has longer ones. */
const LONGEST_PATH = 32_768;

/** The same, declared. */
export const checkpointKind: Kind<CheckpointInput> = kindOf(
  "checkpoint",
  "a path, a URL, a Blob, a Uint8Array, a byte source or a list of files",
  (value): value is CheckpointInput =>
    typeof value === "string" ||
    value instanceof URL ||
    value instanceof Blob ||
    value instanceof Uint8Array ||
    isByteSource(value) ||
    (Array.isArray(value) && value.every((file) => file instanceof Blob && "name" in file)),
  (value) =>
    typeof value === "string"
      ? value !== "" && value.length <= LONGEST_PATH
      : !Array.isArray(value) || value.length > 0,
);

/** One that was opened. */
export const openedKind = kindOf(
  "checkpoint",
  "an open checkpoint, as openCheckpoint gives it",
  (value): value is Checkpoint =>
    isPlain(value) &&
    value.tensors instanceof Map &&
    value.metadata instanceof Map &&
    Array.isArray(value.files) &&
    typeof value.readTensor === "function",
);

const INDEX = "model.safetensors.index.json";
const SINGLE = "model.safetensors";
const TORCH_INDEX = "pytorch_model.bin.index.json";
const TORCH_SINGLE = "pytorch_model.bin";
const splitName = /^(.*-)(\d{5})(-of-)(\d{5})(\.gguf)$/;
/** One of several files of safetensors or of PyTorch's. */
const shardName = /-\d{5}-of-(?!00001)\d{5}\.(safetensors|bin)$/;
const MAX_FILES = 4096;

/**
 * Opens a checkpoint: a .gguf file (with all its splits), a .safetensors file, a PyTorch file, a folder with any of
 * them, a URL of a file or of a folder, files picked in a page, bytes, or "poet", the embedded model. Of a PyTorch file nothing is run.
 * A byte source that is passed in is closed with the checkpoint.
 *
 * @throws {BaimoError} `request` when nothing is there, `format` when what is there is damaged
 */
export async function openCheckpoint(source: CheckpointInput, given: OpenOptions = {}): Promise<Checkpoint> {
  const options = readOptions(given, openTable, call("openCheckpoint"));
  const input = checkpointKind.read(source, "source", call("openCheckpoint"));
  throwIfAborted(options.signal, "opening a checkpoint");
  if (Array.isArray(input)) return openFolder(filesFolder(input as readonly File[]), options);
  const place =
    input === POET
      ? poetUrl.href
      : typeof input === "string" || input instanceof URL
        ? addressOf(String(input))
        : undefined;
  if (place !== undefined && /^https?:/i.test(place)) return openUrl(place, options);
  if (place !== undefined && !place.startsWith("file:")) return openPath(place, options);
  if (input instanceof URL || place !== undefined) return openPath(fromFileUrl(place!), options);
  if (isByteSource(input)) return openFile(input, undefined, options);
  return openFile(await openByteSource(input as Blob | Uint8Array, options), undefined, options);
}

const fromFileUrl = (url: string): string =>
  decodeURIComponent(new URL(url).pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");

async function openPath(path: string, options: OpenOptions): Promise<Checkpoint> {
  const fs = await loadFileSystem(path);
  const stat = await fs.promises.stat(path).catch((cause) => {
    throw fileError(path, cause);
  });
  if (stat.isDirectory()) return openFolder(pathFolder(path, options), options);
  const [, parent, name] = /^(.*[/\\])?([^/\\]+)$/.exec(path)!;
  return openNamed(
    pathFolder(parent ?? ".", options),
    name,
    await openByteSource({ kind: "path", path }, options),
    options,
  );
}

async function openUrl(place: string, options: OpenOptions): Promise<Checkpoint> {
  const url = new URL(place);
  const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
  if (!/\.(gguf|safetensors|bin|pt|pth)$/.test(name)) {
    const folder = urlFolder(place, options);
    return openFolder(folder, options);
  }
  const base = new URL(".", url);
  base.search = url.search;
  return openNamed(urlFolder(base.href, options), name, await openByteSource(url, options), options);
}

/** A file whose siblings can be reached. */
async function openNamed(
  folder: ModelFolder,
  name: string,
  source: ByteSource,
  options: OpenOptions,
): Promise<Checkpoint> {
  if (splitName.test(name)) {
    await source.close();
    return openSplits(folder, name, options);
  }
  return openFile(source, folder, options);
}

async function openFolder(folder: ModelFolder, options: OpenOptions): Promise<Checkpoint> {
  // One whole file goes before shards: their index may be left over from what it was merged from (transformers does alike).
  const single = await folder.open(SINGLE);
  if (single) return openFile(single, folder, options);
  const index = await folder.read(INDEX);
  if (index) return openShards(folder, { index, indexFile: INDEX, format: "safetensors" }, options);
  const names = (await folder.list()) ?? [];
  // Beside PyTorch's weights, safetensors of another name are something else: adapters, stored answers.
  const hasTorch = names.includes(TORCH_INDEX) || names.includes(TORCH_SINGLE);
  const weights = names.filter((n) => n.endsWith(".gguf") || (!hasTorch && n.endsWith(".safetensors")));
  const firsts = weights.filter((n) => (splitName.exec(n)?.[2] ?? "00001") === "00001");
  if (firsts.length === 1) {
    const source = await folder.open(firsts[0]);
    if (source) return openNamed(folder, firsts[0], source, options);
  }
  const shard = weights.find((name) => shardName.test(name));
  if (shard !== undefined) {
    throw new BaimoError(
      "request",
      `${folder.name}: ${shard} is one of several files of a model, but ${INDEX}, which says what is in them, is missing`,
    );
  }
  if (firsts.length > 1) {
    throw new BaimoError(
      "request",
      `${folder.name}: holds ${firsts.length} models (${firsts.slice(0, 8).join(", ")}${firsts.length > 8 ? ", …" : ""}); name one of the files`,
    );
  }
  const torchSingle = await folder.open(TORCH_SINGLE);
  if (torchSingle) return openFile(torchSingle, folder, options);
  const torchIndex = await folder.read(TORCH_INDEX);
  if (torchIndex)
    return openShards(folder, { index: torchIndex, indexFile: TORCH_INDEX, format: "torch" }, options);
  const dead = names.find((name) => name === SINGLE || name === TORCH_SINGLE || name === INDEX);
  if (dead) throw new BaimoError("request", `${folder.name}: ${dead} is a link to a file that is not there`);
  const others = names.filter((n) => /\.(bin|pt|pth)$/.test(n));
  throw new BaimoError(
    "request",
    `${folder.name}: holds neither ${INDEX} nor ${SINGLE} nor a .gguf file nor ${TORCH_SINGLE}` +
      (others.length > 0 ? `; if the model is in ${others.slice(0, 4).join(" or ")}, name that file` : ""),
  );
}

/** Opens one file by its first bytes; the source is closed when that fails. */
async function openFile(
  source: ByteSource,
  folder: ModelFolder | undefined,
  options: OpenOptions,
): Promise<Checkpoint> {
  try {
    const format = await recognise(source, options);
    const { name } = source;
    if (format === "gguf") {
      const { metadata, tensors } = await readGguf(source, options);
      const splits = metadata.get("split.count");
      if (typeof splits === "number" && splits > 1) {
        throw new BaimoError(
          "request",
          `${name}: is one of ${splits} parts of a model; open the path or URL of the part …-00001-of-….gguf, with the others beside it`,
        );
      }
      return makeCheckpoint({ format, name, files: [source], metadata, tensors, beside: folder });
    }
    if (format === "torch") {
      const { tensors, turned } = await readTorchFile(source, options);
      const files = turned ? [source, turned] : [source];
      return makeCheckpoint({ format, name, files, metadata: new Map(), tensors, folder });
    }
    const { metadata, tensors } = await readSafetensors(source, options);
    return makeCheckpoint({ format, name, files: [source], metadata, tensors, folder });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** PyTorch's reader is loaded when a file is one. */
async function readTorchFile(
  source: ByteSource,
  options: { file?: number; turnedFile?: number; signal?: AbortSignal },
): Promise<TorchContent> {
  return (await import("./torch/torch-reader.ts")).readTorch(source, options);
}

/** Which of the formats it is, by the first bytes. */
async function recognise(source: ByteSource, { signal }: OpenOptions): Promise<CheckpointFormat> {
  if (source.size < 8) {
    throw new BaimoError(
      "format",
      `${source.name}: has ${source.size} bytes, too few for a GGUF, safetensors or PyTorch file`,
    );
  }
  const head = await source.read(0, Math.min(16, source.size), signal);
  const magic = String.fromCharCode(...head.subarray(0, 4));
  if (magic === "GGUF") return "gguf";
  if (magic === "PK\x03\x04") return "torch"; // a zip archive
  // safetensors begins with the length of its header, in 64 bits and at most 100 MB; the header is an object of JSON.
  const [length, rest] = new Uint32Array(head.slice(0, 8).buffer);
  const hasHeader = head[8] === 0x7b || (length >= 2 && length <= source.size - 8);
  if (rest === 0 && hasHeader) return "safetensors";
  if (head[0] === 0x7b) {
    throw new BaimoError(
      "format",
      `${source.name}: holds JSON, not weights; to open a model's folder, name the folder`,
    );
  }
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) return "torch"; // a pickle, after its protocol
  throw new BaimoError(
    "format",
    `${source.name}: is in no format that is read, which are GGUF, safetensors and PyTorch's .bin, .pt and .pth; it begins ` +
      `with ${describeMagic(head)}`,
  );
}

async function openShards(
  folder: ModelFolder,
  shards: { index: Uint8Array; indexFile: string; format: "safetensors" | "torch" },
  options: OpenOptions,
): Promise<Checkpoint> {
  const { index, indexFile, format } = shards;
  const indexName = `${folder.name}/${indexFile}`.replace("//" + indexFile, `/${indexFile}`);
  const fileOf = readShardIndex(index, indexName, format === "torch" ? ".bin" : ".safetensors");
  const names = [...new Set(fileOf.values())];
  return gather(folder, names, async (sources) => {
    const metadata = new Map<string, MetadataValue>();
    const tensors: TensorInfo[] = [];
    const files = [...sources];
    const { signal } = options;
    for (const [file, source] of sources.entries()) {
      let found: readonly TensorInfo[];
      if (format === "torch") {
        const content = await readTorchFile(source, { file, turnedFile: files.length, signal });
        if (content.turned) files.push(content.turned);
        found = content.tensors;
      } else {
        await recognise(source, options); // what else it is, is told there
        const header = await readSafetensors(source, { file, signal });
        for (const [key, value] of header.metadata) if (!metadata.has(key)) metadata.set(key, value);
        found = header.tensors;
      }
      for (const tensor of found) if (fileOf.get(tensor.name) === names[file]) tensors.push(tensor);
    }
    if (tensors.length < fileOf.size) {
      const found = new Set(tensors.map((t) => t.name));
      const missing = [...fileOf].find(([name]) => !found.has(name))!;
      throw new BaimoError(
        "format",
        `${indexName}: says that tensor "${missing[0]}" is in ${missing[1]}, but it is not there; are all files of one revision?`,
      );
    }
    return makeCheckpoint({ format, name: folder.name, files, metadata, tensors, folder });
  });
}

/** A GGUF model cut into files by gguf-split: metadata in the first, tensors in all. */
async function openSplits(folder: ModelFolder, name: string, options: OpenOptions): Promise<Checkpoint> {
  const [, before, , between, count, after] = splitName.exec(name)!;
  const total = Number(count);
  if (total < 1 || total > MAX_FILES) {
    throw new BaimoError("request", `${name}: ${total} parts; 1 to ${MAX_FILES} are possible`);
  }
  const names = Array.from(
    { length: total },
    (_, i) => before + String(i + 1).padStart(5, "0") + between + count + after,
  );
  return gather(folder, names, async (sources) => {
    let metadata: ReadonlyMap<string, MetadataValue> = new Map();
    const tensors: TensorInfo[] = [];
    for (const [file, source] of sources.entries()) {
      const header = await readGguf(source, { file, signal: options.signal });
      if (file === 0) metadata = header.metadata;
      for (const [key, expected] of [
        ["split.count", total],
        ["split.no", file],
      ] as const) {
        const found = header.metadata.get(key);
        if (found !== expected && !(found === undefined && total === 1)) {
          throw new BaimoError(
            "format",
            `${source.name}: ${key} should be ${expected} by its name, but is ${found}`,
          );
        }
      }
      tensors.push(...header.tensors);
    }
    const claimed = metadata.get("split.tensors.count");
    if (claimed !== undefined && claimed !== tensors.length) {
      throw new BaimoError(
        "format",
        `${names[0]}: claims ${claimed} tensors in ${total} parts, but they have ${tensors.length}`,
      );
    }
    return makeCheckpoint({ format: "gguf", name: sources[0].name, files: sources, metadata, tensors });
  });
}

/** Opens files of a folder, all or none. */
async function gather(
  folder: ModelFolder,
  names: readonly string[],
  use: (sources: ByteSource[]) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  if (names.length > MAX_FILES) {
    throw new BaimoError("format", `${folder.name}: ${names.length} files; at most ${MAX_FILES} are opened`);
  }
  const sources: ByteSource[] = [];
  try {
    for (const name of names) {
      const source = await folder.open(name);
      if (!source)
        throw new BaimoError(
          "request",
          `${folder.name}: ${name} is missing` +
            (names.length > 1 ? `, one of ${names.length} files of the model` : ""),
        );
      sources.push(source);
    }
    return await use(sources);
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

function makeCheckpoint(parts: {
  format: CheckpointFormat;
  name: string;
  files: readonly ByteSource[];
  metadata: ReadonlyMap<string, MetadataValue>;
  tensors: readonly TensorInfo[];
  folder?: ModelFolder;
  beside?: ModelFolder;
}): Checkpoint {
  const { files, name } = parts;
  const tensors = new Map(parts.tensors.map((tensor) => [tensor.name, tensor]));
  if (tensors.size < parts.tensors.length) {
    const seen = new Set<string>();
    const twice = parts.tensors.find((t) => seen.size === seen.add(t.name).size)!;
    throw new BaimoError("format", `${name}: tensor "${twice.name}" is in more than one file`);
  }
  const close = async () => {
    await Promise.all(files.map((file) => file.close()));
  };
  return {
    ...parts,
    tensors,
    async readTensor(tensorName, range, signal) {
      const tensor = tensors.get(tensorName);
      if (!tensor) throw new BaimoError("request", `${name}: has no tensor "${tensorName}"`);
      if (!range) return files[tensor.file].read(tensor.offset, tensor.byteLength, signal);
      const rows = tensor.shape.slice(0, -1).reduce((a, b) => a * b, 1);
      const { rowStart, rows: wanted } = range;
      if (
        !(
          Number.isSafeInteger(rowStart) &&
          Number.isSafeInteger(wanted) &&
          rowStart >= 0 &&
          wanted >= 0 &&
          rowStart + wanted <= rows
        )
      ) {
        throw new BaimoError(
          "request",
          `${name}: rows ${rowStart} to ${rowStart + wanted} of "${tensorName}" were asked for; it has ${rows}`,
        );
      }
      const rowBytes = byteLength(tensor.dtype, tensor.shape.at(-1) ?? 1);
      return files[tensor.file].read(tensor.offset + rowStart * rowBytes, wanted * rowBytes, signal);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
