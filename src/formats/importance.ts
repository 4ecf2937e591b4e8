// Importance matrices: how much each column of a weight matrix matters, as GGUF files that llama.cpp's imatrix tool reads
// and writes; leans on checkpoint.ts and gguf-writer.ts. Format: tools/imatrix of llama.cpp, since release b5900.
import { BaimoError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { WriteTarget } from "./file-sink.ts";
import { writeGguf } from "./gguf-writer.ts";
import type { TensorInfo } from "./tensor-info.ts";

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
    if (sums.some((x) => !(x >= 0 && x < Infinity))) throw fail(`"${name}" holds a sum that is no size`);
    columns.set(base, { sums, counts });
  }
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
  { columns, datasets, chunkCount, chunkSize }: ImportanceMatrix,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
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
