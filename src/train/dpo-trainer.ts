// Steps of DPO on one rank: pairs scored, their losses' slopes carried back through the model.
import { Optimizer, type OptimizerOptions } from "./optimize/optimizer.ts";
import { rateFactor, type Schedule } from "./optimize/schedule.ts";
import { type DpoKind, dpoLoss } from "./preference.ts";
import type { Machine } from "./tape/machine.ts";
import type { Batch, TrainedModel } from "./trained-model.ts";

export interface DpoOptions extends OptimizerOptions {
  readonly schedule: Schedule;
  readonly loss: DpoKind;
  readonly beta: number;
}

/** Two answers to one prompt, as ids. */
export interface TaughtPair {
  readonly prompt: readonly number[];
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

/** Sums of log-probabilities of both answers of a pair. */
export interface PairScore {
  readonly chosen: number;
  readonly rejected: number;
}

/** Pairs of a micro-batch, and what the reference gives them. */
export interface PairBatch {
  readonly pairs: readonly TaughtPair[];
  readonly reference: readonly PairScore[];
}

export interface DpoReport {
  readonly loss: number;
  readonly gradNorm: number;
  /** Of the pairs, those whose chosen answer has the higher reward. */
  readonly accuracy: number;
  readonly rate: number;
}

/** Trains a model on pairs. Every rank makes the same calls. */
export class DpoTrainer {
  readonly #model: TrainedModel;
  readonly #optimizer: Optimizer;
  readonly #options: DpoOptions;
  /** Steps that have been taken. */
  steps = 0;

  constructor(machine: Machine, model: TrainedModel, options: DpoOptions) {
    this.#model = model;
    this.#options = options;
    this.#optimizer = new Optimizer(machine, model.learned, options);
  }

  /** The loss, a mean over the pairs of all micro-batches, and the gradients of all that learns; nothing is stepped. */
  measure(batches: readonly PairBatch[]): DpoReport {
    const { loss: kind, beta, schedule } = this.#options;
    const count = batches.reduce((sum, { pairs }) => sum + pairs.length, 0);
    let loss = 0;
    let better = 0;
    this.#optimizer.clear();
    for (const { pairs, reference } of batches) {
      const batch = layPairs(pairs);
      this.#model.forward(batch);
      const scores = sumAnswers(batch, this.#model.score(batch.targets).crossEntropy);
      // The gradient of a sum of log-probabilities is minus that of as many cross-entropies.
      const weights = new Float32Array(batch.targets.length);
      scores.forEach(({ chosen, rejected }, i) => {
        const found = dpoLoss(kind, beta, {
          chosen,
          rejected,
          referenceChosen: reference[i].chosen,
          referenceRejected: reference[i].rejected,
          chosenTokens: pairs[i].chosen.length,
          rejectedTokens: pairs[i].rejected.length,
        });
        loss += found.loss / count;
        if (found.rewardChosen > found.rewardRejected) better++;
        const [first, second] = batch.answers[i];
        weights.fill(-found.dChosen / count, ...first);
        weights.fill(-found.dRejected / count, ...second);
      });
      this.#model.learn({ targets: batch.targets, weights, z: 0 });
    }
    const gradNorm = this.#optimizer.norm();
    return { loss, gradNorm, accuracy: better / count, rate: rateFactor(schedule, this.steps) };
  }

  /** Takes the step that was measured. */
  take({ gradNorm, rate }: Pick<DpoReport, "gradNorm" | "rate">): void {
    this.#optimizer.step(++this.steps, rate, gradNorm);
    this.#model.refresh();
  }

  /** One step over some micro-batches. */
  step(batches: readonly PairBatch[]): DpoReport {
    const report = this.measure(batches);
    this.take(report);
    return report;
  }
}

type Rows = readonly [start: number, end: number];

/** Pairs one after another, each answer behind its prompt as a document of its own. */
interface LaidPairs extends Batch {
  readonly targets: Int32Array;
  /** For each pair the rows that predict its chosen and its rejected answer. */
  readonly answers: readonly (readonly [Rows, Rows])[];
}

/** What a model as it is gives some pairs: the reference, before the first step. */
export function scorePairs(model: TrainedModel, pairs: readonly TaughtPair[]): PairScore[] {
  const batch = layPairs(pairs);
  model.forward(batch);
  return sumAnswers(batch, model.score(batch.targets).crossEntropy);
}

function layPairs(pairs: readonly TaughtPair[]): LaidPairs {
  const tokens: number[] = [];
  const targets: number[] = [];
  const documents: number[] = [];
  const lay = (prompt: readonly number[], answer: readonly number[]): Rows => {
    const first = tokens.length + prompt.length - 1;
    tokens.push(...prompt, ...answer);
    documents.push(prompt.length + answer.length);
    targets.push(...prompt.slice(1).map(() => -100), ...answer, -100);
    return [first, first + answer.length];
  };
  const answers = pairs.map(
    ({ prompt, chosen, rejected }) => [lay(prompt, chosen), lay(prompt, rejected)] as const,
  );
  return { tokens: Int32Array.from(tokens), targets: Int32Array.from(targets), documents, answers };
}

function sumAnswers({ answers }: LaidPairs, crossEntropy: Float64Array): PairScore[] {
  const sum = ([start, end]: Rows) => {
    let total = 0;
    for (let row = start; row < end; row++) total -= crossEntropy[row];
    return total;
  };
  return answers.map(([chosen, rejected]) => ({ chosen: sum(chosen), rejected: sum(rejected) }));
}
