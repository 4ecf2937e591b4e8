// The tape: operations of a pass, written once and played again; the plan of buffers.

import { layOut } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { Value } from "./value.ts";

/** One operation of a pass. */
export interface Operation {
  readonly name: string;
  readonly reads: readonly Value[];
  readonly writes: readonly Value[];
  /** Those of both whose values the backward pass reads. */
  readonly keeps: readonly Value[];
  /** Room that the forward pass leaves to the backward pass. */
  readonly between?: readonly Value[];
  /** Room that the backward pass alone takes. */
  readonly behind?: readonly Value[];
  /** A value that may take the place of the one read, where nobody reads that later; the operation copies it elsewhere. */
  readonly inPlace?: { readonly from: Value; readonly to: Value };
  /** The gradient of what is written becomes the gradient of what is read, as it is, where both may share room. */
  readonly passes?: { readonly from: Value; readonly to: Value };
  forward(): void;
  /** Adds to the gradients of what learns among `reads` and of weights. */
  backward(): void;
}

/** A pass that is the same every time but for its ids, positions and runs. */
export class Tape {
  readonly machine: Machine;
  readonly maxTokens: number;
  readonly #operations: Operation[] = [];
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

  /** Gives every value and gradient its offset. Lifetimes: operation i runs forward at i and backward at 2n - 1 - i. */
  plan(kept: readonly Value[] = []): void {
    const operations = this.#operations;
    const end = 2 * operations.length - 1;
    const written = new Map<Value, number>();
    const readLast = new Map<Value, number>();
    const usedLast = new Map<Value, number>();
    const use = (value: Value, at: number) => usedLast.set(value, Math.max(usedLast.get(value) ?? at, at));
    for (const [i, { reads, writes, keeps }] of operations.entries()) {
      for (const value of writes) {
        written.set(value, i);
        use(value, i);
      }
      for (const value of reads) {
        readLast.set(value, i);
        use(value, i);
      }
      for (const value of keeps) use(value, end - i);
    }
    for (const value of kept) {
      use(value, operations.length);
      readLast.set(value, operations.length);
    }
    const places = new Map<Value, Room>();
    const gradients = new Map<Value, Room>();
    const rooms: Room[] = [];
    const room = (value: Value, from: number, to: number) => {
      const made = { bytes: value.bytes, from, to, offset: 0 };
      rooms.push(made);
      return made;
    };
    // Values of an operation in the order of the pass, so that what takes another's place finds it there.
    for (const [i, { writes, inPlace, between = [], behind = [] }] of operations.entries()) {
      for (const value of writes) {
        const last = usedLast.get(value) ?? i;
        const shared = inPlace?.to === value ? places.get(inPlace.from) : undefined;
        if (inPlace && shared && (usedLast.get(inPlace.from) ?? 0) <= i && shared.bytes >= value.bytes) {
          shared.to = Math.max(shared.to, last);
          places.set(value, shared);
        } else places.set(value, room(value, i, last));
      }
      for (const value of between) places.set(value, room(value, i, end - i));
      for (const value of behind) places.set(value, room(value, end - i, end - i));
    }
    // Gradients from the end: the last to read a value is the first to write its gradient.
    for (let i = operations.length - 1; i >= 0; i--) {
      const { reads, passes } = operations[i];
      for (const value of new Set(reads)) {
        const start = written.get(value);
        if (!value.learns || start === undefined || readLast.get(value) !== i) continue;
        const shared = passes?.from === value ? gradients.get(passes.to) : undefined;
        if (shared) {
          shared.to = Math.max(shared.to, end - start);
          gradients.set(value, shared);
        } else gradients.set(value, room(value, end - i, end - start));
      }
      for (const value of kept) {
        if (value.learns && written.get(value) === i)
          gradients.set(value, gradients.get(value) ?? room(value, operations.length, end - i));
      }
    }
    for (const value of kept) {
      if (value.learns && !gradients.has(value))
        gradients.set(value, room(value, operations.length, end - (written.get(value) ?? 0)));
    }
    this.bytes = layOut(
      rooms.map((each) => ({
        bytes: each.bytes,
        from: each.from,
        to: each.to,
        place: (offset) => {
          each.offset = offset;
        },
      })),
    );
    const base = this.machine.allocate(this.bytes);
    for (const [value, { offset }] of places) value.address = base + offset;
    for (const [value, { offset }] of gradients) value.gradient = base + offset;
    this.#isPlanned = true;
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
      const operation = this.#operations[i];
      // What no loss depends on has no gradient.
      if (operation.writes.every((value) => !value.learns || value.isFresh)) continue;
      operation.backward();
      this.machine.barrier();
    }
  }
}

interface Room {
  readonly bytes: number;
  readonly from: number;
  to: number;
  offset: number;
}
