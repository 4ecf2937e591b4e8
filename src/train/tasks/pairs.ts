// Pairs of answers as a task: DPO, whose losses' slopes are carried back through the model.
import { type DpoKind, dpoLoss } from "../preference.ts";
import type { Found, Task } from "../trainer.ts";
import { type Answer, layAnswers, scoreAnswers } from "./answers.ts";

export interface PairsOptions {
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

export type PairsFound = Found & {
  /** Of the pairs, those whose chosen answer has the higher reward. */
  readonly accuracy: number;
};

/** Learns to prefer the chosen answers. The loss is a mean over the pairs of all micro-batches. */
export function preferPairs({ loss: kind, beta }: PairsOptions): Task<PairBatch, PairsFound> {
  return (model, batches) => {
    const count = batches.reduce((sum, { pairs }) => sum + pairs.length, 0);
    let loss = 0;
    let better = 0;
    for (const { pairs, reference } of batches) {
      const batch = layAnswers(answersOf(pairs));
      // The gradient of a sum of log-probabilities is minus that of as many cross-entropies.
      const weights = new Float32Array(batch.targets.length);
      sumPairs(scoreAnswers(model, batch)).forEach(({ chosen, rejected }, i) => {
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
        weights.fill(-found.dChosen / count, ...batch.rows[2 * i]);
        weights.fill(-found.dRejected / count, ...batch.rows[2 * i + 1]);
      });
      model.learn({ targets: batch.targets, weights, z: 0 });
    }
    return { loss, accuracy: better / count };
  };
}

/** The answers of pairs: each chosen one, and the rejected one behind it. */
export const answersOf = (pairs: readonly TaughtPair[]): Answer[] =>
  pairs.flatMap(({ prompt, chosen, rejected }) => [
    { prompt, answer: chosen },
    { prompt, answer: rejected },
  ]);

/** Sums over the answers of pairs, from the log-probabilities of their tokens. */
export function sumPairs(scores: readonly (readonly number[])[]): PairScore[] {
  const sums = scores.map((values) => values.reduce((sum, value) => sum + value, 0));
  return Array.from({ length: sums.length / 2 }, (_, i) => ({
    chosen: sums[2 * i],
    rejected: sums[2 * i + 1],
  }));
}
