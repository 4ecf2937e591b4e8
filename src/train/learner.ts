// A model with what trains it, on one rank: next tokens, pairs, or groups of answers.
import type { Machine } from "./tape/machine.ts";
import { type AnswerBatch, type GroupsOptions, learnGroups } from "./tasks/groups.ts";
import { type NextTokenOptions, nextTokens, type TaughtBatch } from "./tasks/next-tokens.ts";
import { type PairBatch, type PairsOptions, preferPairs } from "./tasks/pairs.ts";
import { TrainedModel, type TrainedModelParts } from "./trained-model.ts";
import { type Found, type StepReport, type Task, Trainer, type TrainerOptions } from "./trainer.ts";

/** What is learned, and how. */
export type Objective =
  | { readonly kind: "tokens"; readonly options: TrainerOptions & NextTokenOptions }
  | { readonly kind: "pairs"; readonly options: TrainerOptions & PairsOptions }
  | { readonly kind: "groups"; readonly options: TrainerOptions & GroupsOptions };

/** A micro-batch: of the objective's kind. */
export type StepBatch = TaughtBatch | PairBatch | AnswerBatch;

/** What a step must not exceed to be taken. */
export interface Guard {
  readonly gradNorm: number;
  readonly loss: number;
}

/** Steps of either objective. */
export interface Learner {
  readonly model: TrainedModel;
  steps: number;
  /** Takes a step where its loss and norm are finite and within the guard. */
  step(batches: readonly StepBatch[], guard: Guard): { readonly report: StepReport; readonly taken: boolean };
}

/**
 * Makes a learner; every rank, and whoever only wants to know what it takes, makes the same one.
 * @throws {BaimoError} as `TrainedModel.create`
 */
export async function createLearner(
  machine: Machine,
  parts: TrainedModelParts,
  objective: Objective,
): Promise<Learner> {
  const model = await TrainedModel.create(machine, parts);
  // The batches are those of the objective: whoever reads the data knows it.
  const task = taskOf(objective) as Task<StepBatch, Found>;
  const trainer = new Trainer(machine, model, task, objective.options);
  return {
    model,
    get steps() {
      return trainer.steps;
    },
    set steps(steps) {
      trainer.steps = steps;
    },
    step(batches, { gradNorm, loss }) {
      const report = trainer.measure(batches);
      const taken = report.loss <= loss && report.gradNorm <= gradNorm;
      if (taken) trainer.take(report);
      return { report, taken };
    },
  };
}

function taskOf({ kind, options }: Objective) {
  switch (kind) {
    case "tokens":
      return nextTokens(options);
    case "pairs":
      return preferPairs(options);
    case "groups":
      return learnGroups(options);
  }
}
