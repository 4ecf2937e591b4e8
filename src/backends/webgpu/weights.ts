// Weight matrices on a GPU: room in few large buffers, and packing while they load.
import { BaimoError } from "../../errors.ts";
import { dequantizeInto } from "../../formats/blocks/dequantize.ts";
import { floatToHalf } from "../../formats/blocks/half.ts";
import { strideOf } from "../../kernels/module/wgsl.ts";
import { type GpuType, gpuForms, gpuTypeOf, planeBytes } from "../../kernels/products/weights.wgsl.ts";
import type { Matrix, MatrixSource } from "../../tensor/backend.ts";
import { byteLength, type DType } from "../../tensor/dtype.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Area, Gpu } from "./gpu.ts";
import type { Vectors } from "./rows.ts";

/** Bytes read and packed at a time. */
const STAGING_BYTES = 4 << 20;
/** Rows whose planes end at whole words whatever the type. */
const ROW_GROUP = 4;

/** Rows of a matrix that lie in one buffer. */
export interface MatrixPart {
  readonly area: Area;
  readonly firstRow: number;
  readonly rows: number;
  /** Where its planes begin, in words; zeros after the last. */
  readonly planes: readonly [number, number, number, number];
}

export interface GpuMatrix extends Matrix {
  readonly type: GpuType;
  /** 32s of a row. */
  readonly subs: number;
  readonly parts: readonly MatrixPart[];
  /** Where its bias begins among the vectors. */
  readonly bias?: number;
}

/** Every matrix that comes in was made by `loadMatrix`. */
export const matrixOf = (matrix: Matrix): GpuMatrix => matrix as GpuMatrix;

/** Bytes of a matrix on a GPU. */
export function gpuMatrixBytes({ dtype, rows, cols }: { dtype: DType; rows: number; cols: number }): number {
  const { planes, elements } = gpuForms[gpuTypeOf(dtype)];
  const blocks = (Math.ceil(rows / ROW_GROUP) * ROW_GROUP * strideOf(cols)) / elements;
  return planes.reduce((sum, plane) => sum + planeBytes(plane, blocks), 0);
}

export class Weights {
  readonly #gpu: Gpu;
  readonly #vectors: Vectors;
  /** Most bytes of a buffer. */
  readonly #limit: number;
  /** Bytes that are still to come. */
  #expected: number;
  #current: { readonly area: Area; used: number } | undefined;

  constructor(gpu: Gpu, vectors: Vectors, options: { limit: number; expected: number }) {
    this.#gpu = gpu;
    this.#vectors = vectors;
    this.#limit = options.limit;
    this.#expected = options.expected;
  }

  /** @throws {BaimoError} `memory` where the device has no room, `shape` for an expert that no buffer holds */
  async load(source: MatrixSource, partition: Partition): Promise<GpuMatrix> {
    const { dtype, rows, cols } = source;
    const type = gpuTypeOf(dtype);
    const bytes = gpuMatrixBytes(source);
    const parts: MatrixPart[] = [];
    const most = this.#rowsOf(type, rows, cols);
    if (source.expert && most < rows) {
      throw new BaimoError(
        "shape",
        `${source.name}: an expert of ${bytes} bytes, but buffers of this GPU hold ${this.#limit}`,
      );
    }
    for (let first = 0; first < rows; first += most)
      parts.push(await this.#loadPart(source, type, first, Math.min(most, rows - first)));
    const bias = source.bias && this.#vectors.add(await source.bias.read()).at;
    return { type, rows, cols, partition, bytes, subs: strideOf(cols) / 32, parts, bias };
  }

  /** Most rows of one buffer. */
  #rowsOf(type: GpuType, rows: number, cols: number): number {
    const { planes, elements } = gpuForms[type];
    const groupBytes = planes.reduce(
      (sum, { bytes }) => sum + (ROW_GROUP * bytes * strideOf(cols)) / elements,
      0,
    );
    const groups = Math.floor((this.#limit - 64) / groupBytes);
    if (groups < 1)
      throw new BaimoError(
        "shape",
        `rows of ${cols} values are too long for this GPU's buffers of ${this.#limit} bytes`,
      );
    return Math.min(rows, groups * ROW_GROUP);
  }

  async #loadPart(source: MatrixSource, type: GpuType, firstRow: number, rows: number): Promise<MatrixPart> {
    const { dtype, cols, name } = source;
    const { planes, elements } = gpuForms[type];
    const rowBlocks = strideOf(cols) / elements;
    const paddedRows = Math.ceil(rows / ROW_GROUP) * ROW_GROUP;
    const sizes = planes.map((plane) => planeBytes(plane, paddedRows * rowBlocks));
    const { area, at } = await this.#room(
      sizes.reduce((a, b) => a + b, 0),
      name,
    );
    const starts = sizes.map((_, i) => at + sizes.slice(0, i).reduce((a, b) => a + b, 0));
    const fileRow = byteLength(dtype, cols);
    const blockBytes = planes.reduce((sum, { bytes }) => sum + bytes, 0);
    const rowBytes = rowBlocks * blockBytes;
    const atOnce =
      Math.max(1, Math.floor(STAGING_BYTES / (ROW_GROUP * Math.max(rowBytes, fileRow)))) * ROW_GROUP;
    const raw = new Uint8Array(Math.min(atOnce, rows) * fileRow);
    const own =
      fileRow === rowBytes && dtype === type ? raw : new Uint8Array(Math.min(atOnce, rows) * rowBytes);
    for (let row = 0; row < rows; row += atOnce) {
      const count = Math.min(atOnce, rows - row);
      await source.read(firstRow + row, count, raw.subarray(0, count * fileRow));
      if (own !== raw) toOwnForm(dtype, raw, own, { rows: count, cols, fileRow, rowBytes });
      for (const [i, plane] of planes.entries()) {
        const packed = takePlane(own, plane, blockBytes, count * rowBlocks);
        this.#gpu.write(area, starts[i] + row * rowBlocks * plane.bytes, packed);
      }
    }
    const [a = 0, b = 0, c = 0, d = 0] = starts.map((start) => start / 4);
    return { area, firstRow, rows, planes: [a, b, c, d] };
  }

  /** Room for so many bytes, in the buffer that is being filled or a new one. */
  async #room(bytes: number, name: string): Promise<{ area: Area; at: number }> {
    if (!this.#current || this.#current.used + bytes > this.#current.area.bytes) {
      const size = Math.max(bytes, Math.min(this.#limit, this.#expected));
      const { device } = this.#gpu;
      device.pushErrorScope("out-of-memory");
      const area = this.#gpu.allocate(size);
      const error = await device.popErrorScope();
      if (error) {
        throw new BaimoError(
          "memory",
          `${name}: the GPU has no room for another ${size} bytes of weights; choose a smaller quantisation or the device "cpu"`,
        );
      }
      this.#current = { area, used: 0 };
    }
    const at = this.#current.used;
    this.#current.used += bytes;
    this.#expected -= bytes;
    return { area: this.#current.area, at };
  }
}

/** Rows as the GPU's type has them: widened by zeros to whole 32s, other types in half precision. */
function toOwnForm(
  dtype: DType,
  raw: Uint8Array,
  own: Uint8Array,
  { rows, cols, fileRow, rowBytes }: { rows: number; cols: number; fileRow: number; rowBytes: number },
): void {
  own.fill(0);
  if (gpuTypeOf(dtype) === dtype) {
    for (let row = 0; row < rows; row++)
      own.set(raw.subarray(row * fileRow, (row + 1) * fileRow), row * rowBytes);
    return;
  }
  const values = new Float32Array(cols);
  const halves = new Uint16Array(cols);
  for (let row = 0; row < rows; row++) {
    dequantizeInto(dtype, raw.subarray(row * fileRow), values);
    floatToHalf(values, halves);
    own.set(new Uint8Array(halves.buffer), row * rowBytes);
  }
}

/** The bytes of a plane, one block's after another's, filled up to whole words. */
function takePlane(
  blocks: Uint8Array,
  { from, bytes }: { from: number; bytes: number },
  blockBytes: number,
  count: number,
): Uint8Array<ArrayBuffer> {
  const plane = new Uint8Array(Math.ceil((count * bytes) / 4) * 4);
  if (bytes === blockBytes) {
    plane.set(blocks.subarray(0, count * bytes));
    return plane;
  }
  for (let block = 0, at = from, to = 0; block < count; block++, at += blockBytes) {
    for (let i = 0; i < bytes; i++) plane[to++] = blocks[at + i];
  }
  return plane;
}
