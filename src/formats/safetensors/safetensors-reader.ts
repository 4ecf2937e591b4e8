// Reads the header of a safetensors file: metadata and where each tensor lies.
//
// Format: https://github.com/huggingface/safetensors#format
//
// Format: https://github.com/huggingface/safetensors#format
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { insteadOfJson } from "../../json.ts";
import { byteLength, type DType, dtypes, unreadTypes } from "../../tensor/dtype.ts";
import type { ByteSource } from "../sources/byte-source.ts";
import { elementCount, findOverlap, MAX_TENSORS, type TensorInfo } from "../tensor-info.ts";
import { createJsonScanner, type JsonScanner } from "./json-scanner.ts";

/** The reference implementation's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_DIMENSIONS = 16;
const MAX_METADATA = 1 << 16;
/** Tensors of all shards together; the largest published checkpoints have about 150,000. */
const MAX_INDEXED = 1 << 19;

/** The format's types. Of those that nothing here reads, files are listed all the same. */
export const safetensorsTypes: ReadonlySet<string> = new Set<DType>([
  "F64",
  "F32",
  "F16",
  "BF16",
  "I64",
  "I32",
  "I16",
  "I8",
  "U8",
  "BOOL",
  "F8_E4M3",
  "F8_E5M2",
  "F8_E8M0",
  ...unreadTypes,
]);

/** What the header of one safetensors file says. */
export interface SafetensorsHeader {
  /** The strings under `__metadata__`. */
  readonly metadata: Map<string, string>;
  /** In the header's order. */
  readonly tensors: readonly TensorInfo[];
}

/**
 * Reads the header of a safetensors file; tensor bytes stay in the file.
 *
 * file  the index that the tensors get, for sharded checkpoints
 * @throws {BaimoError} `format` when the file is not a whole, sane safetensors file
 */
export async function readSafetensors(
  source: ByteSource,
  { file = 0, signal }: { file?: number; signal?: AbortSignal } = {},
): Promise<SafetensorsHeader> {
  const fail = (message: string) => new BaimoError("format", `${source.name}: ${message}`);
  if (source.size < 10) throw fail(`has ${source.size} bytes, too few for a safetensors file`);
  const prefix = await source.read(0, 8, signal);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length < 2 || length > MAX_HEADER_BYTES || length > source.size - 8) {
    throw fail(
      `claims a header of ${grouped(length)} bytes; the file has ${grouped(source.size)}, and at most ` +
        `${grouped(MAX_HEADER_BYTES)} are taken; is it a safetensors file, and complete?`,
    );
  }
  const dataStart = 8 + Number(length);
  const json = createJsonScanner(await source.read(8, Number(length), signal), source.name);

  const metadata = new Map<string, string>();
  const tensors = new Map<string, TensorInfo>();
  let sawMetadata = false;
  json.object((name) => {
    if (name === "__metadata__") {
      if (sawMetadata) throw fail("has __metadata__ twice");
      sawMetadata = true;
      if (json.isNull()) return;
      json.object((key) => {
        if (metadata.has(key)) throw fail(`metadata key "${key}" appears twice`);
        if (metadata.size === MAX_METADATA) throw fail(`has more than ${MAX_METADATA} metadata pairs`);
        metadata.set(key, json.string());
      });
      return;
    }
    if (tensors.has(name)) throw fail(`tensor "${name}" appears twice`);
    if (tensors.size === MAX_TENSORS) throw fail(`has more than ${grouped(MAX_TENSORS)} tensors`);
    tensors.set(name, readEntry(json, name, file, dataStart, fail));
  });
  json.end();

  const list = [...tensors.values()];
  let covered = 0;
  for (const tensor of list) {
    const end = tensor.offset + tensor.byteLength;
    covered += tensor.byteLength;
    if (end > source.size) {
      throw fail(
        `tensor "${tensor.name}" ends at byte ${grouped(end)} but the file has ${grouped(source.size)}; is the download complete?`,
      );
    }
  }
  const overlap = findOverlap(list);
  if (overlap)
    throw fail(
      `tensors "${overlap[0].name}" and "${overlap[1].name}" overlap at byte ${grouped(overlap[1].offset)}`,
    );
  if (covered !== source.size - dataStart) {
    throw fail(
      `the tensors cover ${grouped(covered)} bytes, but ${grouped(source.size - dataStart)} follow the header; ` +
        "the format allows neither holes nor anything after the last tensor",
    );
  }
  return { metadata, tensors: list };
}

/** One tensor's record: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}. */
function readEntry(
  json: JsonScanner,
  name: string,
  file: number,
  dataStart: number,
  fail: (message: string) => BaimoError,
): TensorInfo {
  let type: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const once = (value: unknown, key: string) => {
    if (value !== undefined) throw fail(`tensor "${name}" has "${key}" twice`);
  };
  const counts = (key: string, most: number) => {
    const list: number[] = [];
    json.array((i) => {
      if (i === most) throw fail(`tensor "${name}": "${key}" has more than ${most} numbers`);
      list.push(json.count());
    });
    return list;
  };
  json.object((key) => {
    if (key === "dtype") {
      once(type, key);
      type = json.string();
    } else if (key === "shape") {
      once(shape, key);
      shape = counts(key, MAX_DIMENSIONS);
    } else if (key === "data_offsets") {
      once(offsets, key);
      offsets = counts(key, 2);
    } else json.skip(); // as the reference implementation does
  });
  if (type === undefined || shape === undefined || offsets?.length !== 2) {
    throw fail(`tensor "${name}" lacks dtype, shape or two data_offsets`);
  }
  if (!safetensorsTypes.has(type)) {
    throw fail(
      `tensor "${name}" has type ${type}, which is not supported; known are ${[...safetensorsTypes].join(", ")}`,
    );
  }
  const dtype = type as DType; // just looked up
  const values = elementCount(shape);
  if (values === undefined) throw fail(`tensor "${name}" has the impossible shape [${shape.join(", ")}]`);
  const [from, to] = offsets;
  const { elements } = dtypes[dtype];
  if (values % elements !== 0) {
    throw fail(`tensor "${name}" is ${dtype} [${shape.join(", ")}], which does not fill whole bytes`);
  }
  const bytes = byteLength(dtype, values);
  if (to - from !== bytes) {
    throw fail(
      `tensor "${name}" is ${dtype} [${shape.join(", ")}], ${grouped(bytes)} bytes, but its data_offsets span ${grouped(to - from)}`,
    );
  }
  return { name, dtype, shape, file, offset: dataStart + from, byteLength: bytes };
}

/**
 * Reads the index of a sharded checkpoint, model.safetensors.index.json: for each tensor the file that holds it.
 *
 * extension  of those files, ".safetensors" or ".bin"
 * @throws {BaimoError} `format` when it is not such an index, or names a file outside its folder
 */
export function readShardIndex(
  bytes: Uint8Array,
  name: string,
  extension = ".safetensors",
): Map<string, string> {
  const instead =
    bytes[0] === 0x7b ? undefined : insteadOfJson(String.fromCharCode(...bytes.subarray(0, 64)));
  if (instead) throw new BaimoError("format", `${name}: ${instead}`);
  const json = createJsonScanner(bytes, name);
  const files = new Map<string, string>();
  const names = new Map<string, string>(); // one string a file name, however many tensors name it
  let found = false;
  json.object((key) => {
    if (key !== "weight_map") return json.skip();
    found = true;
    json.object((tensor) => {
      const text = json.string();
      if (files.size === MAX_INDEXED) throw json.error(`at most ${grouped(MAX_INDEXED)} tensors`);
      if (!names.has(text)) {
        if (!/^[^/\\:.][^/\\:]{0,254}$/.test(text) || !text.endsWith(extension)) {
          throw new BaimoError(
            "format",
            `${name}: tensor "${tensor}" is said to be in "${text}", which is no name of a file in this folder`,
          );
        }
        names.set(text, text);
      }
      files.set(tensor, names.get(text)!);
    });
  });
  json.end();
  if (!found || files.size === 0)
    throw new BaimoError("format", `${name}: has no "weight_map", or an empty one`);
  return files;
}
