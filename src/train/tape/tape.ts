// The tape: operations of a pass, written once and played again; the plan of buffers.

import type { Machine } from "./machine.ts";
import type { Operation } from "./operation.ts";
import { type Block, planBuffers } from "./plan.ts";
import { Value } from "./value.ts";

/** What a backward pass computes again: nothing, blocks, or of each block what its attention reads. */
export type Recompute = "none" | "block" | "attention";

/** A pass that is the same every time but for its ids, positions and runs. */
export class Tape {
  readonly machine: Machine;
  readonly maxTokens: number;
  readonly #operations: Operation[] = [];
  readonly #marks: number[] = [];
  #blocks: readonly Block[] = [];
  /** Where values that are computed again lie at first, and then. */
  readonly #first = new Map<Value, number>();
  readonly #second = new Map<Value, number>();
  #next = 0;
  #isPlanned = false;
  /** Bytes of activations and gradients together, when planned. */
  bytes = 0;

  constructor(machine: Machine, maxTokens: number) {
    this.machine = machine;
    this.maxTokens = maxTokens;
  }

  get isPlanned(): boolean {
    return this.#isPlanned;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** A value with room for every token. */
  value(width: number, learns: boolean, rows = this.maxTokens): Value {
    return new Value(width, rows, learns);
  }

  /** Begins a pass: the next operation is the first. */
  begin(): void {
    this.#next = 0;
    for (const [value, address] of this.#first) value.address = address;
  }

  /** The next operation: made while the tape is written, afterwards the same as then. */
  next<T extends Operation>(name: string, make: () => T): T {
    if (!this.#isPlanned) {
      const made = make();
      this.#operations.push(made);
      return made;
    }
    const operation = this.#operations[this.#next++];
    if (operation?.name !== name)
      throw new Error(`the tape has ${operation?.name ?? "ended"} where the pass does ${name}`);
    return operation as T; // made above by the same call of the pass
  }

  /** Runs an operation that `next` gave; while the tape is written, only its sizes are known. */
  run(operation: Operation, rows: number): void {
    for (const value of operation.writes) value.rows = rows;
    if (!this.#isPlanned) return;
    operation.forward();
    this.machine.barrier();
  }

  /** Ends a block, and begins another: what may be computed again. */
  mark(): void {
    if (!this.#isPlanned) this.#marks.push(this.#operations.length);
  }

  /**
   * Gives every value and gradient its place.
   *
   * kept       what the head reads
   * recompute  what is computed again before its backward pass, instead of being kept
   */
  plan(kept: readonly Value[], { recompute = "none" }: { readonly recompute?: Recompute } = {}): void {
    this.#blocks = this.#blocksOf(recompute);
    const { bytes, placed } = planBuffers(this.#operations, kept, this.#blocks);
    this.bytes = bytes;
    const base = this.machine.allocate(bytes);
    const at = (offset: number | undefined) => (offset === undefined ? 0 : base + offset);
    for (const { value, first, again, gradient } of placed) {
      value.address = at(first);
      value.gradient = at(gradient);
      if (again === undefined) continue;
      this.#first.set(value, at(first));
      this.#second.set(value, at(again));
    }
    this.#isPlanned = true;
  }

  #blocksOf(recompute: Recompute): Block[] {
    if (recompute === "none") return [];
    const blocks = this.#marks.slice(1).map((end, i) => ({ start: this.#marks[i], end }));
    if (recompute === "block") return blocks;
    return blocks.flatMap(({ start, end }) => {
      const at = this.#operations.findIndex(({ name }, i) => i >= start && i < end && name === "attention");
      return at < 0 ? [] : [{ start, end: at + 1 }];
    });
  }

  /** Nothing has been added to any gradient. */
  clearGradients(): void {
    for (const { reads, writes, between = [], behind = [] } of this.#operations) {
      for (const list of [reads, writes, between, behind]) for (const value of list) value.isFresh = true;
    }
  }

  /** The backward pass; gradients of what the pass ends with have been written. */
  backward(): void {
    for (let i = this.#operations.length - 1; i >= 0; i--) {
      const block = this.#blocks.find(({ end }) => end === i + 1);
      if (block) this.#runAgain(block);
      const operation = this.#operations[i];
      // What no loss depends on has no gradient.
      if (operation.writes.every((value) => !value.learns || value.isFresh)) continue;
      operation.backward();
      this.machine.barrier();
    }
  }

  /** Computes a block's values once more, where there is room for them now. */
  #runAgain({ start, end }: Block): void {
    for (let i = start; i < end; i++) {
      const { writes, between = [] } = this.#operations[i];
      for (const value of [...writes, ...between]) value.address = this.#second.get(value) ?? value.address;
    }
    for (let i = start; i < end; i++) {
      this.#operations[i].forward();
      this.machine.barrier();
    }
  }
}
