// Log-likelihoods of given continuations of one context.
import { logSumExp } from "../exponential.ts";
import type { ScoreRequest, ScoreResult } from "../protocol.ts";
import { mostLikely } from "../sampler.ts";
import type { TokenLogprob } from "../types.ts";
import type { Job } from "./job.ts";

/** A token's log-probability, and whether it is the most likely one. */
interface TokenScore {
  readonly logprob: number;
  readonly isBest: boolean;
}

/** The text runs once; its last position tells of every last token that is asked about. */
export class Scoring implements Job {
  readonly kind = "score";
  readonly tokens: readonly number[];
  readonly isWhole = true;
  readonly alone = false;
  readonly reusable: number;
  readonly #lasts: readonly number[];
  readonly #shared: TokenScore[] = [];
  readonly #top: TokenLogprob[][] = [];
  readonly #heap: Int32Array;
  #ends: TokenScore[] = [];

  constructor({ tokens, from, lasts, top = 0 }: ScoreRequest) {
    this.tokens = Array.from(tokens);
    this.reusable = from;
    this.#lasts = Array.from(lasts);
    this.#heap = new Int32Array(top);
  }

  get promptLength(): number {
    return this.tokens.length;
  }

  wants(position: number): boolean {
    return position >= this.reusable;
  }

  take(position: number, logits: Float32Array): void {
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    const total = logSumExp(logits, logits[best]);
    const scoreOf = (id: number): TokenScore => ({
      logprob: logits[id] - total,
      isBest: logits[id] === logits[best],
    });
    const next = position + 1;
    this.#top[position - this.reusable] = mostLikely(logits, total, this.#heap.length, this.#heap);
    if (next === this.tokens.length) this.#ends = this.#lasts.map(scoreOf);
    else this.#shared[position - this.reusable] = scoreOf(this.tokens[next]);
  }

  finish(aborted: boolean): ScoreResult {
    return {
      kind: "score",
      aborted,
      logprobs: this.#ends.map((end) => Float64Array.from([...this.#shared, end], ({ logprob }) => logprob)),
      isGreedy: this.#ends.map((end) => [...this.#shared, end].every(({ isBest }) => isBest)),
      top: this.#top,
    };
  }
}
