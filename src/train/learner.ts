// A model with what trains it, on one rank: next tokens, or pairs.
import { type DpoOptions, type DpoReport, DpoTrainer, type PairBatch } from "./dpo-trainer.ts";
import type { Machine } from "./tape/machine.ts";
import { TrainedModel, type TrainedModelParts } from "./trained-model.ts";
import { type StepReport, type TaughtBatch, Trainer, type TrainerOptions } from "./trainer.ts";

/** What is learned, and how. */
export type Objective =
  | { readonly kind: "tokens"; readonly options: TrainerOptions }
  | { readonly kind: "pairs"; readonly options: DpoOptions };

/** The micro-batches of a step. */
export type StepBatches = readonly TaughtBatch[] | readonly PairBatch[];

/** What a step found. */
export type Report = StepReport | DpoReport;

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
  step(batches: StepBatches, guard: Guard): { readonly report: Report; readonly taken: boolean };
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
  const trainer =
    objective.kind === "pairs"
      ? new DpoTrainer(machine, model, objective.options)
      : new Trainer(machine, model, objective.options);
  return {
    model,
    get steps() {
      return trainer.steps;
    },
    set steps(steps) {
      trainer.steps = steps;
    },
    step(batches, { gradNorm, loss }) {
      // The batches are those of the objective: whoever reads the data knows it.
      const report =
        trainer instanceof DpoTrainer
          ? trainer.measure(batches as readonly PairBatch[])
          : trainer.measure(batches as readonly TaughtBatch[]);
      const taken = report.loss <= loss && report.gradNorm <= gradNorm;
      if (taken) trainer.take(report);
      return { report, taken };
    },
  };
}
