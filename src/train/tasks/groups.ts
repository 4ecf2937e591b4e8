// Groups of answers with rewards as a task: GRPO, clipped against the model that drew them.
import { type GrpoKind, grpoLoss } from "../preference.ts";
import type { Found, Task } from "../trainer.ts";
import { type Answer, layAnswers, scoreAnswers } from "./answers.ts";

export interface GroupsOptions {
  /** How tokens are weighed: a mean of answers' means, over a fixed length, a mean of all tokens of a step. */
  readonly loss: Exclude<GrpoKind, "bnpo">;
  readonly level: "token" | "sequence";
  /** The ratio is clipped to [1 - low, 1 + high]. */
  readonly low: number;
  readonly high: number;
  /** Coefficient of the divergence from the reference. */
  readonly beta: number;
  /** Of dr_grpo: the length that every answer is divided by. */
  readonly maxCompletion: number;
}

/** An answer that was drawn, how much better than its group it is, and the log-probabilities of its tokens. */
export interface JudgedAnswer extends Answer {
  readonly advantage: number;
  /** By the model that drew it. */
  readonly old: readonly number[];
  /** By the reference; empty where `beta` is 0. */
  readonly reference: readonly number[];
}

/** Answers of a micro-batch. */
export interface AnswerBatch {
  readonly answers: readonly JudgedAnswer[];
}

export type GroupsFound = Found & {
  /** Divergence from the reference, a token: its estimate e^d - d - 1. */
  readonly kl: number;
  /** The part of all tokens whose ratio was clipped. */
  readonly clipped: number;
};

/** Learns what the better answers of each group have. The loss is one over the answers of all micro-batches. */
export function learnGroups(options: GroupsOptions): Task<AnswerBatch, GroupsFound> {
  const { loss: kind, low, high } = options;
  return (model, batches) => {
    const all = batches.flatMap(({ answers }) => answers);
    const tokens = all.reduce((sum, { answer }) => sum + answer.length, 0);
    let [loss, kl, clipped] = [0, 0, 0];
    for (const { answers } of batches) {
      const batch = layAnswers(answers);
      const scores = scoreAnswers(model, batch);
      const rows = answers.length;
      const length = Math.max(...answers.map(({ answer }) => answer.length));
      const padded = (valuesOf: (row: number) => readonly number[]) => {
        const values = new Float64Array(rows * length);
        answers.forEach((_, row) => void values.set(valuesOf(row), row * length));
        return values;
      };
      const completions = {
        rows,
        length,
        logProbabilities: padded((row) => scores[row]),
        old: padded((row) => answers[row].old),
        reference: padded((row) => (options.beta > 0 ? answers[row].reference : scores[row])),
        mask: padded((row) => answers[row].answer.map(() => 1)),
      };
      const advantages = answers.map(({ advantage }) => advantage);
      const found = grpoLoss(completions, advantages, { ...options, kind, windowTokens: tokens });
      // Means over answers are those of the whole step; dapo's is over its tokens already.
      const share = kind === "dapo" ? 1 : rows / all.length;
      loss += share * found.loss;
      const weights = new Float32Array(batch.targets.length);
      batch.rows.forEach(([start, end], row) => {
        for (let i = 0; i < end - start; i++) {
          weights[start + i] = -share * found.gradient[row * length + i];
          const away = completions.reference[row * length + i] - scores[row][i];
          kl += (Math.exp(away) - away - 1) / tokens;
          const ratio = Math.exp(scores[row][i] - answers[row].old[i]);
          const isClipped = advantages[row] > 0 ? ratio > 1 + high : advantages[row] < 0 && ratio < 1 - low;
          if (isClipped) clipped += 1 / tokens;
        }
      });
      model.learn({ targets: batch.targets, weights, z: 0 });
    }
    return { loss, kl, clipped };
  };
}
