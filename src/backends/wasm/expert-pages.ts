// Slots in memory for experts that stay in the file, with a replacement policy.
//
// The least recently used expert gives way; in a prompt, which sweeps through all experts, the most recently used.
//
// The least recently used expert gives way; in a prompt, which sweeps through all experts, the most recently used.
import { BaimoError } from "../../errors.ts";
import { GROUP, type ProductMode, packedBytes } from "../../kernels/module/module.ts";
import type { FileRange, MatrixSource, PageCounts } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bank } from "./bank.ts";
import type { ReadAhead } from "./expert-reader.ts";
import { type MatrixPart, packRows, stagingBytes, type WasmMatrix, weightTypeOf } from "./matrix.ts";

/** This rank's rows of an expert's matrix; `parts` is empty while they are in the file alone. */
export interface PagedMatrix extends WasmMatrix {
  readonly source: MatrixSource;
  /** Where they lie, if in one piece. */
  readonly range: FileRange | undefined;
  parts: readonly MatrixPart[];
}

/** Room for one matrix of a size. */
interface Slot {
  readonly bank: Bank;
  readonly address: number;
  owner?: PagedMatrix;
}

/** The matrices of one size, and their slots, the one used longest ago first. */
interface SizeClass {
  readonly bytes: number;
  count: number;
  readonly free: Slot[];
  readonly used: Map<PagedMatrix, Slot>;
  /** The one asked for last. */
  latest?: PagedMatrix;
}

/** What the pages of one rank are made of. */
export interface ExpertPagesOptions {
  /** Bytes for experts. Every size of matrix gets at least one slot. */
  budget: number;
  rank: number;
  products: ProductMode;
  bankFor: (bytes: number) => Bank;
  staging: (bank: Bank, bytes: number) => number;
  readAhead?: ReadAhead;
}

/** Expert matrices in slots of fixed sizes; each size has its share of the budget. */
export class ExpertPages {
  readonly counts: PageCounts = { hits: 0, misses: 0, readAhead: 0 };
  readonly #options: ExpertPagesOptions;
  readonly #classes = new Map<number, SizeClass>();
  /** What was announced, is in memory, and has not been used since. */
  readonly #kept = new Set<PagedMatrix>();
  /** What was announced and is to be read: the numbers by which the reader knows them. */
  readonly #asked = new Map<PagedMatrix, number>();
  #stagingBytes = 0;
  #sweep = false;

  constructor(options: ExpertPagesOptions) {
    this.#options = options;
  }

  /** Makes the handle of a matrix that stays in the file until it is needed. */
  register(source: MatrixSource, partition: Partition): PagedMatrix {
    const { rank } = this.#options;
    const type = weightTypeOf(source.dtype);
    const rows = partition[rank + 1] - partition[rank];
    const bytes = packedBytes(type, Math.ceil(rows / GROUP), source.cols);
    this.#stagingBytes = Math.max(this.#stagingBytes, stagingBytes(source, Math.ceil(rows / GROUP)));
    const known = this.#classes.get(bytes);
    if (known) known.count++;
    else this.#classes.set(bytes, { bytes, count: 1, free: [], used: new Map() });
    const range = rows > 0 ? source.range?.(partition[rank], rows) : undefined;
    return { type, parts: [], rows: source.rows, cols: source.cols, partition, bytes, source, range };
  }

  /** Allocates the slots, when every matrix is known. Returns their bytes. */
  allocate(): number {
    const { budget, bankFor, staging } = this.#options;
    const classes = [...this.#classes.values()].filter(({ bytes }) => bytes > 0);
    const total = classes.reduce((sum, { bytes, count }) => sum + bytes * count, 0);
    let allocated = 0;
    for (const { bytes, count, free } of classes) {
      // Every class keeps the same part of its matrices.
      const slots = Math.min(count, Math.max(1, Math.floor((budget / total) * count)));
      for (let i = 0; i < slots; i++) {
        const bank = bankFor(bytes / 4);
        // Now: memory does not grow while the model runs.
        staging(bank, this.#stagingBytes);
        free.push({ bank, address: bank.allocate(bytes) });
        allocated += bytes;
      }
    }
    return allocated;
  }

  /** Notes what is used next, in this order: what is in memory stays there until then, the rest is read ahead. */
  prefetch(matrices: readonly PagedMatrix[], { sweep }: { sweep: boolean }): void {
    this.#sweep = sweep;
    this.#kept.clear();
    this.#asked.clear();
    const ranges: FileRange[] = [];
    for (const [i, matrix] of matrices.entries()) {
      const used = this.#classes.get(matrix.bytes)?.used;
      const slot = used?.get(matrix);
      if (used && slot) {
        renew(used, matrix, slot);
        this.#kept.add(matrix);
      } else if (matrix.range && i > 0) {
        // The first is read at once.
        this.#asked.set(matrix, ranges.length);
        ranges.push(matrix.range);
      }
    }
    const first = this.#options.readAhead?.ask(ranges) ?? 0;
    for (const [matrix, index] of this.#asked) this.#asked.set(matrix, first + index);
  }

  /** The matrix in memory: read from the file unless it is there. */
  resident(matrix: PagedMatrix): readonly MatrixPart[] {
    const size = this.#classes.get(matrix.bytes);
    if (!size || matrix.bytes === 0) return [];
    const { free, used } = size;
    const known = used.get(matrix);
    if (known) {
      this.counts.hits++;
      this.#kept.delete(matrix);
      renew(used, matrix, known);
    } else {
      this.counts.misses++;
      this.#reach(matrix);
      const slot = free.pop() ?? this.#evict(size);
      try {
        matrix.parts = [this.#read(matrix, slot)];
      } catch (cause) {
        free.push(slot);
        if (cause instanceof BaimoError && cause.code === "memory") throw cause;
        // Not a request to be refused: the other ranks may be further than this one.
        const reason = cause instanceof Error ? cause.message : cause;
        throw new BaimoError("device", `${matrix.source.name} cannot be read any more: ${reason}`, { cause });
      }
      used.set(matrix, slot);
    }
    size.latest = matrix;
    return matrix.parts;
  }

  /** Counts what was read ahead, and keeps the reader from what is read here. */
  #reach(matrix: PagedMatrix): void {
    const { readAhead } = this.#options;
    const asked = this.#asked.get(matrix);
    if (!readAhead || asked === undefined) return;
    if (readAhead.isRead(asked)) this.counts.readAhead++;
    readAhead.reach(asked);
  }

  /**
   * Frees a slot: never that of a matrix which is about to be used, while there are others. In a sweep the matrix used last
   * comes again last; if it gives way, the others are still there in their turn. Those used longest ago would all be gone.
   */
  #evict({ used, latest }: SizeClass): Slot {
    const newest = this.#sweep && latest && !this.#kept.has(latest) && used.has(latest) ? latest : undefined;
    const matrix = newest ?? this.#oldest(used);
    const slot = matrix && used.get(matrix);
    if (!slot) throw new BaimoError("memory", "no room was allocated for an expert of this size");
    this.#kept.delete(matrix);
    used.delete(matrix);
    matrix.parts = [];
    return slot;
  }

  /** The one used longest ago that is not about to be used, or else the one to be used last. */
  #oldest(used: Map<PagedMatrix, Slot>): PagedMatrix | undefined {
    let last: PagedMatrix | undefined;
    for (const matrix of used.keys()) {
      if (!this.#kept.has(matrix)) return matrix;
      last = matrix;
    }
    return last;
  }

  #read({ source, partition, type, cols }: PagedMatrix, { bank, address }: Slot): MatrixPart {
    const { rank, products, staging } = this.#options;
    const rows = partition[rank + 1] - partition[rank];
    const rowGroups = Math.ceil(rows / GROUP);
    const place = { bank, address, firstRow: 0, rowGroups };
    const packing = packRows(source, { type, cols, first: partition[rank], rows, place, products, staging });
    const step = packing.next();
    if (step.done) return { ...place, scale: step.value };
    throw new BaimoError(
      "memory",
      `${source.name}: experts can be read while the model runs only from a file on this machine; ` +
        "download the model first, or allow more memory",
    );
  }
}

/** Makes a matrix the one used last. */
function renew(used: Map<PagedMatrix, Slot>, matrix: PagedMatrix, slot: Slot): void {
  used.delete(matrix);
  used.set(matrix, slot);
}
