// Importance matrices: how much each column of a weight matrix matters; read and written as GGUF.
//
// Format: tools/imatrix of llama.cpp, since release b5900.
import { BaimoError } from "../../errors.ts";
import { grouped } from "../../grouped.ts";
import { instance, list, signal as signalKind, signalTable, text, whole } from "../../option-kinds.ts";
import { call, isPlain, type Kind, readOptions, refusal } from "../../options.ts";
import { type Checkpoint, openCheckpoint, openedKind } from "../checkpoint.ts";
import type { ByteSource } from "../sources/byte-source.ts";
import type { WriteTarget } from "../sources/file-sink.ts";
import { createHeaderCursor } from "../sources/header-cursor.ts";
import { type ByteSourceInput, openByteSource } from "../sources/open-byte-source.ts";
import type { TensorInfo } from "../tensor-info.ts";
import { writeGguf } from "./gguf-writer.ts";

/** What was measured at the input of one weight matrix, or of the matrices of several experts. */
export interface ColumnSums {
  /** Sums of the squares of each column, [experts, columns] or [columns]. */
  readonly sums: Float32Array;
  /** How many rows were summed, for each expert. */
  readonly counts: Float32Array;
}

/** What an importance file holds, by the GGUF names of weight tensors. */
export interface ImportanceMatrix {
  readonly columns: ReadonlyMap<string, ColumnSums>;
  /** The texts that it was measured on. */
  readonly datasets: readonly string[];
  /** Pieces of text, of so many tokens. */
  readonly chunkCount: number;
  readonly chunkSize: number;
}

const floats = instance("a Float32Array", Float32Array);

/** Sums by the names of tensors; each list of sums is whole columns for its counts. */
const columnsKind: Kind<ImportanceMatrix["columns"]> = {
  kind: "columns",
  allowed: "a Map from the names of tensors to their sums and counts",
  read(value, name, door) {
    if (!(value instanceof Map)) throw refusal("type", name, value, this.allowed, door);
    for (const [tensor, each] of value) {
      text({ most: Infinity }).read(tensor, `a key of ${name}`, door);
      const at = `${name}[${tensor}]`;
      if (!isPlain(each)) throw refusal("type", at, each, "an object with sums and counts", door);
      const { length } = floats.read(each.sums, `${at}.sums`, door);
      const counts = floats.read(each.counts, `${at}.counts`, door).length;
      if (counts > 0 && length % counts === 0) continue;
      const fault = `has ${length} sums for ${counts} counts; allowed: a whole number of sums for each count`;
      throw door.refuse({ name: at, fault: "value", text: fault });
    }
    return value;
  },
};

const count = whole({ min: 0, max: 2 ** 32 - 1 });
const texts = list(text({ least: 0, most: Infinity }));

/** One that `openImportance` read or `measureImportance` made. */
export const importanceKind: Kind<ImportanceMatrix> = {
  kind: "importance",
  allowed: "an importance matrix: an object of columns, datasets, chunkCount and chunkSize",
  read(value, name, door) {
    if (!isPlain(value)) throw refusal("type", name, value, this.allowed, door);
    return {
      columns: columnsKind.read(value.columns, `${name}.columns`, door),
      datasets: texts.read(value.datasets, `${name}.datasets`, door),
      chunkCount: count.read(value.chunkCount, `${name}.chunkCount`, door),
      chunkSize: count.read(value.chunkSize, `${name}.chunkSize`, door),
    };
  },
};

/**
 * Opens an importance matrix: a GGUF file, or the older binary form (imatrix.dat).
 *
 * @throws {BaimoError} `request` when nothing is there, `format` when it is no such file, or damaged
 */
export async function openImportance(
  input: ByteSourceInput,
  options: { signal?: AbortSignal } = {},
): Promise<ImportanceMatrix> {
  const { signal } = readOptions(options, signalTable, call("openImportance"));
  const source = await openByteSource(input, { signal });
  try {
    const head = await source.read(0, Math.min(4, source.size), signal);
    if (String.fromCharCode(...head) !== "GGUF") return await readOldImportance(source, signal);
    return await readImportance(await openCheckpoint(source, { signal }), signal);
  } finally {
    await source.close();
  }
}

const MAX_ENTRIES = 1 << 16;
const MAX_NAME = 1024;

/** The form of before 2025: a count of entries; for each a name, how often it was measured, and its means times that. */
async function readOldImportance(source: ByteSource, signal?: AbortSignal): Promise<ImportanceMatrix> {
  const fail = (message: string) => new BaimoError("format", `${source.name}: ${message}`);
  const cursor = createHeaderCursor(source, signal);
  const take = async (what: string): Promise<number> => {
    await cursor.ensure(4, what);
    return cursor.takeU32();
  };
  const entries = await take("the number of entries");
  if (entries < 1 || entries > MAX_ENTRIES || entries * 16 > source.size) {
    throw fail(`is no importance matrix: neither GGUF, nor ${grouped(entries)} entries of the older form`);
  }
  const text = async (what: string): Promise<string> => {
    const length = await take(`the length of ${what}`);
    if (length > MAX_NAME)
      throw fail(`${what} claims ${grouped(length)} bytes; at most ${MAX_NAME} are taken`);
    await cursor.ensure(length, what);
    return cursor.takeText(length) ?? "";
  };
  const columns = new Map<string, ColumnSums>();
  for (let i = 0; i < entries; i++) {
    const name = await text(`the name of entry ${i}`);
    const calls = await take(`the count of "${name}"`);
    const length = await take(`the length of "${name}"`);
    const bytes = await cursor.readBytes(length * 4, `the sums of "${name}"`);
    columns.set(name, { sums: new Float32Array(bytes.buffer), counts: Float32Array.of(calls) });
  }
  checkSums(columns, fail);
  // What follows, the number of pieces and the text's name, may be left out.
  const chunkCount = cursor.remaining >= 4 ? await take("the number of pieces") : 0;
  const dataset = cursor.remaining >= 4 ? await text("the name of the text") : "";
  return { columns, datasets: dataset === "" ? [] : [dataset], chunkCount, chunkSize: 0 };
}

/** Sums of squares are sizes. */
function checkSums(columns: ReadonlyMap<string, ColumnSums>, fail: (message: string) => BaimoError): void {
  for (const [name, { sums }] of columns) {
    if (sums.some((x) => !(x >= 0 && x < Infinity))) throw fail(`"${name}" holds a sum that is no size`);
  }
}

const SUMS = ".in_sum2";
const COUNTS = ".counts";

/**
 * Reads an importance matrix from an open GGUF file.
 *
 * @throws {BaimoError} `format` when the file is none, or its tensors do not fit one another
 */
export async function readImportance(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<ImportanceMatrix> {
  const door = call("readImportance");
  openedKind.read(checkpoint, "checkpoint", door);
  if (signal !== undefined) signalKind.read(signal, "signal", door);
  const fail = (message: string) => new BaimoError("format", `${checkpoint.name}: ${message}`);
  const type = checkpoint.metadata.get("general.type");
  if (checkpoint.format !== "gguf" || (type !== undefined && type !== "imatrix")) {
    throw fail(`is no importance matrix; a GGUF file of general.type "imatrix" is expected, not ${type}`);
  }
  const columns = new Map<string, ColumnSums>();
  for (const [name, tensor] of checkpoint.tensors) {
    if (!name.endsWith(SUMS)) continue;
    const base = name.slice(0, -SUMS.length);
    const other = checkpoint.tensors.get(base + COUNTS);
    if (!other) throw fail(`has "${name}" but no "${base + COUNTS}"`);
    const sums = await readFloats(checkpoint, tensor, signal);
    const counts = await readFloats(checkpoint, other, signal);
    if (counts.length === 0 || sums.length % counts.length !== 0) {
      throw fail(
        `"${name}" has ${sums.length} sums for ${counts.length} counts; a whole number each is expected`,
      );
    }
    columns.set(base, { sums, counts });
  }
  checkSums(columns, fail);
  if (columns.size === 0) throw fail(`holds no sums (tensors named …${SUMS}); it is no importance matrix`);
  const number = (key: string) => {
    const value = checkpoint.metadata.get(key);
    return typeof value === "number" ? value : 0;
  };
  const datasets = checkpoint.metadata.get("imatrix.datasets");
  return {
    columns,
    datasets: Array.isArray(datasets) ? datasets.map(String) : [],
    chunkCount: number("imatrix.chunk_count"),
    chunkSize: number("imatrix.chunk_size"),
  };
}

async function readFloats(
  checkpoint: Checkpoint,
  { name, dtype }: TensorInfo,
  signal?: AbortSignal,
): Promise<Float32Array> {
  if (dtype !== "F32") {
    throw new BaimoError("format", `${checkpoint.name}: "${name}" is ${dtype}; F32 is expected`);
  }
  const bytes = await checkpoint.readTensor(name, undefined, signal);
  return new Float32Array(bytes.slice().buffer);
}

/** Writes an importance matrix; at a path it appears only when all of it is written. */
export async function writeImportance(
  target: WriteTarget,
  importance: ImportanceMatrix,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const door = call("writeImportance");
  const { signal } = readOptions(options, signalTable, door);
  const { columns, datasets, chunkCount, chunkSize } = importanceKind.read(importance, "importance", door);
  const bytes = (list: Float32Array) => new Uint8Array(list.buffer, list.byteOffset, list.byteLength);
  await writeGguf(
    target,
    {
      metadata: {
        "general.type": "imatrix",
        "imatrix.datasets": { type: "STRING[]", value: [...datasets] },
        "imatrix.chunk_count": { type: "UINT32", value: chunkCount },
        "imatrix.chunk_size": { type: "UINT32", value: chunkSize },
      },
      tensors: [...columns.keys()].sort().flatMap((name) => {
        const { sums, counts } = columns.get(name)!;
        const shape = [counts.length, sums.length / counts.length];
        return [
          { name: name + SUMS, dtype: "F32", shape, data: bytes(sums) },
          { name: name + COUNTS, dtype: "F32", shape: [counts.length, 1], data: bytes(counts) },
        ] as const;
      }),
    },
    { signal },
  );
}

/**
 * The importance of a tensor's columns, [matrices, columns]: mean squares, and 1 where nothing was measured. Undefined
 * where the file does not have the tensor.
 *
 * @throws {BaimoError} `shape` when it was measured on a tensor of another shape
 */
export function importanceOf(
  matrix: ImportanceMatrix,
  { name, shape }: { name: string; shape: readonly number[] },
): Float32Array | undefined {
  const found = matrix.columns.get(name);
  if (!found) return undefined;
  const { sums, counts } = found;
  const width = shape.at(-1)!;
  const matrices = shape.length > 2 ? shape[0] : 1;
  if (sums.length !== width * matrices) {
    throw new BaimoError(
      "shape",
      `the importance matrix has ${sums.length} columns for "${name}", which has ${matrices} × ${width}; it was measured on another model`,
    );
  }
  const columns = sums.length / counts.length;
  return sums.map((sum, i) => {
    const count = counts[Math.floor(i / columns)];
    return count > 0 ? sum / count : 1;
  });
}
