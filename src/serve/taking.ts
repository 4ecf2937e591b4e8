// What one request's work takes, summed up until it is done.
import type { Taken } from "../store/usage.ts";
import { costOf, type Price, type TokenCounts } from "../upstream/price.ts";

export class Taking {
  readonly #price: Price | undefined;
  readonly #tokens = { prompt: 0, cached: 0, completion: 0 };
  readonly #timings = { promptMs: 0, generationMs: 0 };
  #end: (taken: Taken) => void = () => {};
  /** All of it, when the work is done. */
  readonly taken = new Promise<Taken>((resolve) => (this.#end = resolve));

  constructor(price: Price | undefined) {
    this.#price = price;
  }

  add({ prompt, cached = 0, completion = 0 }: TokenCounts, timings: Partial<Taken["timings"]> = {}): void {
    this.#tokens.prompt += prompt;
    this.#tokens.cached += cached;
    this.#tokens.completion += completion;
    this.#timings.promptMs += timings.promptMs ?? 0;
    this.#timings.generationMs += timings.generationMs ?? 0;
  }

  end(energy: Taken["energy"]): void {
    const tokens = this.#tokens;
    const price = this.#price;
    const cost = price && { amount: costOf(tokens, price), currency: price.currency };
    this.#end({ tokens, timings: this.#timings, energy, cost });
  }
}
