// Chooses the narrowest of our own forms that holds every value of a weight exactly.
import type { DType } from "../../tensor/dtype.ts";
import { finish, type Reading } from "../../tensor/reading.ts";
import { halfTable, roundToHalf } from "../blocks/half.ts";
import type { Encoding, ReadBytes, ScaledCodes } from "./encoding.ts";
import { type GroupTables, readTables } from "./group-tables.ts";
import { BLOCK, blockRanges } from "./write-blocks.ts";

/** E4M3 holds the whole numbers up to this one. */
const MOST_WHOLE = 16;

/** The form; scales and zero points are read for it where their types leave a doubt. */
export function nearestForm(encoding: Encoding, read: ReadBytes): DType | Promise<DType> {
  return encoding.kind === "mxfp4" ? "MXFP4" : finish(formOf(encoding, read));
}

function* formOf(encoding: ScaledCodes, read: ReadBytes): Reading<DType> {
  const { cols, groupCols, scales, zeros, zero, groupOf } = encoding;
  const inBlocks =
    cols % BLOCK === 0 && (groupCols % BLOCK === 0 || groupCols >= cols || groupOf !== undefined);
  const codes = rangeOf(encoding);
  if (!codes) return yield* floatForm(encoding, inBlocks, read);
  if (!inBlocks) return "F32";
  const isPlain = scales.dtype === "F16" && !zeros && !groupOf;
  const tables = isPlain ? undefined : yield* readTables(encoding, read);
  if (tables && !blocksAreWhole(tables)) return "F32";
  const [leastZero, mostZero] = tables?.zeros ? bounds(tables.zeros) : [zero, zero];
  const [least, most] = [codes.least - mostZero, codes.most - leastZero];
  if (tables && !scalesAreHalves(tables))
    return Math.max(-least, most) <= MOST_WHOLE && scalesAreLiftable(tables) ? "E4M3_32" : "F32";
  return blockRanges.find((form) => least >= form.least && most <= form.most)?.dtype ?? "F32";
}

/** The least and the greatest code, or nothing where codes are floats. */
function rangeOf({ layout, bits, codes }: ScaledCodes): { least: number; most: number } | undefined {
  if (layout === "e2m1" || (layout === "values" && codes.dtype.startsWith("F8"))) return undefined;
  return codes.dtype === "I8" ? { least: -128, most: 127 } : { least: 0, most: 2 ** bits - 1 };
}

/** FP8 keeps its bytes beside the scales; BF16 has room for it times a power of two, and seldom for another scale. */
function* floatForm(encoding: ScaledCodes, inBlocks: boolean, read: ReadBytes): Reading<DType> {
  if (encoding.layout === "e2m1") return "F32";
  const tables = yield* readTables(encoding, read);
  if (encoding.codes.dtype === "F8_E4M3" && inBlocks && scalesAreLiftable(tables)) return "E4M3_32";
  return tables.scales.every((scale) => isPowerOfTwo(scale)) ? "BF16" : "F32";
}

/** Whether scales times 2^120, as kernels have them, and times the least code are normal numbers of float32. */
function scalesAreLiftable({ scales }: GroupTables): boolean {
  return scales.every((scale) => scale === 0 || (Math.abs(scale) > 2 ** -100 && Math.abs(scale) < 2 ** 7));
}

/** Within the exponents with which all products are normal numbers of BF16. */
function isPowerOfTwo(scale: number): boolean {
  const exponent = Math.log2(scale);
  return Number.isInteger(exponent) && exponent > -100 && exponent < 100;
}

function scalesAreHalves({ scales }: GroupTables): boolean {
  const half = halfTable();
  return scales.every((scale) => half[roundToHalf(scale)] === scale && Number.isFinite(scale));
}

/** Whether the 32 columns of each block are of one group. */
function blocksAreWhole({ groupOf }: GroupTables): boolean {
  return groupOf.every((group, col) => group === groupOf[col - (col % BLOCK)]);
}

function bounds(values: Float32Array): [number, number] {
  let [least, most] = [values[0], values[0]];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}
