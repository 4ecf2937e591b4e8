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
  readonly down: Thin;
  /** Undefined where this rank has no rows of the weight. */
  readonly up?: Thin;

  constructor(area: Area, down: Thin, up: Thin | undefined) {
    this.area = area;
    this.down = down;
    this.up = up;
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
  const shapes = sources.map(([{ cols, partition }, source]) => ({
    cols,
    first: partition[rank],
    own: partition[rank + 1] - partition[rank],
    wide: strideOf(source.rank),
    source,
  }));
  const most = (sizeOf: (shape: (typeof shapes)[number]) => number) => Math.max(0, ...shapes.map(sizeOf));
  const cols = most((shape) => strideOf(shape.cols));
  const wide = most((shape) => shape.wide);
  const rows = most(({ own }) => strideOf(own));
  const stageBytes = 4 * most(({ cols, own, wide }) => wide * Math.max(cols, strideOf(own)));
  const packed = shapes.reduce((sum, { cols, own, wide }) => sum + 4 * wide * (cols + strideOf(own)), 0);
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
  return shapes.map(({ cols, first, own, wide, source: { rank: thin, down, up } }) => {
    let a = downs.get(down);
    if (!a) downs.set(down, (a = pack(bank, stage, down, { rows: thin, cols, wide: cols })));
    const rows = up.subarray(first * thin, (first + own) * thin);
    const b = own > 0 ? pack(bank, stage, rows, { rows: own, cols: thin, wide }) : undefined;
    return new WasmLowRank(area, a, b);
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
  const { area, down, up } = low as WasmLowRank; // made by `loadLowRank`
  if (!up) return;
  const { bank, products, input, middle, output, scratch } = area;
  const from = x.address / 4 + first * x.stride;
  bank.f32.set(home.f32.subarray(from, from + tokens * x.stride), input / 4);
  const inner = { address: middle, stride: up.cols, tokens };
  const rows = { address: input, stride: x.stride, tokens };
  multiply(down.part, { type: "f32", cols: down.cols }, products, rows, inner, scratch);
  const width = up.part.rowGroups * GROUP;
  multiply(
    up.part,
    { type: "f32", cols: up.cols },
    products,
    inner,
    { address: output, stride: width },
    scratch,
  );
  const [sums, added] = [home.f32, bank.f32];
  for (let t = 0; t < tokens; t++) {
    const to = y.address / 4 + (first + t) * y.stride;
    const at = output / 4 + t * width;
    for (let c = 0; c < y.width; c++) sums[to + c] += factor * added[at + c];
  }
}
