// Writes a GGUF model in another file type: same metadata, same names, other blocks.
import { BaimoError } from "../../errors.ts";
import { callback, flag, signal, withDefault } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { isQuantizable } from "../blocks/quantize.ts";
import { type Packer, packerKind, quantizeRows, rowsOf } from "../blocks/quantize-rows.ts";
import { type Checkpoint, openedKind } from "../checkpoint.ts";
import type { TensorToWrite, WriteTarget } from "../sources/file-sink.ts";
import { elementCount } from "../tensor-info.ts";
import {
  chooseTypes,
  countInto,
  type Fallback,
  type FileType,
  fileTypeKind,
  fileTypes,
} from "./file-types.ts";
import { readGguf } from "./gguf-reader.ts";
import { type TypedMetadataValue, writeGguf } from "./gguf-writer.ts";
import { type ImportanceMatrix, importanceKind, importanceOf } from "./importance.ts";
import type { MetadataValue } from "./metadata.ts";

/** ggml's number for how blocks are packed. */
const QUANTIZATION_VERSION = 2;

/** Options of `quantizeGguf`. */
export interface QuantizeGgufOptions {
  importance?: ImportanceMatrix;
  /** Lets blocks be packed again, which adds the errors of both; without it a quantised tensor is refused. */
  requantize?: boolean;
  /** Packs in threads of its own; without it, in this one. */
  packer?: Packer;
  onProgress?: (progress: QuantizeProgress) => void;
  signal?: AbortSignal;
}

/** The same, declared. */
export const quantizeGgufTable = {
  importance: importanceKind,
  requantize: withDefault(flag, false),
  packer: packerKind,
  onProgress: callback<NonNullable<QuantizeGgufOptions["onProgress"]>>(),
  signal,
} satisfies TableOf<QuantizeGgufOptions>;

/** How far it is. */
export interface QuantizeProgress {
  readonly tensor: string;
  /** Values done and in all. */
  readonly done: number;
  readonly total: number;
}

/** What was written. */
export interface QuantizeSummary {
  readonly fileType: FileType;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytesBefore: number;
  readonly bytes: number;
  readonly bitsPerWeight: number;
  /** How many tensors and bytes each element type has. */
  readonly types: Readonly<Record<string, { tensors: number; bytes: number }>>;
  /** Tensors whose rows are no whole blocks of the type that the file type gives them, by that type and what they became. */
  readonly fallbacks: readonly Fallback[];
  /** Quantised tensors that the importance matrix does not have; undefined without one. */
  readonly unweighted?: readonly string[];
}

/**
 * Writes a GGUF model with its tensors in the types of a file type. A split model becomes one file. Memory is bounded by a
 * few million values, not by tensors.
 *
 * @throws {BaimoError} `request` for a checkpoint that is no GGUF, or is quantised already; `format` for damaged weights
 */
export async function quantizeGguf(
  checkpoint: Checkpoint,
  target: WriteTarget,
  fileType: FileType,
  options: QuantizeGgufOptions = {},
): Promise<QuantizeSummary> {
  const door = call("quantizeGguf");
  const { importance, requantize, packer, onProgress, signal } = readOptions(
    options,
    quantizeGgufTable,
    door,
  );
  openedKind.read(checkpoint, "checkpoint", door);
  fileTypeKind.read(fileType, "fileType", door);
  if (checkpoint.format !== "gguf") {
    throw new BaimoError(
      "request",
      `${checkpoint.name}: is ${checkpoint.format}; only GGUF is quantised, so convert it first (baimo convert)`,
    );
  }
  const fallbacks: Fallback[] = [];
  const types = chooseTypes(checkpoint.tensors.values(), checkpoint.metadata, fileType, {
    weighted: importance !== undefined,
    onFallback: countInto(fallbacks),
  });
  const unweighted: string[] = [];
  const total = countValues(checkpoint);
  let done = 0;
  const tensors = Array.from(checkpoint.tensors.values(), (tensor): TensorToWrite => {
    const { name, dtype, shape } = tensor;
    const type = types.get(name)!;
    const rows = rowsOf(checkpoint, tensor);
    const width = shape.at(-1) ?? 1;
    const onRows = (count: number) => {
      done += count * width;
      onProgress?.({ tensor: name, done, total });
    };
    if (type === dtype || !isQuantizable(type)) {
      return { name, dtype, shape, data: () => copyRows(checkpoint, tensor.name, onRows, signal) };
    }
    const blocks = dtypes[type].elements > 1;
    if (blocks && dtypes[dtype].elements > 1 && !requantize) {
      throw new BaimoError(
        "request",
        `${checkpoint.name}: "${name}" is ${dtype} already; quantise the F32, F16 or BF16 model, or allow blocks to be packed again (--requantize)`,
      );
    }
    const weights = blocks && importance ? importanceOf(importance, tensor) : undefined;
    if (blocks && importance && !weights) unweighted.push(name);
    return {
      name,
      dtype: type,
      shape,
      data: () => quantizeRows(rows, type, { importance: weights, packer, onRows, signal }),
    };
  });
  const metadata = await copyMetadata(checkpoint, signal);
  metadata.set("general.quantization_version", { type: "UINT32", value: QUANTIZATION_VERSION });
  metadata.set("general.file_type", { type: "UINT32", value: fileTypes[fileType].number });
  if (importance) describeImportance(importance, metadata);
  await writeGguf(target, { metadata, tensors }, { signal });
  let bytesBefore = 0;
  for (const tensor of checkpoint.tensors.values()) bytesBefore += tensor.byteLength;
  const summary = summarize(tensors, fileType, { bytesBefore, parameters: total, fallbacks });
  return importance ? { ...summary, unweighted } : summary;
}

function countValues(checkpoint: Checkpoint): number {
  let values = 0;
  for (const { shape } of checkpoint.tensors.values()) values += elementCount(shape) ?? 0;
  return values;
}

/** Bytes as they are, a piece at a time. */
async function* copyRows(
  checkpoint: Checkpoint,
  name: string,
  onRows: (count: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { shape, dtype } = checkpoint.tensors.get(name)!;
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const piece = Math.max(1, Math.floor((4 << 20) / Math.max(1, byteLength(dtype, shape.at(-1) ?? 1))));
  for (let rowStart = 0; rowStart < rows; rowStart += piece) {
    const count = Math.min(piece, rows - rowStart);
    yield await checkpoint.readTensor(name, { rowStart, rows: count }, signal);
    onRows(count);
  }
}

/** The metadata with its types as they stand in the file, without what says how the model was split. */
async function copyMetadata(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<Map<string, MetadataValue | TypedMetadataValue>> {
  const { metadata, types } = await readGguf(checkpoint.files[0], { signal });
  const copy = new Map<string, MetadataValue | TypedMetadataValue>();
  for (const [key, value] of metadata) {
    const type = types.get(key)!;
    if (key.startsWith("split.") || key === "general.alignment") continue;
    if (type === "ARRAY") {
      throw new BaimoError(
        "request",
        `${checkpoint.name}: metadata "${key}" is a list of lists, which is not written`,
      );
    }
    copy.set(key, { type, value });
  }
  return copy;
}

/** What llama.cpp's quantiser notes of the importance matrix. */
function describeImportance(
  { columns, datasets, chunkCount }: ImportanceMatrix,
  metadata: Map<string, MetadataValue | TypedMetadataValue>,
): void {
  if (datasets.length > 0) metadata.set("quantize.imatrix.dataset", datasets[0]);
  metadata.set("quantize.imatrix.entries_count", { type: "UINT32", value: columns.size });
  if (chunkCount > 0) metadata.set("quantize.imatrix.chunks_count", { type: "UINT32", value: chunkCount });
}

/** What is written, by type. */
export function summarize(
  tensors: readonly TensorToWrite[],
  fileType: FileType,
  known: Pick<QuantizeSummary, "bytesBefore" | "parameters" | "fallbacks">,
): QuantizeSummary {
  const { bytesBefore, parameters, fallbacks } = known;
  const types: Partial<Record<DType, { tensors: number; bytes: number }>> = {};
  let bytes = 0;
  for (const { dtype, shape } of tensors) {
    const size = byteLength(dtype, elementCount(shape) ?? 0);
    const entry = (types[dtype] ??= { tensors: 0, bytes: 0 });
    entry.tensors++;
    entry.bytes += size;
    bytes += size;
  }
  return {
    fileType,
    tensors: tensors.length,
    parameters,
    bytesBefore,
    bytes,
    bitsPerWeight: (8 * bytes) / parameters,
    types: types as QuantizeSummary["types"],
    fallbacks,
  };
}
