// A step of training over all that learns: the norm, clipping, AdamW and Muon.
import type { Learned } from "../parameters.ts";
import type { Machine } from "../tape/machine.ts";
import { Muon, type MuonOptions } from "./muon.ts";
import { SquareSum } from "./norms.ts";

/** AdamW's knobs (arXiv:1711.05101). Decay is of tensors of two dimensions and more. */
export interface AdamWOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

export interface OptimizerOptions {
  readonly adamw: AdamWOptions;
  /** For matrices inside blocks; AdamW for the rest. */
  readonly muon?: MuonOptions;
  /** Gradients are scaled so that their norm is at most this; 0: never. */
  readonly clip: number;
}

/** Added to the norm that gradients are divided by. */
const CLIP_EPS = 1e-6;

/** Steps everything that learns. Moments lie beside the gradients. */
export class Optimizer {
  readonly #machine: Machine;
  readonly #options: OptimizerOptions;
  readonly #learned: readonly Learned[];
  readonly #norm: SquareSum;
  readonly #muon: Muon | undefined;

  constructor(machine: Machine, learned: readonly Learned[], options: OptimizerOptions) {
    this.#machine = machine;
    this.#options = options;
    this.#learned = learned;
    this.#norm = new SquareSum(
      machine,
      learned.map(({ gradient, rows, cols }) => ({ address: gradient, count: rows * cols })),
    );
    this.#muon = options.muon && new Muon(machine, learned.filter(isMuons), options.muon);
  }

  /** Makes all gradients 0. */
  clear(): void {
    for (const { gradient, rows, cols } of this.#learned) {
      const [from, to] = this.#machine.share(rows * cols, 16);
      this.#machine.f32.fill(0, gradient / 4 + from, gradient / 4 + to);
    }
    this.#machine.barrier();
  }

  /** The norm of all gradients together. */
  norm(): number {
    return Math.sqrt(this.#norm.sum());
  }

  /**
   * One step.
   *
   * step  counted from 1
   * rate  the schedule's factor
   * norm  of all gradients, as `norm` gave it
   */
  step(step: number, rate: number, norm: number): void {
    const { clip, adamw } = this.#options;
    const by = clip > 0 ? Math.min(1, clip / (norm + CLIP_EPS)) : 1;
    for (const each of this.#learned) {
      if (this.#muon && isMuons(each)) this.#muon.step(each, by, rate);
      else this.#stepAdamW(each, adamw, { step, rate, by });
    }
    this.#machine.barrier();
  }

  #stepAdamW(
    { address, gradient, moments: [first, second], rows, cols, isMatrix }: Learned,
    { lr, beta1, beta2, eps, weightDecay }: AdamWOptions,
    { step, rate, by }: { step: number; rate: number; by: number },
  ): void {
    const [from, to] = this.#machine.share(rows * cols, 4);
    if (from >= to) return;
    const skip = 4 * from;
    this.#machine.kernels.adamw(
      address + skip,
      gradient + skip,
      first + skip,
      second + skip,
      to - from,
      by,
      1 - lr * rate * (isMatrix ? weightDecay : 0),
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      (lr * rate) / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      eps,
    );
  }
}

const isMuons = ({ isBlockMatrix }: Learned) => isBlockMatrix;
