// Steps of training on one rank: a task's gradients over micro-batches, one norm, one step.
import { Optimizer, type OptimizerOptions } from "./optimize/optimizer.ts";
import { rateFactor, type Schedule } from "./optimize/schedule.ts";
import type { Machine } from "./tape/machine.ts";
import type { TrainedModel } from "./trained-model.ts";

export interface TrainerOptions extends OptimizerOptions {
  readonly schedule: Schedule;
}

/** What a task finds in the micro-batches of a step: its loss, and what else it measures of them. */
export type Found = { readonly loss: number } & Readonly<Record<string, number>>;

/** What is learned: adds the gradients of a step's micro-batches to those of all that learns. */
export type Task<B, F extends Found> = (model: TrainedModel, batches: readonly B[]) => F;

/** What a step found. */
export type StepReport<F extends Found = Found> = F & {
  /** Of all gradients, before clipping. */
  readonly gradNorm: number;
  /** What the learning rate was multiplied with. */
  readonly rate: number;
};

/** Trains a model at a task. Every rank makes the same calls. */
export class Trainer<B, F extends Found> {
  readonly #model: TrainedModel;
  readonly #task: Task<B, F>;
  readonly #schedule: Schedule;
  readonly #optimizer: Optimizer;
  /** Steps that have been taken. */
  steps = 0;

  constructor(machine: Machine, model: TrainedModel, task: Task<B, F>, options: TrainerOptions) {
    this.#model = model;
    this.#task = task;
    this.#schedule = options.schedule;
    this.#optimizer = new Optimizer(machine, model.learned, options);
  }

  /** The loss of some micro-batches together and the gradients of all that learns; nothing is stepped. */
  measure(batches: readonly B[]): StepReport<F> {
    this.#optimizer.clear();
    const found = this.#task(this.#model, batches);
    return { ...found, gradNorm: this.#optimizer.norm(), rate: rateFactor(this.#schedule, this.steps) };
  }

  /** Takes the step that was measured. */
  take({ gradNorm, rate }: Pick<StepReport, "gradNorm" | "rate">): void {
    this.#optimizer.step(++this.steps, rate, gradNorm);
    this.#model.refresh();
  }

  /** One step over some micro-batches. */
  step(batches: readonly B[]): StepReport<F> {
    const report = this.measure(batches);
    this.take(report);
    return report;
  }
}
