// Encoding: which stored tensors make a weight, and how; plain data that can be posted to a worker.
import type { DType } from "../../tensor/dtype.ts";

/** A stored tensor as [rows, cols], one row after another. */
export interface Part {
  readonly name: string;
  readonly file: number;
  readonly offset: number;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
}

/**
 * How the codes of a weight [rows, cols] lie in their tensor:
 * - "values": as numbers of the tensor's type, [rows, cols];
 * - "e2m1": 4-bit floats, two in a byte, the first in the low bits;
 * - "words": 32-bit words along a row, each with as many whole codes as fit, the first in the lowest bits;
 * - "columns": [cols * bits / 32, rows], a column's codes one stream of bits from the lowest (GPTQ);
 * - "awq": [cols, rows / 8], a word has the codes of eight rows in the order 0, 2, 4, 6, 1, 3, 5, 7.
 */
export type CodeLayout = "values" | "e2m1" | "words" | "columns" | "awq";

/**
 * How zero points lie in theirs:
 * - "values": as numbers, one for each scale;
 * - "words": [rows / codes in a word, groups], words along the weight's rows;
 * - "stream": [groups, rows * bits / 32], one stream of bits;
 * - "awq": [groups, rows / 8], as its codes.
 */
export type ZeroLayout = "values" | "words" | "stream" | "awq";

/** value[row, col] = (code[row, col] - zero) * scale, both of the group of that row and column. */
export interface ScaledCodes {
  readonly kind: "scaled";
  readonly rows: number;
  readonly cols: number;
  readonly codes: Part;
  readonly layout: CodeLayout;
  /** Of a code, where the layout packs several in a word. */
  readonly bits: number;
  /** What codes stand above their values where no zero point says: 8 for four bits without a sign. */
  readonly zero: number;
  readonly zeros?: {
    readonly part: Part;
    readonly layout: ZeroLayout /** Added to what is stored. */;
    readonly add: number;
  };
  /** One for each group of `groupRows` by `groupCols`; in columns where `transposed`. */
  readonly scales: Part;
  readonly transposed: boolean;
  readonly groupRows: number;
  readonly groupCols: number;
  /** Rows of one matrix where several are stacked; groups do not reach over its end. */
  readonly matrixRows: number;
  /** A scale of all scales, by which they are divided. */
  readonly divisor?: Part;
  /** The group of each column, where columns do not follow one another. */
  readonly groupOf?: Part;
}

/** Blocks of 32 4-bit floats, neighbours in a byte, and apart from them a power of two for each. */
export interface ApartMxfp4 {
  readonly kind: "mxfp4";
  readonly codes: Part;
  readonly scales: Part;
}

/** How a weight lies in several stored tensors. */
export type Encoding = ScaledCodes | ApartMxfp4;

/** The stored tensors that make a weight. */
export function partsOf(encoding: Encoding): Part[] {
  if (encoding.kind === "mxfp4") return [encoding.codes, encoding.scales];
  const { codes, scales, zeros, divisor, groupOf } = encoding;
  return [codes, scales, zeros?.part, divisor, groupOf].filter((part) => part !== undefined);
}

/** Reads bytes of one of a checkpoint's files: at once where the file can. */
export type ReadBytes = (file: number, offset: number, target: Uint8Array) => void | Promise<void>;
