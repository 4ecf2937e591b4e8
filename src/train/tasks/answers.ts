// Answers behind their prompts as documents of a batch: which rows foretell them, and how well.
import type { Batch, TrainedModel } from "../trained-model.ts";

/** An answer to a prompt, as ids. */
export interface Answer {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

/** Answers one after another, each behind its prompt as a document of its own. */
export interface LaidAnswers extends Batch {
  readonly targets: Int32Array;
  /** For each answer the rows that foretell it. */
  readonly rows: readonly (readonly [start: number, end: number])[];
}

export function layAnswers(answers: readonly Answer[]): LaidAnswers {
  const tokens: number[] = [];
  const targets: number[] = [];
  const rows = answers.map(({ prompt, answer }) => {
    const first = tokens.length + prompt.length - 1;
    tokens.push(...prompt, ...answer);
    targets.push(...prompt.slice(1).map(() => -100), ...answer, -100);
    return [first, first + answer.length] as const;
  });
  const documents = answers.map(({ prompt, answer }) => prompt.length + answer.length);
  return { tokens: Int32Array.from(tokens), targets: Int32Array.from(targets), documents, rows };
}

/** Log-probabilities of every token of some answers, by a model as it is; the batch stays to be learned from. */
export function scoreAnswers(model: TrainedModel, batch: LaidAnswers): number[][] {
  model.forward(batch);
  const { crossEntropy } = model.score(batch.targets);
  return batch.rows.map(([start, end]) => Array.from(crossEntropy.subarray(start, end), (value) => -value));
}
