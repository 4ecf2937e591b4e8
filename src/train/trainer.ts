// Steps of training on one rank: micro-batches summed, one norm, one step of the optimiser.
import { Optimizer, type OptimizerOptions } from "./optimize/optimizer.ts";
import { rateFactor, type Schedule } from "./optimize/schedule.ts";
import type { Machine } from "./tape/machine.ts";
import type { Batch, TrainedModel } from "./trained-model.ts";

export interface TrainerOptions extends OptimizerOptions {
  readonly schedule: Schedule;
  /** Coefficient of the balance of mixtures of experts: the mean of their layers' losses, times this. */
  readonly balance?: number;
  /** Coefficient of the routers' z-loss, likewise. */
  readonly routerZ?: number;
  /** Coefficient of logSumExp^2 beside each cross-entropy. */
  readonly zLoss?: number;
}

/** A batch, and for each row the token that comes next, negative where nothing is learned. */
export interface TaughtBatch extends Batch {
  readonly targets: Int32Array;
}

/** What a step found. */
export interface StepReport {
  readonly loss: number;
  readonly crossEntropy: number;
  /** Of all gradients, before clipping. */
  readonly gradNorm: number;
  /** What the learning rate was multiplied with. */
  readonly rate: number;
  /** Rows that something was learned from. */
  readonly targets: number;
}

/** Trains a model. Every rank makes the same calls. */
export class Trainer {
  readonly #model: TrainedModel;
  readonly #optimizer: Optimizer;
  readonly #options: TrainerOptions;
  /** Steps that have been taken. */
  steps = 0;

  constructor(machine: Machine, model: TrainedModel, options: TrainerOptions) {
    this.#model = model;
    this.#options = options;
    this.#optimizer = new Optimizer(machine, model.learned, options);
  }

  /** The loss of some micro-batches together and the gradients of all that learns; nothing is stepped. */
  measure(batches: readonly TaughtBatch[]): StepReport {
    const { zLoss = 0, balance = 0, routerZ = 0, schedule } = this.#options;
    const { experts, numLayers } = this.#model.config;
    const layers = numLayers - (experts?.denseLayers.filter((dense) => dense).length ?? 0);
    const share = batches.length * Math.max(1, layers);
    // The loss is a mean over the targets of the whole step, whatever the micro-batches.
    const targets = batches.reduce((sum, batch) => sum + batch.targets.filter((id) => id >= 0).length, 0);
    let crossEntropy = 0;
    let others = 0;
    this.#optimizer.clear();
    for (const batch of batches) {
      others += this.#model.forward(batch, { balance: balance / share, z: routerZ / share });
      const weights = new Float32Array(batch.targets.length).fill(targets > 0 ? 1 / targets : 0);
      const judged = this.#model.learn({ targets: batch.targets, weights, z: zLoss });
      for (let row = 0; row < weights.length; row++) {
        crossEntropy += judged.crossEntropy[row];
        others += targets > 0 ? (zLoss * judged.logSumExp[row] ** 2) / targets : 0;
      }
    }
    crossEntropy /= Math.max(1, targets);
    const gradNorm = this.#optimizer.norm();
    const rate = rateFactor(schedule, this.steps);
    return { loss: crossEntropy + others, crossEntropy, gradNorm, rate, targets };
  }

  /** Takes the step that was measured. */
  take({ gradNorm, rate }: Pick<StepReport, "gradNorm" | "rate">): void {
    this.#optimizer.step(++this.steps, rate, gradNorm);
    this.#model.refresh();
  }

  /** One step over some micro-batches. */
  step(batches: readonly TaughtBatch[]): StepReport {
    const report = this.measure(batches);
    this.take(report);
    return report;
  }
}
