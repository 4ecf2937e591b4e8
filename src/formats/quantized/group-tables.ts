// The scales and zero points of a weight, one for each group, read and unpacked.
import { BaimoError } from "../../errors.ts";
import { byteLength } from "../../tensor/dtype.ts";
import { pending, type Reading } from "../../tensor/reading.ts";
import { dequantize } from "../blocks/dequantize.ts";
import type { Part, ReadBytes, ScaledCodes } from "./encoding.ts";
import { transpose } from "./transpose.ts";
import { awqNibble, readBits, wordsOf } from "./words.ts";

/** What is the same for many codes of a weight. */
export interface GroupTables {
  /** [row groups, groups of a row] */
  readonly scales: Float32Array;
  readonly zeros?: Float32Array;
  readonly groups: number;
  /** The group of each column. */
  readonly groupOf: Int32Array;
  /** Where the columns end that follow one another and are of one group. */
  readonly runEnds: Int32Array;
  /** The row group of a row. */
  rowGroup(row: number): number;
}

/**
 * Reads them.
 * @throws {BaimoError} `format` when a column's group is none of those that have a scale
 */
export function* readTables(encoding: ScaledCodes, read: ReadBytes): Reading<GroupTables> {
  const { cols, bits, scales: part, transposed, groupRows, groupCols, matrixRows } = encoding;
  const groups = transposed ? part.rows : part.cols;
  const perMatrix = Math.ceil(matrixRows / groupRows);
  const rowGroup = (row: number) =>
    Math.floor(row / matrixRows) * perMatrix + Math.floor((row % matrixRows) / groupRows);
  const stored = yield* readFloats(part, read);
  const scales = transposed ? turn(stored, part) : stored;
  if (encoding.divisor) {
    const [divisor] = yield* readFloats(encoding.divisor, read);
    for (let i = 0; i < scales.length; i++) scales[i] /= divisor;
  }
  const rowGroups = transposed ? part.cols : part.rows;
  const zeros = encoding.zeros && (yield* readZeros(encoding.zeros, { bits, groups, rowGroups }, read));
  const groupOf = encoding.groupOf
    ? yield* readGroups(encoding.groupOf, groups, read)
    : Int32Array.from({ length: cols }, (_, col) => Math.floor(col / groupCols));
  return { scales, zeros, groups, groupOf, runEnds: endsOf(groupOf), rowGroup };
}

function endsOf(groupOf: Int32Array): Int32Array {
  const ends: number[] = [];
  for (let c = 1; c <= groupOf.length; c++) if (groupOf[c] !== groupOf[c - 1]) ends.push(c);
  return Int32Array.from(ends);
}

function* readPart({ file, offset, dtype, rows, cols }: Part, read: ReadBytes): Reading<Uint8Array> {
  const bytes = new Uint8Array(byteLength(dtype, rows * cols));
  yield* pending(read(file, offset, bytes));
  return bytes;
}

function* readFloats(part: Part, read: ReadBytes): Reading<Float32Array> {
  return dequantize(part.dtype, yield* readPart(part, read), part.rows * part.cols);
}

/** The same scales by columns. Their bits move, whatever they mean. */
function turn(values: Float32Array, { rows, cols }: Part): Float32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return new Float32Array(transpose(bits, rows, cols).buffer);
}

function* readZeros(
  { part, layout, add }: NonNullable<ScaledCodes["zeros"]>,
  { bits, groups, rowGroups }: { bits: number; groups: number; rowGroups: number },
  read: ReadBytes,
): Reading<Float32Array> {
  if (layout === "values") return yield* readFloats(part, read);
  const words = wordsOf(yield* readPart(part, read));
  const mask = 2 ** bits - 1;
  const perWord = Math.floor(32 / bits);
  const table = new Float32Array(rowGroups * groups);
  for (let row = 0; row < rowGroups; row++) {
    for (let g = 0; g < groups; g++) {
      const stored =
        layout === "words"
          ? words[Math.floor(row / perWord) * part.cols + g] >>> (bits * (row % perWord))
          : layout === "awq"
            ? words[g * part.cols + (row >> 3)] >>> (4 * awqNibble[row & 7])
            : readBits(words, 32 * g * part.cols + row * bits, bits);
      table[row * groups + g] = (stored + add) & mask;
    }
  }
  return table;
}

function* readGroups(part: Part, groups: number, read: ReadBytes): Reading<Int32Array> {
  const bytes = yield* readPart(part, read);
  const groupOf = new Int32Array(bytes.buffer);
  const wrong = groupOf.findIndex((group) => group < 0 || group >= groups);
  if (wrong < 0) return groupOf;
  throw new BaimoError(
    "format",
    `tensor "${part.name}": column ${wrong} is said to be of group ${groupOf[wrong]}; there are ${groups} groups of scales`,
  );
}
