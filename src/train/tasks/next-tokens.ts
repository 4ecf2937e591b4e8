// Next tokens as a task: cross-entropy over all targets of a step, and what experts add to it.
import type { Batch } from "../trained-model.ts";
import type { Found, Task } from "../trainer.ts";

export interface NextTokenOptions {
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

export type NextTokensFound = Found & {
  readonly crossEntropy: number;
  /** Rows that something was learned from. */
  readonly targets: number;
};

/** Learns the token that comes next. */
export function nextTokens(options: NextTokenOptions): Task<TaughtBatch, NextTokensFound> {
  const { zLoss = 0, balance = 0, routerZ = 0 } = options;
  return (model, batches) => {
    const { experts, numLayers } = model.config;
    const layers = numLayers - (experts?.denseLayers.filter((dense) => dense).length ?? 0);
    const share = batches.length * Math.max(1, layers);
    // The loss is a mean over the targets of the whole step, whatever the micro-batches.
    const targets = batches.reduce((sum, batch) => sum + batch.targets.filter((id) => id >= 0).length, 0);
    let crossEntropy = 0;
    let others = 0;
    for (const batch of batches) {
      others += model.forward(batch, { balance: balance / share, z: routerZ / share });
      const weights = new Float32Array(batch.targets.length).fill(targets > 0 ? 1 / targets : 0);
      const judged = model.learn({ targets: batch.targets, weights, z: zLoss });
      for (let row = 0; row < weights.length; row++) {
        crossEntropy += judged.crossEntropy[row];
        others += targets > 0 ? (zLoss * judged.logSumExp[row] ** 2) / targets : 0;
      }
    }
    crossEntropy /= Math.max(1, targets);
    return { loss: crossEntropy + others, crossEntropy, targets };
  };
}
