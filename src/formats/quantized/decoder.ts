// Reads rows of a weight that lies in several tensors, in one of our own forms.
import { BaimoError } from "../../errors.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { pending, type Reading } from "../../tensor/reading.ts";
import { createCodeReader } from "./code-rows.ts";
import type { ApartMxfp4, Encoding, ReadBytes, ScaledCodes } from "./encoding.ts";
import { type GroupTables, readTables } from "./group-tables.ts";
import { writeBlocks, writeFloat8 } from "./write-blocks.ts";

/** Reads weights; it keeps what it knows of the one that was read last. */
export interface Decoder {
  /** Fills `target` with rows [first, first + count) as `dtype`, a form that holds the weight exactly. */
  rows(
    weight: { encoding: Encoding; dtype: DType },
    first: number,
    count: number,
    target: Uint8Array,
  ): Reading;
}

type RowsOf = (dtype: DType, first: number, count: number, target: Uint8Array) => Reading;

/** Makes a decoder over a checkpoint's files. */
export function createDecoder(read: ReadBytes): Decoder {
  let latest: { of: Encoding; rows: RowsOf } | undefined;
  return {
    *rows({ encoding, dtype }, first, count, target) {
      if (latest?.of !== encoding) {
        latest = undefined;
        const rows =
          encoding.kind === "mxfp4" ? mxfp4Rows(encoding, read) : yield* scaledRows(encoding, read);
        latest = { of: encoding, rows };
      }
      yield* latest.rows(dtype, first, count, target);
    },
  };
}

function* scaledRows(encoding: ScaledCodes, read: ReadBytes): Reading<RowsOf> {
  const { cols, zero } = encoding;
  const tables = yield* readTables(encoding, read);
  const reader = createCodeReader(encoding, read);
  const steps = new Float32Array(cols);
  return function* (dtype, first, count, target) {
    const rowBytes = byteLength(dtype, cols);
    for (let i = 0; i < count; i++) {
      const row = first + i;
      yield* reader.hold(row, first + count);
      reader.fill(row, steps);
      const at = tables.rowGroup(row) * tables.groups;
      subtractZeros(steps, tables, at, zero);
      const own = target.subarray(i * rowBytes, (i + 1) * rowBytes);
      if (dtype === "E4M3_32") {
        const wrong = steps.findIndex((step) => Number.isNaN(step));
        if (wrong >= 0) {
          throw new BaimoError(
            "format",
            `tensor "${encoding.codes.name}": row ${row}, column ${wrong} is not a number`,
          );
        }
        writeFloat8(steps, (c) => tables.scales[at + tables.groupOf[c]], own);
      } else if (dtypes[dtype].elements > 1) {
        writeBlocks(dtype, steps, (c) => tables.scales[at + tables.groupOf[c]], own);
      } else {
        scale(steps, tables, at);
        writeValues(dtype, steps, own);
      }
    }
  };
}

/** Takes the zero points off a row of codes; `at`: its first group. */
function subtractZeros(
  codes: Float32Array,
  { zeros, groupOf, runEnds }: GroupTables,
  at: number,
  zero: number,
): void {
  if (!zeros && zero === 0) return;
  for (let run = 0, c = 0; run < runEnds.length; run++) {
    const own = zeros ? zeros[at + groupOf[c]] : zero;
    for (const end = runEnds[run]; c < end; c++) codes[c] -= own;
  }
}

/** Multiplies a row by its scales. Products are exact in float64, so the one rounding is the store into the float32. */
function scale(steps: Float32Array, { scales, groupOf, runEnds }: GroupTables, at: number): void {
  for (let run = 0, c = 0; run < runEnds.length; run++) {
    const own = scales[at + groupOf[c]];
    for (const end = runEnds[run]; c < end; c++) steps[c] *= own;
  }
}

function writeValues(dtype: DType, values: Float32Array, target: Uint8Array): void {
  const bytes = new Uint8Array(values.buffer);
  if (dtype === "F32") return target.set(bytes);
  if (dtype !== "BF16")
    throw new BaimoError("request", `weights in several tensors are not read as ${dtype}`);
  for (let c = 0; c < values.length; c++) {
    target[2 * c] = bytes[4 * c + 2];
    target[2 * c + 1] = bytes[4 * c + 3];
  }
}

/** As ggml has it: the scale before the 16 bytes of its block, in a byte the j-th and the (j + 16)-th. */
function mxfp4Rows({ codes, scales }: ApartMxfp4, read: ReadBytes): RowsOf {
  return function* (_, first, count, target) {
    const blocks = count * scales.cols;
    const [bytes, powers] = [new Uint8Array(16 * blocks), new Uint8Array(blocks)];
    yield* pending(read(codes.file, codes.offset + 16 * first * scales.cols, bytes));
    yield* pending(read(scales.file, scales.offset + first * scales.cols, powers));
    for (let b = 0; b < blocks; b++) {
      target[17 * b] = powers[b];
      for (let j = 0; j < 16; j++) {
        const shift = 4 * (j % 2);
        const [low, high] = [bytes[16 * b + (j >> 1)], bytes[16 * b + 8 + (j >> 1)]];
        target[17 * b + 1 + j] = ((low >> shift) & 15) | (((high >> shift) & 15) << 4);
      }
    }
  };
}
