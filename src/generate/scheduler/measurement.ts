// The log-probabilities of a given text, and what its products meet where that is asked for.
import { type InputMeter, startInputMeter } from "../../models/forward/input-meter.ts";
import type { Transformer } from "../../models/forward/model.ts";
import type { WeightPlan } from "../../models/weights/tensor-plan.ts";
import { logSumExp } from "../exponential.ts";
import type { MeasureRequest, MeasureResult } from "../protocol.ts";
import type { Job } from "./job.ts";

export class Measurement implements Job {
  readonly kind = "measure";
  readonly tokens: readonly number[];
  /** It watches every product. */
  readonly alone = true;
  readonly isWhole = true;
  readonly reusable: number;
  readonly #from: number;
  readonly #logprobs: Float32Array;
  readonly #model: Transformer;
  readonly #plan: WeightPlan | undefined;
  #meter: InputMeter | undefined;

  constructor({ tokens, from, columnSums }: MeasureRequest, model: Transformer, plan: WeightPlan) {
    this.tokens = Array.from(tokens);
    this.#from = from;
    // Inputs of products are measured from the first token on.
    this.reusable = columnSums ? 0 : from - 1;
    this.#logprobs = new Float32Array(tokens.length - from);
    this.#model = model;
    this.#plan = columnSums ? plan : undefined;
  }

  get promptLength(): number {
    return this.tokens.length;
  }

  start(): void {
    const { backend, weights } = this.#model;
    if (this.#plan) this.#meter = startInputMeter(backend, this.#plan, weights);
  }

  /** Those after a token tell of the next. */
  wants(position: number): boolean {
    return position >= this.#from - 1 && position < this.tokens.length - 1;
  }

  take(position: number, logits: Float32Array): void {
    this.#logprobs[position + 1 - this.#from] = logprobOf(logits, this.tokens[position + 1]);
  }

  async finish(aborted: boolean): Promise<MeasureResult> {
    try {
      const columns = (await this.#meter?.take()) ?? new Map();
      return { kind: "measure", aborted, logprobs: this.#logprobs, columns };
    } finally {
      this.#model.backend.observeProducts(undefined);
    }
  }
}

/** The log-probability of one token. */
function logprobOf(logits: Float32Array, id: number): number {
  let max = logits[0];
  for (let i = 1; i < logits.length; i++) if (logits[i] > max) max = logits[i];
  return logits[id] - logSumExp(logits, max);
}
