// Reads the rows of a tensor that is composed of others, a piece at a time.

import { dequantize } from "../../formats/blocks/dequantize.ts";
import type { RowSource } from "../../formats/blocks/quantize-rows.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { MatrixSource } from "../../tensor/backend.ts";
import { byteLength } from "../../tensor/dtype.ts";
import type { LayoutTensor } from "../gguf/gguf-layout.ts";
import { createWeightReader } from "./weight-reader.ts";

/** Rows within a stretch are read at once, where they are at least a quarter of it. */
const STRETCH = 4;

/** The rows of a tensor to write. */
export function layoutRows(checkpoint: Checkpoint, tensor: LayoutTensor): RowSource {
  const { name, shape } = tensor;
  return tensor.kind === "matrix"
    ? { name, shape, readRows: matrixRows(checkpoint, tensor) }
    : { name, shape, readRows: vectorRows(checkpoint, tensor) };
}

function matrixRows(checkpoint: Checkpoint, tensor: LayoutTensor): RowSource["readRows"] {
  const reader = createWeightReader(checkpoint.files);
  const sources = tensor.from.map((plan) => (plan.kind === "matrix" ? reader.matrix(plan) : undefined));
  const width = tensor.shape.at(-1)!;
  return async (start, count) => {
    const values = new Float32Array(count * width);
    for (let r = 0, end = 0; r < count; r = end) {
      const index = tensor.source[start + r];
      for (end = r + 1; end < count && tensor.source[start + end] === index; ) end++;
      const source = sources[index];
      const rows = tensor.row.subarray(start + r, start + end);
      if (source) await gather(source, rows, values.subarray(r * width, end * width));
    }
    return values;
  };
}

/** Rows in any order, as float32. */
async function gather(source: MatrixSource, rows: Int32Array, target: Float32Array): Promise<void> {
  const { dtype, cols } = source;
  let least = rows[0];
  let most = rows[0];
  for (const row of rows) {
    if (row < least) least = row;
    if (row > most) most = row;
  }
  const span = most - least + 1;
  if (rows.length > 1 && span > STRETCH * rows.length) {
    const middle = rows.length >> 1;
    await gather(source, rows.subarray(0, middle), target);
    await gather(source, rows.subarray(middle), target.subarray(middle * cols));
    return;
  }
  const bytes = new Uint8Array(byteLength(dtype, span * cols));
  await source.read(least, span, bytes);
  const held = dequantize(dtype, bytes, span * cols);
  for (let r = 0; r < rows.length; r++) {
    const from = (rows[r] - least) * cols;
    target.set(held.subarray(from, from + cols), r * cols);
  }
}

/** Vectors are small: all values at once, and of these the rows of the shape. */
function vectorRows(checkpoint: Checkpoint, tensor: LayoutTensor): RowSource["readRows"] {
  const reader = createWeightReader(checkpoint.files);
  const perRow = tensor.shape.at(-1) ?? 1;
  let all: Float32Array | undefined;
  const readAll = async (): Promise<Float32Array> => {
    const parts: Float32Array[] = [];
    for (const plan of tensor.from)
      parts.push(plan.kind === "matrix" ? new Float32Array(0) : await reader.vector(plan).read());
    return Float32Array.from(tensor.source, (index, i) => {
      const value = index < 0 ? 0 : parts[index][tensor.row[i]];
      return tensor.negatedExp ? -Math.exp(value) : value;
    });
  };
  return async (start, count) => {
    all ??= await readAll();
    return all.slice(start * perRow, (start + count) * perRow);
  };
}
