// Sums of squares over gradients: in fixed blocks by index, so that threads change no bit.
import type { Machine } from "../tape/machine.ts";

/** Floats of a block. */
const BLOCK = 1 << 16;

/** Floats that are summed together with others. */
export interface Span {
  readonly address: number;
  readonly count: number;
}

/** Sums squares over spans that stay where they are. */
export class SquareSum {
  readonly #machine: Machine;
  readonly #blocks: readonly Span[];
  readonly #sums: number;

  constructor(machine: Machine, spans: readonly Span[]) {
    this.#machine = machine;
    this.#blocks = spans.flatMap(({ address, count }) =>
      Array.from({ length: Math.ceil(count / BLOCK) }, (_, i) => ({
        address: address + 4 * i * BLOCK,
        count: Math.min(BLOCK, count - i * BLOCK),
      })),
    );
    this.#sums = machine.allocate(8 * this.#blocks.length);
  }

  /** The same on every rank. */
  sum(): number {
    const { kernels, f64, rank, ranks } = this.#machine;
    const blocks = this.#blocks;
    for (let i = rank; i < blocks.length; i += ranks) {
      f64[this.#sums / 8 + i] = kernels.sum_of_squares(blocks[i].address, blocks[i].count);
    }
    this.#machine.barrier();
    let total = 0;
    for (let i = 0; i < blocks.length; i++) total += f64[this.#sums / 8 + i];
    // The next sum must not be written before all have read this one.
    this.#machine.barrier();
    return total;
  }
}
