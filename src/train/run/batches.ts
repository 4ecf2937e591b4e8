// Which examples a step learns from: a function of the seed and the step, nothing else.
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import type { PairBatch, PairScore } from "../dpo-trainer.ts";
import type { TaughtBatch } from "../trainer.ts";
import type { Example, PairExample } from "./examples.ts";

/** The micro-batches of a step, and the documents in them. */
export interface StepData<B> {
  readonly batches: readonly B[];
  readonly documents: readonly string[];
}

/** What a step takes: so many rows, conversations or pairs, in passes of so many. */
export interface BatchSizes {
  readonly batch: number;
  readonly microBatch: number;
  readonly sequenceLength: number;
}

/** The numbers 0 to count - 1 in the order of an epoch. */
export function orderOf(count: number, seed: number, epoch: number): Int32Array {
  const random = createRandom(seed * 1_000_003 + epoch);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** A piece of an example in a row. */
interface Piece {
  readonly example: Example;
  readonly from: number;
  readonly to: number;
}

/** Rows of `sequenceLength` tokens from texts one after another; a document's positions begin anew, also where it is cut. */
export class Rows {
  readonly #examples: readonly Example[];
  readonly #sizes: BatchSizes;
  readonly #seed: number;
  #epoch = -1;
  #rows: Piece[][] = [];
  /** Rows of the epochs before. */
  #before = 0;

  /** @throws {BaimoError} `request` where there is not one row */
  constructor(examples: readonly Example[], sizes: BatchSizes, seed: number) {
    this.#examples = examples;
    this.#sizes = sizes;
    this.#seed = seed;
    this.#turnTo(0);
    if (this.#rows.length === 0) {
      throw new BaimoError(
        "request",
        `the data does not fill one row of ${sizes.sequenceLength} tokens; lower sequenceLength`,
      );
    }
  }

  /** Steps of one epoch, about. */
  get stepsAnEpoch(): number {
    return this.#rows.length / this.#sizes.batch;
  }

  /** What the `index`-th batch has. */
  step(index: number): StepData<TaughtBatch> {
    const { batch, microBatch } = this.#sizes;
    const rows = Array.from({ length: batch }, (_, i) => this.#row(index * batch + i));
    return {
      batches: Array.from({ length: batch / microBatch }, (_, i) =>
        joinPieces(rows.slice(i * microBatch, (i + 1) * microBatch).flat()),
      ),
      documents: [...new Set(rows.flat().map(({ example }) => example.source))],
    };
  }

  #row(index: number): Piece[] {
    if (index < this.#before) this.#turnTo(0);
    while (index >= this.#before + this.#rows.length) this.#turnTo(this.#epoch + 1);
    return this.#rows[index - this.#before];
  }

  #turnTo(epoch: number): void {
    this.#before = epoch === 0 ? 0 : this.#before + this.#rows.length;
    this.#epoch = epoch;
    const { sequenceLength } = this.#sizes;
    const rows: Piece[][] = [];
    let row: Piece[] = [];
    let left = sequenceLength;
    for (const number of orderOf(this.#examples.length, this.#seed, epoch)) {
      const example = this.#examples[number];
      for (let from = 0; from < example.tokens.length; ) {
        const to = Math.min(example.tokens.length, from + left);
        row.push({ example, from, to });
        left -= to - from;
        from = to;
        if (left > 0) continue;
        rows.push(row);
        row = [];
        left = sequenceLength;
      }
    }
    this.#rows = rows;
  }
}

/** Conversations, so many a step, each whole and by itself. */
export class Chats {
  readonly #examples: readonly Example[];
  readonly #sizes: BatchSizes;
  readonly #epochs: Epochs;

  /** @throws {BaimoError} `request` where there is none */
  constructor(examples: readonly Example[], sizes: BatchSizes, seed: number) {
    if (examples.length === 0) throw nothing();
    this.#examples = examples;
    this.#sizes = sizes;
    this.#epochs = new Epochs(examples.length, seed);
  }

  get stepsAnEpoch(): number {
    return this.#examples.length / this.#sizes.batch;
  }

  step(index: number): StepData<TaughtBatch> {
    const chosen = this.#epochs
      .step(this.#sizes, index)
      .map((numbers) => numbers.map((i) => this.#examples[i]));
    return {
      batches: chosen.map((examples) =>
        joinPieces(examples.map((example) => ({ example, from: 0, to: example.tokens.length }))),
      ),
      documents: chosen.flat().map(({ source }) => source),
    };
  }
}

/** Pairs, so many a step, with what the reference gives them. */
export class Pairs {
  readonly #examples: readonly PairExample[];
  readonly #reference: readonly PairScore[];
  readonly #sizes: BatchSizes;
  readonly #epochs: Epochs;

  /** @throws {BaimoError} `request` where there is none */
  constructor(
    examples: readonly PairExample[],
    reference: readonly PairScore[],
    sizes: BatchSizes,
    seed: number,
  ) {
    if (examples.length === 0) throw nothing();
    this.#examples = examples;
    this.#reference = reference;
    this.#sizes = sizes;
    this.#epochs = new Epochs(examples.length, seed);
  }

  get stepsAnEpoch(): number {
    return this.#examples.length / this.#sizes.batch;
  }

  step(index: number): StepData<PairBatch> {
    const chosen = this.#epochs.step(this.#sizes, index);
    return {
      batches: chosen.map((part) => ({
        pairs: part.map((i) => this.#examples[i]),
        reference: part.map((i) => this.#reference[i]),
      })),
      documents: chosen.flat().map((i) => this.#examples[i].source),
    };
  }
}

/** Whole examples in a fixed order, in micro-batches: for evaluation. */
export function inOrder(
  examples: readonly Example[],
  { microBatch, sequenceLength }: BatchSizes,
): TaughtBatch[] {
  const most = microBatch * sequenceLength;
  const batches: TaughtBatch[] = [];
  let pieces: Piece[] = [];
  let held = 0;
  const end = () => {
    if (pieces.length > 0) batches.push(joinPieces(pieces));
    pieces = [];
    held = 0;
  };
  for (const example of examples) {
    for (let from = 0; from < example.tokens.length; from += sequenceLength) {
      const to = Math.min(example.tokens.length, from + sequenceLength);
      if (held + to - from > most) end();
      pieces.push({ example, from, to });
      held += to - from;
    }
  }
  end();
  return batches;
}

const nothing = () => new BaimoError("request", "the data has nothing to learn from");

/** The numbers 0 to count - 1 in endless epochs, each in its own order; the order of the epoch asked for last is kept. */
class Epochs {
  readonly #count: number;
  readonly #seed: number;
  #epoch = -1;
  #order: Int32Array = new Int32Array(0);

  constructor(count: number, seed: number) {
    this.#count = count;
    this.#seed = seed;
  }

  /** A step's part, in micro-batches. */
  step({ batch, microBatch }: BatchSizes, index: number): number[][] {
    return Array.from({ length: batch / microBatch }, (_, m) =>
      Array.from({ length: microBatch }, (_, i) => this.#at(index * batch + m * microBatch + i)),
    );
  }

  #at(place: number): number {
    const epoch = Math.floor(place / this.#count);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#order = orderOf(this.#count, this.#seed, epoch);
    }
    return this.#order[place % this.#count];
  }
}

function joinPieces(pieces: readonly Piece[]): TaughtBatch {
  const total = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  const tokens = new Int32Array(total);
  const targets = new Int32Array(total);
  let at = 0;
  for (const { example, from, to } of pieces) {
    tokens.set(example.tokens.subarray(from, to), at);
    targets.set(example.targets.subarray(from, to), at);
    at += to - from;
  }
  return { tokens, targets, documents: pieces.map(({ from, to }) => to - from) };
}
