// Experts that live in the file: slots in memory for their matrices, of which the least recently used gives way.
import { BaimoError } from "../../errors.ts";
import { GROUP, type ProductMode, packedBytes } from "../../kernels/module.ts";
import type { MatrixSource, PageCounts } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bank } from "./bank.ts";
import { type MatrixPart, packRows, stagingBytes, type WasmMatrix, weightTypeOf } from "./matrix.ts";

/** This rank's rows of an expert's matrix; `parts` is empty while they are in the file alone. */
export interface PagedMatrix extends WasmMatrix {
  readonly source: MatrixSource;
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
}

/** What the pages of one rank are made of. */
export interface ExpertPagesOptions {
  /** Bytes for experts. Every size of matrix gets at least one slot. */
  budget: number;
  rank: number;
  products: ProductMode;
  bankFor: (bytes: number) => Bank;
  staging: (bank: Bank, bytes: number) => number;
}

/** Expert matrices in slots of fixed sizes; each size has its share of the budget. */
export class ExpertPages {
  readonly counts: PageCounts = { hits: 0, misses: 0 };
  readonly #options: ExpertPagesOptions;
  readonly #classes = new Map<number, SizeClass>();
  #stagingBytes = 0;

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
    return { type, parts: [], rows: source.rows, cols: source.cols, partition, bytes, source };
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

  /** The matrix in memory: read from the file unless it is there. */
  resident(matrix: PagedMatrix): readonly MatrixPart[] {
    const size = this.#classes.get(matrix.bytes);
    if (!size || matrix.bytes === 0) return [];
    const { free, used } = size;
    const known = used.get(matrix);
    if (known) {
      this.counts.hits++;
      used.delete(matrix);
      used.set(matrix, known);
      return matrix.parts;
    }
    this.counts.misses++;
    const slot = free.pop() ?? this.#evict(used);
    used.set(matrix, slot);
    matrix.parts = [this.#read(matrix, slot)];
    return matrix.parts;
  }

  #evict(used: Map<PagedMatrix, Slot>): Slot {
    const [oldest] = used;
    if (!oldest) throw new BaimoError("memory", "no room was allocated for an expert of this size");
    const [matrix, slot] = oldest;
    used.delete(matrix);
    matrix.parts = [];
    return slot;
  }

  #read({ source, partition, type, cols }: PagedMatrix, { bank, address }: Slot): MatrixPart {
    const { rank, products, staging } = this.#options;
    const rows = partition[rank + 1] - partition[rank];
    const rowGroups = Math.ceil(rows / GROUP);
    const place = { bank, address, firstRow: 0, rowGroups };
    const packing = packRows(source, { type, cols, first: partition[rank], rows, place, products, staging });
    for (;;) {
      const step = packing.next();
      if (step.done) return { ...place, scale: step.value };
      throw new BaimoError(
        "memory",
        `${source.name}: experts can be read while the model runs only from a file on this machine; ` +
          "download the model first, or allow more memory",
      );
    }
  }
}
