// Writes safetensors: one file, or a folder of shards with their index.
//
// Format: https://github.com/huggingface/safetensors#format
import { BaimoError } from "../../errors.ts";
import { kindOf, number, signal, signalTable, text, withDefault } from "../../option-kinds.ts";
import { call, type Door, isPlain, readFields, readOptions, type TableOf } from "../../options.ts";
import { dtypes } from "../../tensor/dtype.ts";
import {
  type PlannedTensor,
  planTensors,
  type TensorToWrite,
  tensorsKind,
  type WriteTarget,
  withSink,
  writeTensorData,
} from "../sources/file-sink.ts";
import { safetensorsTypes } from "./safetensors-reader.ts";

/** What a safetensors file is made of. */
export interface SafetensorsContent {
  metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** All descriptions are read before the first byte is written; `data` functions are called one after another. */
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>;
}

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  signal?: AbortSignal;
}

/** The options of `writeShardedSafetensors`, declared; one file takes the signal alone. */
export const writeShardedTable = {
  signal,
  maxShardBytes: withDefault(number({ min: 1 }), 5e9),
} satisfies TableOf<WriteSafetensorsOptions & { maxShardBytes?: number }>;

/** What is to be written, declared. */
const contentTable = {
  metadata: kindOf(
    "metadata",
    "an object or a Map of strings",
    (value): value is NonNullable<SafetensorsContent["metadata"]> => value instanceof Map || isPlain(value),
  ),
  tensors: tensorsKind,
} satisfies TableOf<SafetensorsContent>;

/**
 * Writes a safetensors file. At a path it appears only when all of it is written. Types with larger elements come
 * first, so that every tensor is aligned; otherwise the order is the one given.
 *
 * @throws {BaimoError} `request` for names or types that the format cannot hold, `shape` for data of another length
 */
export async function writeSafetensors(
  target: WriteTarget,
  content: SafetensorsContent,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const door = call("writeSafetensors");
  const { signal } = readOptions(options, signalTable, door);
  const { metadata, tensors } = await readContent(content, door);
  await writeOne(target, tensors, metadata, signal);
}

/**
 * Writes model-00001-of-0000N.safetensors files and model.safetensors.index.json into a folder that exists. A file
 * takes tensors, in the order given, while they fit into `maxShardBytes` (default 5 GB); a larger tensor gets its own.
 *
 * @throws {BaimoError} as `writeSafetensors`
 */
export async function writeShardedSafetensors(
  folder: string,
  content: SafetensorsContent,
  options: WriteSafetensorsOptions & { maxShardBytes?: number } = {},
): Promise<void> {
  const door = call("writeShardedSafetensors");
  const { maxShardBytes, signal } = readOptions(options, writeShardedTable, door);
  text({ most: Infinity }).read(folder, "folder", door);
  const { metadata, tensors } = await readContent(content, door);
  const shards: PlannedTensor[][] = [];
  let held = Infinity;
  let total = 0;
  for (const tensor of tensors) {
    if (held + tensor.byteLength > maxShardBytes) {
      shards.push([]);
      held = 0;
    }
    shards.at(-1)!.push(tensor);
    held += tensor.byteLength;
    total += tensor.byteLength;
  }
  const five = (n: number) => String(n).padStart(5, "0");
  const weightMap: [string, string][] = [];
  for (const [i, shard] of shards.entries()) {
    const name = `model-${five(i + 1)}-of-${five(shards.length)}.safetensors`;
    await writeOne(`${folder}/${name}`, shard, metadata, signal);
    for (const tensor of shard) weightMap.push([tensor.name, name]);
  }
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(weightMap) };
  await withSink(`${folder}/model.safetensors.index.json`, signal, (put) =>
    put(new TextEncoder().encode(`${JSON.stringify(index, undefined, 2)}\n`)),
  );
}

async function readContent(
  content: SafetensorsContent,
  door: Door,
): Promise<{ metadata: [string, string][]; tensors: PlannedTensor[] }> {
  const given = readFields(content, contentTable, { name: "content", prefix: "content." }, door);
  return { metadata: stringsOf(given.metadata), tensors: await planTensors(given.tensors, door) };
}

function stringsOf(metadata: SafetensorsContent["metadata"] = {}): [string, string][] {
  const pairs: [string, string][] = metadata instanceof Map ? [...metadata] : Object.entries(metadata);
  for (const [key, value] of pairs) {
    if (typeof key !== "string" || typeof value !== "string") {
      throw new BaimoError(
        "request",
        `metadata "${String(key)}" is no string, and safetensors holds strings only`,
      );
    }
  }
  return pairs;
}

async function writeOne(
  target: WriteTarget,
  tensors: readonly PlannedTensor[],
  metadata: readonly [string, string][],
  signal: AbortSignal | undefined,
): Promise<void> {
  const sorted = [...tensors].sort((a, b) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes);
  const members: string[] = [];
  // Members are written by hand, since an object would lose a tensor called "__proto__".
  const member = (key: string, value: unknown) =>
    members.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  if (metadata.length > 0) {
    members.push(
      `"__metadata__":{${metadata.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`,
    );
  }
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of sorted) {
    if (name === "__metadata__") throw new BaimoError("request", 'a tensor cannot be called "__metadata__"');
    if (!safetensorsTypes.has(dtype)) {
      throw new BaimoError("request", `tensor "${name}": safetensors has no element type ${dtype}`);
    }
    member(name, { dtype, shape, data_offsets: [offset, offset + byteLength] });
    offset += byteLength;
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  await withSink(target, signal, async (put) => {
    await put(header);
    for (const tensor of sorted) await writeTensorData(tensor, put);
  });
}
