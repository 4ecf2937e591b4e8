// Low-rank matrices beside weights, in a memory of their own that goes with their handles.
import {
  GROUP,
  type Kernels,
  type ProductMode,
  packedBytes,
  scratchBytes,
} from "../../kernels/module/module.ts";
import type { LowRank, LowRankSource, Matrix, RowSpan } from "../../tensor/backend.ts";
import { Bank } from "./bank.ts";
import { type MatrixPart, multiply } from "./matrix.ts";
import { type Columns, type Rows, strideOf } from "./rows.ts";

/** Where the products of a memory work. */
interface Area {
  readonly bank: Bank;
  readonly products: ProductMode;
  /** Rows of x, of A x, and of B A x. */
  readonly input: number;
  readonly middle: number;
  readonly output: number;
  readonly scratch: number;
}

/** A packed f32 matrix. */
interface Thin {
  readonly part: MatrixPart;
  readonly cols: number;
}

class WasmLowRank implements LowRank {
  readonly area: Area;
  /** One, or one for each of this rank's heads; none where this rank has no rows of the weight. */
  readonly pairs: readonly { readonly down: Thin; readonly up: Thin }[];

  constructor(area: Area, pairs: WasmLowRank["pairs"]) {
    this.area = area;
    this.pairs = pairs;
  }
}

/** What `loadLowRank` needs to know of a rank. */
export interface LowRankSetting {
  readonly rank: number;
  readonly instantiate: (memory: WebAssembly.Memory) => Kernels;
  readonly products: ProductMode;
  readonly maxTokens: number;
}

/**
 * Packs each A whole and this rank's rows of each B.
 * @throws {BaimoError} `memory` when the machine does not give it
 */
export function loadLowRank(
  sources: readonly (readonly [weight: Matrix, source: LowRankSource])[],
  { rank, instantiate, products, maxTokens }: LowRankSetting,
): LowRank[] {
  const shapes = sources.map(([{ rows, cols, partition }, source]) => {
    const first = partition[rank];
    const own = partition[rank + 1] - first;
    // Rows that one A goes with: a head's, or all.
    const each = source.heads ? rows / source.heads : own;
    return { cols, first, own, each, count: own / Math.max(1, each), wide: strideOf(source.rank), source };
  });
  const most = (sizeOf: (shape: (typeof shapes)[number]) => number) => Math.max(0, ...shapes.map(sizeOf));
  const cols = most((shape) => strideOf(shape.cols));
  const wide = most((shape) => shape.wide);
  const rows = most(({ own }) => strideOf(own));
  const stageBytes = 4 * most(({ cols, own, wide }) => wide * Math.max(cols, strideOf(own)));
  const packed = shapes.reduce(
    (sum, { cols, own, count, wide }) => sum + 4 * wide * (count * strideOf(cols) + strideOf(own)),
    0,
  );
  const roomBytes = 4 * maxTokens * (cols + wide + rows) + scratchBytes(Math.max(cols, wide), 0);
  const bank = new Bank(instantiate, { expected: packed + stageBytes + roomBytes });
  const area: Area = {
    bank,
    products,
    input: bank.allocate(4 * maxTokens * cols),
    middle: bank.allocate(4 * maxTokens * wide),
    output: bank.allocate(4 * maxTokens * rows),
    scratch: bank.allocate(scratchBytes(Math.max(cols, wide), 0)),
  };
  const stage = bank.allocate(stageBytes);
  // One A may serve several weights that are cut from one stored tensor.
  const downs = new Map<Float32Array, Thin>();
  return shapes.map(({ cols, first, each, count, wide, source: { rank: thin, heads, down, up } }) => {
    const packDown = (at: number) =>
      pack(bank, stage, down.subarray(at, at + thin * cols), { rows: thin, cols, wide: cols });
    const pairs = Array.from({ length: count }, (_, i) => {
      const row = first + i * each;
      const a = heads ? packDown((row / each) * thin * cols) : (downs.get(down) ?? packDown(0));
      if (!heads) downs.set(down, a);
      const values = up.subarray(row * thin, (row + each) * thin);
      return { down: a, up: pack(bank, stage, values, { rows: each, cols: thin, wide }) };
    });
    return new WasmLowRank(area, pairs);
  });
}

/** Packs rows of `cols` values as rows of `wide`, zeros after them. */
function pack(
  bank: Bank,
  stage: number,
  values: Float32Array,
  { rows, cols, wide }: { rows: number; cols: number; wide: number },
): Thin {
  const rowGroups = Math.ceil(rows / GROUP);
  const address = bank.allocate(packedBytes("f32", rowGroups, wide));
  const staged = bank.f32.subarray(stage / 4, stage / 4 + rowGroups * GROUP * wide).fill(0);
  for (let row = 0; row < rows; row++) staged.set(values.subarray(row * cols, (row + 1) * cols), row * wide);
  bank.kernels.pack_f32(stage, address, rowGroups, wide, 0);
  return { part: { bank, address, firstRow: 0, rowGroups, scale: 1 }, cols: wide };
}

/** Adds factor * B (A x) to rows of a finished product: this rank's columns. `home` holds x and y. */
export function addLowRank(
  home: Bank,
  x: Rows,
  low: LowRank,
  y: Columns,
  { first, rows: tokens }: RowSpan,
  factor: number,
): void {
  const { area, pairs } = low as WasmLowRank; // made by `loadLowRank`
  const { bank, products, input, middle, output, scratch } = area;
  const [sums, added] = [home.f32, bank.f32];
  const [width, height] = [x.width / pairs.length, y.width / pairs.length];
  for (const [i, { down, up }] of pairs.entries()) {
    const { cols } = down;
    // Of a head the last values are multiplied.
    const before = width - cols;
    for (let t = 0; t < tokens; t++) {
      const from = x.address / 4 + (first + t) * x.stride + i * width + before;
      added.set(sums.subarray(from, from + cols), input / 4 + t * cols);
    }
    const rows = { address: input, stride: cols, tokens };
    const inner = { address: middle, stride: up.cols, tokens };
    multiply(down.part, { type: "f32", cols }, products, rows, inner, scratch);
    const stride = up.part.rowGroups * GROUP;
    multiply(up.part, { type: "f32", cols: up.cols }, products, inner, { address: output, stride }, scratch);
    for (let t = 0; t < tokens; t++) {
      const to = y.address / 4 + (first + t) * y.stride + i * height + before;
      const at = output / 4 + t * stride;
      for (let c = 0; c < height - before; c++) sums[to + c] += factor * added[at + c];
    }
  }
}
