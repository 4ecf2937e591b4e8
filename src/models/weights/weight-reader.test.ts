// Weights from their files: MXFP4 in two tensors, transposed parts, computed values.
import assert from "node:assert/strict";
import { it } from "node:test";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import { openByteSource } from "../../formats/sources/open-byte-source.ts";
import { createRandom } from "../../random.ts";
import { byteLength, type DType } from "../../tensor/dtype.ts";
import type { MatrixPlan, StoredTensor } from "./tensor-plan.ts";
import { createWeightReader } from "./weight-reader.ts";

const bytesFrom = (seed: number, length: number) => {
  const random = createRandom(seed);
  return Uint8Array.from({ length }, () => random.integer(256));
};

const stored = (dtype: DType, rows: number, cols: number, offset = 0): StoredTensor => ({
  name: "w",
  file: 0,
  offset,
  dtype,
  rows,
  cols,
});

const planOf = (tensor: StoredTensor, fields: Partial<MatrixPlan>): MatrixPlan => ({
  kind: "matrix",
  name: "w",
  rows: tensor.rows,
  cols: tensor.cols,
  cut: "rows",
  stored: tensor,
  first: 0,
  transposed: false,
  parts: 1,
  normalized: false,
  expert: false,
  ...fields,
});

/** Rows [first, first + rows) of a plan over these bytes. */
async function readRows(bytes: Uint8Array, plan: MatrixPlan, first: number, rows: number) {
  const source = await openByteSource(bytes);
  const matrix = createWeightReader([source]).matrix(plan);
  const raw = new Uint8Array(byteLength(matrix.dtype, rows * matrix.cols));
  await matrix.read(first, rows, raw);
  await source.close();
  return dequantize(matrix.dtype, raw, rows * matrix.cols);
}

it("reads MXFP4 whose blocks and scales are two tensors, in any order of rows", async () => {
  const [rows, cols] = [6, 64];
  const blocks = bytesFrom(1, (rows * cols) / 2);
  const scales = bytesFrom(2, (rows * cols) / 32).map((byte) => 120 + (byte % 16));
  // The 16 values of four bits, and neighbours in a byte (OCP Microscaling Formats 1.0, §5.3).
  const values = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  const expected = (row: number, col: number) => {
    const bits = (blocks[(row * cols + col) >> 1] >> (4 * (col % 2))) & 15;
    const size = values[bits & 7] * 2 ** (scales[(row * cols + col) >> 5] - 127);
    return bits & 8 ? -size : size;
  };
  const encoding = {
    kind: "mxfp4",
    codes: stored("U8", rows, cols / 2),
    scales: stored("U8", rows, cols / 32, blocks.length),
  } as const;
  const plan = planOf(
    { ...stored("MXFP4", rows, cols), encoding },
    { rows: 3, order: Int32Array.of(1, 3, 5) },
  );
  const bytes = Uint8Array.from([...blocks, ...scales]);
  const found = await readRows(bytes, plan, 1, 2);
  for (const [i, value] of found.entries())
    assert.ok(value === expected([3, 5][Math.floor(i / cols)], i % cols));
});

it("reads parts that are transposed each by itself, of blocks as values", async () => {
  const [parts, inputs, outputs] = [2, 3, 32];
  const bytes = bytesFrom(3, byteLength("Q4_0", parts * inputs * outputs));
  // Scales that are numbers.
  for (let at = 0; at < bytes.length; at += 18) bytes[at + 1] = 0x34;
  const all = dequantize("Q4_0", bytes, parts * inputs * outputs);
  const order = Int32Array.from({ length: parts * outputs }, (_, row) => row % outputs);
  const plan = planOf(stored("Q4_0", parts * inputs, outputs), {
    rows: parts * outputs,
    cols: inputs,
    order,
    transposed: true,
    parts,
  });
  const found = await readRows(bytes, plan, 30, 5);
  for (let r = 0; r < 5; r++) {
    const [part, output] = [Math.floor((30 + r) / outputs), (30 + r) % outputs];
    for (let c = 0; c < inputs; c++)
      assert.equal(found[r * inputs + c], all[(part * inputs + c) * outputs + output]);
  }
});

it("undoes -exp, and adds to 1", async () => {
  const values = Float32Array.of(-1, -2, -0.5);
  const source = await openByteSource(new Uint8Array(values.buffer));
  const reader = createWeightReader([source]);
  const vector = { kind: "vector", name: "v", length: 2, stored: stored("F32", 1, 3), first: 1 } as const;
  const decays = await reader.vector({ ...vector, onePlus: false, negatedExp: true }).read();
  assert.deepEqual([...decays], [Math.fround(Math.log(2)), Math.fround(Math.log(0.5))]);
  assert.deepEqual([...(await reader.vector({ ...vector, onePlus: true }).read())], [-1, 0.5]);
  await source.close();
});
