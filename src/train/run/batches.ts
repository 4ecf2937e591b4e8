// What each step learns from, in data's order: packed rows, conversations, pairs, as micro-batches.
import { createOrder, sequencesOfStep } from "../../data/packing/order.ts";
import type { PackedCorpus } from "../../data/packing/packed-corpus.ts";
import type { StepBatch } from "../learner.ts";
import type { TaughtBatch } from "../tasks/next-tokens.ts";
import type { PairBatch, PairScore } from "../tasks/pairs.ts";
import type { Example, PairExample, PromptExample } from "./examples.ts";
import type { DrawnGroups } from "./judge.ts";

/** The micro-batches of a step. */
export interface StepData {
  readonly batches: readonly StepBatch[];
  /** The documents in them. */
  documents(): Promise<readonly string[]>;
  /** Answers that later steps may learn from, too. */
  readonly drawn?: DrawnGroups;
  /** What the log has of answers that were drawn for this step. */
  readonly about?: DrawnGroups["about"];
}

/** What a run learns from: a function of the seed, the data's hash and the step. */
export interface Source {
  readonly stepsAnEpoch: number;
  /** Of the `index`-th batch, from 0. */
  step(index: number): Promise<StepData>;
}

/** What a step takes: so many rows, conversations or pairs, in passes of so many. */
export interface BatchSizes {
  readonly batch: number;
  readonly microBatch: number;
  readonly sequenceLength: number;
}

/** How prompts become steps. */
export interface GroupSettings {
  readonly sizes: BatchSizes & { readonly groupSize: number };
  readonly order: ExampleOrder;
  readonly updates: number;
  readonly kept?: DrawnGroups;
}

/** The order of some examples. */
export interface ExampleOrder {
  readonly seed: number;
  /** Of the data's manifest. */
  readonly hash: string;
}

/** Rows of a packed corpus. */
export function packedRows(corpus: PackedCorpus, sizes: BatchSizes, seed: number): Source {
  const { sequences } = corpus.manifest;
  const chosen = inMicroBatches(sequences, sizes, { seed, hash: corpus.hash });
  return {
    stepsAnEpoch: sequences / sizes.batch,
    async step(index) {
      const rows = chosen(index);
      const batches: TaughtBatch[] = [];
      for (const part of rows)
        batches.push(joined(await Promise.all(part.map((row) => readRow(corpus, row)))));
      return {
        batches,
        async documents() {
          const pieces = rows.flat().flatMap((row) => corpus.piecesOf(row));
          const numbers = new Set(pieces.map(({ document }) => document));
          const names = await corpus.namesOf(numbers);
          return Array.from(numbers, (number) => names.get(number) ?? String(number));
        },
      };
    },
  };
}

/** A sequence without the room behind its last piece. */
async function readRow(corpus: PackedCorpus, row: number): Promise<TaughtBatch> {
  const documents = corpus.piecesOf(row).map(({ length }) => length);
  const length = documents.reduce((sum, each) => sum + each, 0);
  const { tokens, labels } = await corpus.readSequence(row);
  return { tokens: tokens.subarray(0, length), targets: labels.subarray(0, length), documents };
}

/** Conversations, each whole and by itself. */
export function conversations(examples: readonly Example[], sizes: BatchSizes, order: ExampleOrder): Source {
  const chosen = inMicroBatches(examples.length, sizes, order);
  return {
    stepsAnEpoch: examples.length / sizes.batch,
    async step(index) {
      const numbers = chosen(index);
      return {
        batches: numbers.map((part) => joined(part.map((i) => asBatch(examples[i])))),
        documents: async () => numbers.flat().map((i) => examples[i].source),
      };
    },
  };
}

/** Pairs, with what the reference gives them. */
export function pairs(
  examples: readonly PairExample[],
  reference: readonly PairScore[],
  sizes: BatchSizes,
  order: ExampleOrder,
): Source {
  const chosen = inMicroBatches(examples.length, sizes, order);
  return {
    stepsAnEpoch: examples.length / sizes.batch,
    async step(index) {
      const numbers = chosen(index);
      const batches = numbers.map(
        (part): PairBatch => ({
          pairs: part.map((i) => examples[i]),
          reference: part.map((i) => reference[i]),
        }),
      );
      return { batches, documents: async () => numbers.flat().map((i) => examples[i].source) };
    },
  };
}

/**
 * Groups of answers, drawn when their step comes and learned from `updates` times.
 *
 * draw  answers to some prompts, for a step
 * kept  those of the step before, where a run goes on amid its updates
 */
export function groups(
  prompts: readonly PromptExample[],
  draw: (prompts: readonly PromptExample[], step: number) => Promise<DrawnGroups>,
  { sizes, order, updates, kept }: GroupSettings,
): Source {
  const { batch, microBatch, groupSize } = sizes;
  const asked = batch / groupSize;
  const places = createOrder({ seed: order.seed, manifestHash: order.hash, sequences: prompts.length });
  let drawn = kept;
  return {
    stepsAnEpoch: (prompts.length * updates) / asked,
    async step(index) {
      const draws = Math.floor(index / updates);
      const chosen = sequencesOfStep(places, draws, asked).map((i) => prompts[i]);
      const isNew = index % updates === 0 || !drawn;
      if (isNew) drawn = await draw(chosen, draws);
      const { answers = [], about } = drawn ?? {};
      const batches = Array.from({ length: batch / microBatch }, (_, i) => ({
        answers: answers.slice(i * microBatch, (i + 1) * microBatch),
      }));
      const documents = async () => chosen.map(({ source }) => source);
      return { batches, drawn, about: isNew ? about : undefined, documents };
    },
  };
}

/** Whole examples in a fixed order, in micro-batches: for evaluation. */
export function inOrder(
  examples: readonly Omit<Example, "source">[],
  { microBatch, sequenceLength }: BatchSizes,
): TaughtBatch[] {
  const most = microBatch * sequenceLength;
  const batches: TaughtBatch[] = [];
  let pieces: TaughtBatch[] = [];
  let held = 0;
  const end = () => {
    if (pieces.length > 0) batches.push(joined(pieces));
    pieces = [];
    held = 0;
  };
  for (const { tokens, targets } of examples) {
    for (let from = 0; from < tokens.length; from += sequenceLength) {
      const part = tokens.subarray(from, from + sequenceLength);
      if (held + part.length > most) end();
      pieces.push({
        tokens: part,
        targets: targets.subarray(from, from + sequenceLength),
        documents: [part.length],
      });
      held += part.length;
    }
  }
  end();
  return batches;
}

/** The numbers of a step's examples, in micro-batches. */
function inMicroBatches(
  sequences: number,
  { batch, microBatch }: BatchSizes,
  { seed, hash }: ExampleOrder,
): (step: number) => number[][] {
  const order = createOrder({ seed, manifestHash: hash, sequences });
  return (step) => {
    const numbers = sequencesOfStep(order, step, batch);
    return Array.from({ length: batch / microBatch }, (_, i) =>
      numbers.slice(i * microBatch, (i + 1) * microBatch),
    );
  };
}

const asBatch = ({ tokens, targets }: Example): TaughtBatch => ({
  tokens,
  targets,
  documents: [tokens.length],
});

/** One batch after another as one. */
function joined(parts: readonly TaughtBatch[]): TaughtBatch {
  const total = parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const tokens = new Int32Array(total);
  const targets = new Int32Array(total);
  let at = 0;
  for (const part of parts) {
    tokens.set(part.tokens, at);
    targets.set(part.targets, at);
    at += part.tokens.length;
  }
  return { tokens, targets, documents: parts.flatMap(({ documents }) => documents) };
}
