// Low-rank matrices beside a weight matrix on a GPU: y += factor * B (A x).
import { strideOf } from "../../kernels/module/wgsl.ts";
import type { LowRankSource, Matrix, RowSpan } from "../../tensor/backend.ts";
import type { Gpu } from "./gpu.ts";
import type { HeadProducts } from "./head-products.ts";
import { sendSpan } from "./linear.ts";
import { Rows, type Vectors } from "./rows.ts";
import type { GpuMatrix } from "./weights.ts";

export interface GpuLowRank {
  /** A, [rank, cols] */
  readonly down: GpuMatrix;
  /** B, [rows, rank] */
  readonly up: GpuMatrix;
  /** Of heads that are multiplied apart: how many. */
  readonly heads?: number;
}

export class LowRanks {
  readonly #gpu: Gpu;
  readonly #headProducts: HeadProducts;
  readonly #vectors: Vectors;
  readonly #maxTokens: number;
  /** Room for A x, by rank, and for B of that, by rows. */
  readonly #rooms = new Map<string, Rows>();

  constructor(gpu: Gpu, vectors: Vectors, headProducts: HeadProducts, maxTokens: number) {
    this.#headProducts = headProducts;
    this.#gpu = gpu;
    this.#vectors = vectors;
    this.#maxTokens = maxTokens;
  }

  /** Into buffers of their own, which are free when nobody holds them. */
  load(sources: readonly (readonly [weight: Matrix, source: LowRankSource])[]): GpuLowRank[] {
    this.#gpu.forgetCalls();
    return sources.map(([weight, { rank, heads, down, up }]) => ({
      heads,
      down: this.#floats(down, { rows: rank * (heads ?? 1), cols: weight.cols }),
      up: this.#floats(up, { rows: weight.rows, cols: rank }),
    }));
  }

  #floats(values: Float32Array, { rows, cols }: { rows: number; cols: number }): GpuMatrix {
    const stride = strideOf(cols);
    const padded = new Float32Array(rows * stride);
    for (let row = 0; row < rows; row++)
      padded.set(values.subarray(row * cols, (row + 1) * cols), row * stride);
    const area = this.#gpu.allocate(padded.byteLength);
    this.#gpu.write(area, 0, padded);
    const parts = [{ area, firstRow: 0, rows, planes: [0, 0, 0, 0] }] as const;
    const bytes = padded.byteLength;
    return { type: "F32", rows, cols, partition: [0, rows], bytes, subs: stride / 32, parts };
  }

  #room(of: "inner" | "added", width: number): Rows {
    const known = this.#rooms.get(`${of} ${width}`);
    const room = known ?? new Rows(this.#gpu, width, this.#maxTokens);
    this.#rooms.set(`${of} ${width}`, room);
    return room;
  }

  /** Records `Backend.addLowRank`. */
  send(x: Rows, { down, up, heads }: GpuLowRank, y: Rows, span: RowSpan, factor: number): void {
    if (heads) return this.#headProducts.addLowRank(x, { down, up }, y, heads, span, factor);
    const inner = this.#room("inner", down.rows);
    sendSpan(this.#gpu, this.#vectors, span, { x, y: inner, weight: down });
    const added = this.#room("added", up.rows);
    sendSpan(this.#gpu, this.#vectors, span, { x: inner, y: added, weight: up, add: { to: y, factor } });
  }
}
