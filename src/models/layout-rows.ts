// Reads the rows of a tensor that is laid out of others (gguf-layout.ts), a piece at a time; leans on formats.
import type { Checkpoint } from "../formats/checkpoint.ts";
import { dequantize } from "../formats/dequantize.ts";
import type { RowSource } from "../formats/quantize-rows.ts";
import { byteLength } from "../tensor/dtype.ts";
import type { LayoutTensor, RowsFrom } from "./gguf-layout.ts";
import type { StoredTensor } from "./weight-plan.ts";

/** Rows within such a stretch are read at once, where they are at least a quarter of it. */
const STRETCH = 4;

/** The rows of a tensor to write; a vector is one row. */
export function layoutRows(checkpoint: Checkpoint, tensor: LayoutTensor): RowSource {
  const { name, shape, kind } = tensor;
  const width = kind === "matrix" ? shape.at(-1)! : 1;
  // Transposed tensors are kept whole while their rows are asked for.
  const whole = new Map<RowsFrom, Float32Array>();
  const readRows: RowSource["readRows"] = async (start, count, signal) => {
    const values = new Float32Array(count * width);
    for (let r = 0; r < count; ) {
      const index = tensor.source[start + r];
      let end = r + 1;
      while (end < count && tensor.source[start + end] === index) end++;
      if (index >= 0) {
        const from = tensor.from[index];
        const rows = tensor.row.subarray(start + r, start + end);
        const target = values.subarray(r * width, end * width);
        if (from.transposed) {
          let all = whole.get(from);
          if (!all)
            whole.set(from, (all = await readSpan(checkpoint, from.stored, from.first, width, signal)));
          gatherColumns(all, from.stored.cols, rows, target, width);
        } else {
          await gatherRows(checkpoint, from.stored, rows, target, width, signal);
        }
        if (from.normalized) normalize(target, width);
      }
      r = end;
    }
    if (tensor.plusOne) for (let i = 0; i < values.length; i++) values[i] += 1;
    return values;
  };
  if (kind === "matrix") return { name, shape, readRows };
  const length = shape.reduce((a, b) => a * b, 1);
  return {
    name,
    shape,
    // Its rows are those of its shape, its values one after another.
    readRows: (start, count, signal) => {
      const perRow = shape.at(-1) ?? length;
      return readRows(start * perRow, count * perRow, signal);
    },
  };
}

/** `count` rows of a stored tensor from `first`, as float32. */
async function readSpan(
  checkpoint: Checkpoint,
  { file, offset, dtype, cols }: StoredTensor,
  first: number,
  count: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const rowBytes = byteLength(dtype, cols);
  const bytes = await checkpoint.files[file].read(offset + first * rowBytes, count * rowBytes, signal);
  return dequantize(dtype, bytes, count * cols);
}

function gatherColumns(
  all: Float32Array,
  stride: number,
  columns: Int32Array,
  target: Float32Array,
  width: number,
): void {
  for (let r = 0; r < columns.length; r++) {
    for (let i = 0; i < width; i++) target[r * width + i] = all[i * stride + columns[r]];
  }
}

/** Stored rows in any order; a vector's values count as rows of one. */
async function gatherRows(
  checkpoint: Checkpoint,
  stored: StoredTensor,
  rows: Int32Array,
  target: Float32Array,
  width: number,
  signal?: AbortSignal,
): Promise<void> {
  const perRow = stored.cols / width; // 1, but for the values of a vector
  let least = rows[0];
  let most = rows[0];
  for (const row of rows) {
    if (row < least) least = row;
    if (row > most) most = row;
  }
  if (rows.length > 1 && most - least + 1 > STRETCH * rows.length) {
    const middle = rows.length >> 1;
    await gatherRows(checkpoint, stored, rows.subarray(0, middle), target, width, signal);
    await gatherRows(
      checkpoint,
      stored,
      rows.subarray(middle),
      target.subarray(middle * width),
      width,
      signal,
    );
    return;
  }
  const first = Math.floor(least / perRow);
  const span = await readSpan(checkpoint, stored, first, Math.floor(most / perRow) - first + 1, signal);
  const base = first * perRow;
  for (let r = 0; r < rows.length; r++) {
    const from = (rows[r] - base) * width;
    for (let i = 0; i < width; i++) target[r * width + i] = span[from + i];
  }
}

function normalize(values: Float32Array, width: number): void {
  for (let from = 0; from < values.length; from += width) {
    let sum = 0;
    for (let i = from; i < from + width; i++) sum += values[i] * values[i];
    const inverse = 1 / Math.max(Math.sqrt(sum), 1e-12);
    for (let i = from; i < from + width; i++) values[i] *= inverse;
  }
}
