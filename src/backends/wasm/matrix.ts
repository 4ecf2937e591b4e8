// Weight matrices in WASM memory: packing while they load, and the kernels that multiply by them.
import { BaimoError } from "../../errors.ts";
import { dequantizeInto } from "../../formats/blocks/dequantize.ts";
import { floatToHalf } from "../../formats/blocks/half.ts";
import { recodeInto, recodingOf } from "../../formats/blocks/recode.ts";
import {
  GROUP,
  matmulName,
  normalize,
  type ProductMode,
  packedBytes,
  q8Offset,
  type WeightType,
} from "../../kernels/module/module.ts";
import type { Matrix, MatrixSource } from "../../tensor/backend.ts";
import { byteLength, type DType } from "../../tensor/dtype.ts";
import type { Partition } from "../../tensor/partition.ts";
import { finish, pending, type Reading } from "../../tensor/reading.ts";
import type { Bank } from "./bank.ts";
import type { PackedStore } from "./packed-store.ts";

/** Bytes read and packed at a time. */
const STAGING_BYTES = 1 << 19;

/** The rows of a matrix that lie in one bank. */
export interface MatrixPart {
  readonly bank: Bank;
  readonly address: number;
  /** First row, counted within this rank's rows; a multiple of GROUP. */
  readonly firstRow: number;
  readonly rowGroups: number;
  /** Power of two that the kernel multiplies products with, since scales were stored enlarged. */
  readonly scale: number;
}

/** This rank's rows of a weight matrix. */
export interface WasmMatrix extends Matrix {
  readonly type: WeightType;
  readonly parts: readonly MatrixPart[];
  /** Address in the first bank of this rank's bias values, padded to whole row groups. */
  readonly biasAddress?: number;
}

/** Element types that have kernels of their own. */
const ownForms = {
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  E4M3_32: "f8",
  IQ2_CODES: "iq2",
  Q8_0: "q8_0",
  Q4_0: "q4_0",
  Q4_1: "q4_1",
  Q5_0: "q5_0",
  Q5_1: "q5_1",
  IQ4_NL: "iq4_nl",
  IQ4_XS: "iq4_xs",
  MXFP4: "mxfp4",
  Q6_K: "q6_k",
  Q5_K: "q5_k",
  Q4_K: "q4_k",
  Q3_K: "q3_k",
  Q2_K: "q2_k",
} as const satisfies Partial<Record<DType, WeightType>>;

type KernelDType = keyof typeof ownForms;

/** Their names. */
export const dtypesWithKernels = Object.keys(ownForms) as KernelDType[]; // keys of a record of element types

export function hasKernels(dtype: DType): dtype is KernelDType {
  return dtype in ownForms;
}

/** As which type a file's is packed: itself, else one that holds its values exactly, else F16. */
function packedAs(dtype: DType): KernelDType {
  return hasKernels(dtype) ? dtype : (recodingOf(dtype)?.to ?? "F16");
}

/** The kernel form of a file's element type. */
export function weightTypeOf(dtype: DType): WeightType {
  return ownForms[packedAs(dtype)];
}

/** Reads and packs this rank's rows, spread over as many banks as they need. */
export async function loadMatrix(
  source: MatrixSource,
  partition: Partition,
  rank: number,
  products: ProductMode,
  bankFor: (bytes: number) => Bank,
  staging: (bank: Bank, bytes: number) => number,
  store?: PackedStore,
): Promise<WasmMatrix> {
  const type = weightTypeOf(source.dtype);
  const { cols } = source;
  const first = partition[rank];
  const rows = partition[rank + 1] - first;
  const parts: MatrixPart[] = [];
  let bytes = 0;

  const totalGroups = Math.ceil(rows / GROUP);
  for (let group = 0; group < totalGroups; ) {
    const groupBytes = packedBytes(type, 1, cols);
    const bank = bankFor(groupBytes);
    const rowGroups = Math.min(totalGroups - group, Math.max(1, Math.floor(bank.room / groupBytes) - 1));
    // The staging area comes first, so that no allocation follows the part's own.
    staging(bank, stagingBytes(source, rowGroups));
    const partBytes = packedBytes(type, rowGroups, cols);
    const address = bank.allocate(partBytes);
    const place = { bank, address, firstRow: group * GROUP, rowGroups };
    let scale = store?.restore(place, partBytes);
    if (scale === undefined) {
      scale = await finish(packRows(source, { type, cols, first, rows, place, products, staging }));
      store?.keep(place, partBytes, scale);
    }
    parts.push({ ...place, scale });
    bytes += partBytes;
    group += rowGroups;
  }
  return { type, parts, rows: source.rows, cols, partition, bytes };
}

/** Bytes of a row before it is packed. */
function stagedRowBytes({ dtype, cols }: MatrixSource): number {
  return byteLength(packedAs(dtype), cols);
}

/** Row groups that are read and packed at a time. */
function stagedGroups(source: MatrixSource, rowGroups: number): number {
  return Math.min(rowGroups, Math.max(1, Math.floor(STAGING_BYTES / (GROUP * stagedRowBytes(source)))));
}

/** Bytes of the area in which so many row groups are read before they are packed. */
export function stagingBytes(source: MatrixSource, rowGroups: number): number {
  return stagedGroups(source, rowGroups) * GROUP * stagedRowBytes(source);
}

/**
 * Reads the rows of one part and packs them in its place. Returns the part's scale.
 *
 * first, rows  this rank's rows of the source
 */
export function* packRows(
  source: MatrixSource,
  args: {
    type: WeightType;
    cols: number;
    first: number;
    rows: number;
    place: Omit<MatrixPart, "scale">;
    products: ProductMode;
    staging: (bank: Bank, bytes: number) => number;
  },
): Reading<number> {
  const { type, cols, first, rows, place, products, staging } = args;
  const { bank, address, rowGroups } = place;
  const fileForm = stagedRowBytes(source);
  const offset = q8Offset(products);
  const step = stagedGroups(source, rowGroups);
  const stage = staging(bank, step * GROUP * fileForm);
  for (let done = 0; done < rowGroups; done += step) {
    const groups = Math.min(step, rowGroups - done);
    const firstRow = place.firstRow + done * GROUP;
    const present = Math.min(groups * GROUP, rows - firstRow);
    const target = bank.u8.subarray(stage, stage + groups * GROUP * fileForm);
    if (present < groups * GROUP) target.fill(0, present * fileForm);
    const wanted = target.subarray(0, present * fileForm);
    if (hasKernels(source.dtype)) yield* pending(source.read(first + firstRow, present, wanted));
    else yield* readAs(packedAs(source.dtype), source, first + firstRow, present, wanted);
    const to = address + packedBytes(type, done, cols);
    bank.kernels[`pack_${type}`](stage, to, groups, cols, offset);
  }
  const unit = recodingOf(source.dtype)?.unit ?? 1;
  return unit * 2 ** -normalize(bank.kernels, type, address, rowGroups, cols);
}

/** The source as f16, for types whose kernels are wrong here. */
export function asHalves(source: MatrixSource): MatrixSource {
  return {
    ...source,
    dtype: "F16",
    read: (firstRow, rows, target) => finish(readAs("F16", source, firstRow, rows, target)),
  };
}

/** Reads rows and writes them as F16, or as the type that holds their values. */
function* readAs(
  to: KernelDType,
  source: MatrixSource,
  firstRow: number,
  rows: number,
  target: Uint8Array,
): Reading {
  const { dtype, cols } = source;
  const raw = new Uint8Array(rows * byteLength(dtype, cols));
  yield* pending(source.read(firstRow, rows, raw));
  if (to !== "F16") return recodeInto(dtype, raw, target);
  const values = new Float32Array(rows * cols);
  dequantizeInto(dtype, raw, values);
  floatToHalf(values, new Uint16Array(target.buffer, target.byteOffset, rows * cols));
}

/** y[t, row] = scale * sum of W[row, c] x[t, c] for the rows of one part. */
export function multiply(
  part: MatrixPart,
  { type, cols }: Pick<WasmMatrix, "type" | "cols">,
  products: ProductMode,
  x: { address: number; stride: number; tokens: number },
  y: { address: number; stride: number },
  scratch: number,
): void {
  const { address, rowGroups, scale, bank } = part;
  const matmul = bank.kernels[matmulName(type, products)];
  matmul(address, rowGroups, cols, x.address, x.stride, x.tokens, y.address, y.stride, scale, scratch);
}

/** Writes one row, counted within this rank's rows, as f32 at `out` in the part's own bank. */
export function unpackRow(
  part: MatrixPart,
  { type, cols }: WasmMatrix,
  products: ProductMode,
  row: number,
  out: number,
): void {
  const { address, scale, firstRow, bank } = part;
  bank.kernels[`unpack_row_${type}`](address, cols, row - firstRow, out, scale, q8Offset(products));
}

/** The part that holds a row, counted within this rank's rows. */
export function partOf(matrix: WasmMatrix, row: number): MatrixPart {
  for (let i = matrix.parts.length - 1; i >= 0; i--) {
    if (row >= matrix.parts[i].firstRow) return matrix.parts[i];
  }
  throw new BaimoError("shape", `row ${row} is not among this rank's rows of the matrix`);
}
