// The final states of a text pooled to one, and what a classifier makes of it.
import type { Pooling } from "../../models/config/config.ts";
import { classify } from "../../models/forward/classify.ts";
import type { Transformer } from "../../models/forward/model.ts";
import type { ForwardOptions } from "../../models/forward/transformer.ts";
import type { EmbedRequest, EmbedResult } from "../protocol.ts";
import { HiddenStates } from "./hidden-states.ts";
import type { Job } from "./job.ts";

export class Embedding implements Job {
  readonly kind = "embed";
  readonly takes = "states";
  readonly tokens: readonly number[];
  readonly second?: number;
  readonly isWhole = true;
  readonly alone: boolean;
  readonly reusable: number;
  readonly watch?: (position: number) => ForwardOptions["onHidden"];
  readonly #model: Transformer;
  readonly #hidden?: HiddenStates;
  readonly #pooling: Pooling;
  /** The first position that counts. */
  readonly #first: number;
  /** Sums in double precision, in the order of positions: a mean does not depend on how the text was cut. */
  readonly #sum: Float64Array;

  constructor({ tokens, second, pooling, from, trace }: EmbedRequest, model: Transformer) {
    const { config } = model;
    this.tokens = Array.from(tokens);
    this.second = second;
    this.alone = trace;
    this.#model = model;
    this.#pooling = pooling;
    this.#first = { mean: from, last: tokens.length - 1, cls: 0 }[pooling];
    this.#sum = new Float64Array(config.embeddingSize);
    const isLast = pooling === "last" && !trace;
    // A text that runs whole finds nothing of itself in the cache.
    this.reusable = config.causal && isLast ? tokens.length - 1 : 0;
    if (!trace) return;
    const hidden = new HiddenStates(config, tokens.length);
    this.#hidden = hidden;
    this.watch = (position) => hidden.watch(position);
  }

  get promptLength(): number {
    return this.tokens.length;
  }

  wants(position: number): boolean {
    return this.#hidden !== undefined || this.#pools(position);
  }

  take(position: number, state: Float32Array): void {
    if (!this.#pools(position)) return;
    // A request that made room for others begins anew.
    if (position === this.#first) this.#sum.fill(0);
    for (let i = 0; i < state.length; i++) this.#sum[i] += state[i];
  }

  async finish(aborted: boolean): Promise<EmbedResult> {
    const { config, weights } = this.#model;
    const count = this.#pooling === "mean" ? this.tokens.length - this.#first : 1;
    const state = Float32Array.from(this.#sum, (sum) => sum / count);
    const hasScores = !aborted && config.classifier && weights.classifier;
    return {
      kind: "embed",
      aborted,
      state,
      scores: hasScores ? classify(config, weights.classifier, state) : new Float32Array(0),
      hidden: (await this.#hidden?.read()) ?? [],
    };
  }

  #pools(position: number): boolean {
    return this.#pooling === "mean" ? position >= this.#first : position === this.#first;
  }
}
