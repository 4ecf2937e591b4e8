// Reads a plan's weights from files: rows in any order, transposed or computed.

import { dequantize } from "../../formats/blocks/dequantize.ts";
import { createDecoder } from "../../formats/quantized/decoder.ts";
import type { ReadBytes } from "../../formats/quantized/encoding.ts";
import type { ByteSource } from "../../formats/sources/byte-source.ts";
import type { FileRange, MatrixSource, VectorSource } from "../../tensor/backend.ts";
import { byteLength, dtypes } from "../../tensor/dtype.ts";
import { finish, pending, type Reading } from "../../tensor/reading.ts";
import { spreadBuckets } from "../forward/relative-bias.ts";
import { type MatrixPlan, readType, type StoredTensor, type VectorPlan } from "./tensor-plan.ts";

/** Reads tensors of a plan. What it returns reads one thing after another, never two at once. */
export interface WeightReader {
  matrix(plan: MatrixPlan): MatrixSource;
  vector(plan: VectorPlan): VectorSource;
}

/** Rows that lie apart are read in one piece while that reads at most this many times what is needed. */
const MOST_WASTE = 4;

/** Makes a reader of these files. It keeps one buffer for rows that must change places. */
export function createWeightReader(files: readonly ByteSource[]): WeightReader {
  let buffer = new Uint8Array(0);
  /** The stored tensor whose columns were read last: a matrix asks for its rows in several steps. */
  let columns: { of: StoredTensor; first: number; bytes: Uint8Array } | undefined;

  const readBytes: ReadBytes = (file, offset, into) => {
    const source = files[file];
    return source.readIntoSync ? source.readIntoSync(into, offset) : source.readInto(into, offset);
  };
  const decoder = createDecoder(readBytes);

  /** Rows of a stored tensor, one after another. */
  function* readStored(stored: StoredTensor, row: number, rows: number, into: Uint8Array): Reading {
    const { file, offset, dtype, cols, encoding } = stored;
    if (encoding) yield* decoder.rows({ encoding, dtype }, row, rows, into);
    else yield* pending(readBytes(file, offset + row * byteLength(dtype, cols), into));
  }

  function* readOrdered(
    { stored, first, order }: MatrixPlan,
    row: number,
    rows: number,
    target: Uint8Array,
  ): Reading {
    const rowBytes = byteLength(stored.dtype, stored.cols);
    const from = Int32Array.from({ length: rows }, (_, i) => first + (order ? order[row + i] : row + i));
    const low = from.reduce((least, r) => Math.min(least, r), Number.POSITIVE_INFINITY);
    const high = from.reduce((most, r) => Math.max(most, r), 0);
    const span = high - low + 1;
    if (span > MOST_WASTE * rows) {
      for (let i = 0; i < rows; i++) {
        yield* readStored(stored, from[i], 1, target.subarray(i * rowBytes, (i + 1) * rowBytes));
      }
      return;
    }
    if (buffer.length < span * rowBytes) buffer = new Uint8Array(span * rowBytes);
    const held = buffer.subarray(0, span * rowBytes);
    yield* readStored(stored, low, span, held);
    for (let i = 0; i < rows; i++) {
      const at = (from[i] - low) * rowBytes;
      target.set(held.subarray(at, at + rowBytes), i * rowBytes);
    }
  }

  function* readTransposed(plan: MatrixPlan, row: number, rows: number, target: Uint8Array): Reading {
    const { stored, order, cols, partRows = cols } = plan;
    const blocked = dtypes[stored.dtype].elements > 1;
    const size = blocked ? 4 : byteLength(stored.dtype, 1);
    const rowBytes = size * stored.cols;
    for (let i = 0; i < rows; i++) {
      const first = plan.first + partRows * Math.floor(((row + i) * plan.parts) / plan.rows);
      if (columns?.of !== stored || columns.first !== first) {
        const raw = new Uint8Array(byteLength(stored.dtype, cols * stored.cols));
        columns = undefined;
        yield* readStored(stored, first, cols, raw);
        // Values of a block belong to several rows here.
        const bytes = blocked ? bytesOf(dequantize(stored.dtype, raw, cols * stored.cols)) : raw;
        columns = { of: stored, first, bytes };
      }
      const { bytes } = columns;
      const column = order ? order[row + i] : row + i;
      for (let c = 0, to = i * cols * size; c < cols; c++, to += size) {
        const at = c * rowBytes + column * size;
        for (let b = 0; b < size; b++) target[to + b] = bytes[at + b];
      }
    }
  }

  function* readRows(plan: MatrixPlan, row: number, rows: number, target: Uint8Array): Reading {
    const { stored, first, order } = plan;
    if (plan.transposed) yield* readTransposed(plan, row, rows, target);
    else if (order) yield* readOrdered(plan, row, rows, target);
    else yield* readStored(stored, first + row, rows, target);
  }

  const vector = (plan: VectorPlan): VectorSource => ({
    name: plan.name,
    length: plan.length,
    async read() {
      const { stored, first, order, buckets, length } = plan;
      const total = stored.rows * stored.cols;
      const raw = new Uint8Array(byteLength(stored.dtype, total));
      await finish(readStored(stored, 0, stored.rows, raw));
      const all = dequantize(stored.dtype, raw, total);
      if (buckets) return spreadBuckets(all, buckets);
      const values = order
        ? Float32Array.from(order, (i) => all[first + i])
        : all.slice(first, first + length);
      if (plan.negatedExp) return values.map((value) => Math.log(-value));
      return plan.onePlus ? values.map((value) => 1 + value) : values;
    },
  });

  return {
    vector,
    matrix: (plan) => {
      const { name, rows, cols, bias, expert } = plan;
      if (!plan.normalized) {
        return {
          name,
          dtype: readType(plan),
          rows,
          cols,
          expert,
          bias: bias && vector(bias),
          read: (firstRow, count, target) => finish(readRows(plan, firstRow, count, target)),
          range: (firstRow, count) => rangeOf(plan, firstRow, count),
        };
      }
      return {
        name,
        dtype: "F32",
        rows,
        cols,
        bias: bias && vector(bias),
        async read(firstRow, count, target) {
          const { dtype } = plan.stored;
          const raw = new Uint8Array(count * byteLength(dtype, cols));
          await finish(readRows(plan, firstRow, count, raw));
          const values = dequantize(dtype, raw, count * cols);
          for (let row = 0; row < count; row++) normalize(values.subarray(row * cols, (row + 1) * cols));
          target.set(new Uint8Array(values.buffer));
        },
      };
    },
  };
}

/** Where rows lie, if they do in one piece and as they are. */
function rangeOf(
  { stored, first, order, transposed }: MatrixPlan,
  row: number,
  rows: number,
): FileRange | undefined {
  if (order || transposed || stored.encoding) return undefined;
  const rowBytes = byteLength(stored.dtype, stored.cols);
  return { file: stored.file, offset: stored.offset + (first + row) * rowBytes, length: rows * rowBytes };
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Divides a row by its length. */
function normalize(row: Float32Array): void {
  const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  const scale = 1 / Math.max(length, 1e-12);
  for (let i = 0; i < row.length; i++) row[i] *= scale;
}
