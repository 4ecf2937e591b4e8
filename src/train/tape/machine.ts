// Where training computes: one memory that all ranks share, kernels, and a rank's share of work.
import { BaimoError } from "../../errors.ts";
import { type AllKernels, GEMM_SCRATCH } from "../../kernels/backward/kernels.ts";
import { MAX_PAGES } from "../../kernels/module/module.ts";

const PAGE = 65_536;
/** Of rows of packed weights that are there as f32 at a time: eight at least. */
const TILE_BYTES = 4 << 20;
/** The kernels' own data lies below. */
const FIRST_ADDRESS = PAGE;

/** How ranks wait for one another. */
export interface Ranks {
  readonly rank: number;
  readonly ranks: number;
  /** Returns when every rank has arrived; what each wrote before, all can read after. */
  barrier(): void;
}

/** A matrix as `gemm` reads it: its address, floats from row to row, and whether its rows are the sums' columns. */
export interface Operand {
  readonly address: number;
  readonly stride: number;
  /** Element (i, l) lies at l * stride + i instead of i * stride + l. */
  readonly byColumns?: boolean;
}

/** Of a product: rows of y, columns of y, and what is summed over. */
export type Sizes = readonly [m: number, n: number, k: number];

/** A part of a matrix. */
export interface Cut {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** One rank's end of the memory. Ranks allocate alike, so that an address means the same to all. */
export class Machine {
  readonly kernels: AllKernels;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
  readonly ranks: number;
  readonly #barrier: () => void;
  #top = FIRST_ADDRESS;
  #f32: Float32Array;
  #i32: Int32Array;
  #f64: Float64Array;
  /** This rank's room for `gemm`. */
  readonly scratch: number;
  readonly #rooms = new Map<string, number>();
  /** Two rooms for rows of packed weights, and which is next. */
  #tiles: readonly [number, number] | undefined;
  #turn: 0 | 1 = 0;

  constructor(memory: WebAssembly.Memory, kernels: AllKernels, { rank, ranks, barrier }: Ranks) {
    this.memory = memory;
    this.kernels = kernels;
    this.rank = rank;
    this.ranks = ranks;
    this.#barrier = barrier;
    this.#f32 = new Float32Array(memory.buffer);
    this.#i32 = new Int32Array(memory.buffer);
    this.#f64 = new Float64Array(memory.buffer);
    this.scratch = this.allocate(ranks * GEMM_SCRATCH) + rank * GEMM_SCRATCH;
  }

  /** The memory as f32; read it anew after `settle`. */
  get f32(): Float32Array {
    return this.#f32;
  }

  get i32(): Int32Array {
    return this.#i32;
  }

  get f64(): Float64Array {
    return this.#f64;
  }

  /** Bytes handed out so far. */
  get used(): number {
    return this.#top;
  }

  /** The address of `bytes` bytes, aligned to 64; they can be used after `settle`. */
  allocate(bytes: number): number {
    const start = this.#top;
    this.#top = Math.ceil((start + bytes) / 64) * 64;
    return start;
  }

  /** Room that every rank has for itself and that operations of a kind use one after another. */
  ownRoom(use: string, bytes: number): number {
    const size = Math.ceil(bytes / 64) * 64;
    const key = `${use} ${size}`;
    let address = this.#rooms.get(key);
    if (address === undefined) this.#rooms.set(key, (address = this.allocate(this.ranks * size)));
    return address + this.rank * size;
  }

  /** Allocates room for rows of packed weights. */
  reserveTiles(): void {
    this.#tiles ??= [this.allocate(TILE_BYTES), this.allocate(TILE_BYTES)];
  }

  /** Rows of so many columns that a tile has room for, in whole row groups. */
  tileRows(cols: number): number {
    return Math.max(8, Math.floor(TILE_BYTES / (32 * cols)) * 8);
  }

  /** The two tiles in turns, the same on every rank. */
  nextTile(): number {
    if (!this.#tiles) throw new Error("no room was reserved for packed weights");
    this.#turn = this.#turn === 0 ? 1 : 0;
    return this.#tiles[this.#turn];
  }

  /** A tile while one rank works alone. */
  get spareTile(): number {
    if (!this.#tiles) throw new Error("no room was reserved for packed weights");
    return this.#tiles[0];
  }

  /** Makes the memory as large as what was allocated. @throws {BaimoError} `memory` */
  settle(): void {
    // Kernels read a vector where a value is the last.
    const wanted = Math.ceil((this.#top + 64) / PAGE);
    if (wanted > MAX_PAGES) {
      throw new BaimoError(
        "memory",
        `training takes ${(this.#top / 1e9).toFixed(2)} GB, but one memory has 4.29 GB at most; choose a smaller model, ` +
          "fewer tokens in a micro-batch, recompute: block, or an adapter instead of all weights",
      );
    }
    if (this.rank === 0) {
      const missing = wanted - this.memory.buffer.byteLength / PAGE;
      try {
        if (missing > 0) this.memory.grow(missing);
      } catch (cause) {
        throw new BaimoError("memory", `the machine gave no memory for ${this.#top} bytes of training`, {
          cause,
        });
      }
    }
    this.barrier();
    this.kernels.choose_words(this.scratch);
    // Another rank has grown it: a thread learns that when it asks.
    if (this.rank !== 0) this.memory.grow(0);
    this.#f32 = new Float32Array(this.memory.buffer);
    this.#i32 = new Int32Array(this.memory.buffer);
    this.#f64 = new Float64Array(this.memory.buffer);
  }

  barrier(): void {
    this.#barrier();
  }

  /** This rank's part [from, to) of so many things, in whole units. */
  share(total: number, unit = 1): readonly [from: number, to: number] {
    const units = Math.ceil(total / unit);
    const edge = (rank: number) => Math.min(total, Math.floor((units * rank) / this.ranks) * unit);
    return [edge(this.rank), edge(this.rank + 1)];
  }

  /** This rank's part of a matrix [m, n]: some of its rows, or of its columns where it is wider than high. */
  cut(m: number, n: number): Cut {
    if (m > n) {
      const [from, to] = this.share(m, 3);
      return { row: from, rows: to - from, column: 0, columns: n };
    }
    const [from, to] = this.share(n, 8);
    return { row: 0, rows: m, column: from, columns: to - from };
  }

  /**
   * y[i, j] = sum over l of a[i, l] b[j, l], or y += it: this rank's share of it, cut along the longer side. Whoever
   * computes an element adds it up in the same order.
   *
   * sizes  y [m, n], k columns
   */
  multiply(a: Operand, b: Operand, [m, n, k]: Sizes, y: Operand, add: boolean): void {
    const { row, rows, column, columns } = this.cut(m, n);
    if (rows <= 0 || columns <= 0) return;
    this.kernels.gemm(
      a.address + 4 * row * (a.byColumns ? 1 : a.stride),
      a.stride,
      a.byColumns ? 1 : 0,
      b.address + 4 * column * (b.byColumns ? 1 : b.stride),
      b.stride,
      b.byColumns ? 1 : 0,
      rows,
      columns,
      k,
      y.address + 4 * (row * y.stride + column),
      y.stride,
      add ? 1 : 0,
      this.scratch,
    );
  }

  /** The same without cutting: all of it on this rank. */
  multiplyAlone(a: Operand, b: Operand, [m, n, k]: Sizes, y: Operand, add: boolean): void {
    this.kernels.gemm(
      a.address,
      a.stride,
      a.byColumns ? 1 : 0,
      b.address,
      b.stride,
      b.byColumns ? 1 : 0,
      m,
      n,
      k,
      y.address,
      y.stride,
      add ? 1 : 0,
      this.scratch,
    );
  }
}
