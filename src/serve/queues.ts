// Places at the models: how many requests may wait for each, and how many do.
import type { Model } from "../generate/types.ts";
import { once } from "./once.ts";
import { Problem } from "./problem.ts";

/** Counts the requests of each model, so that no more wait than agreed. */
export class Queues {
  readonly #maxWaiting: number;
  readonly #pending = new Map<Model, number>();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** Takes a place; returns the function that gives it back. @throws {Problem} 429 where there is none */
  enter(model: Model): () => void {
    const before = this.#pending.get(model) ?? 0;
    if (before > this.#maxWaiting) {
      throw new Problem(429, `${this.#maxWaiting} requests wait for this model already; try again later`, {
        type: "rate_limit_error",
        code: "queue_full",
        headers: { "retry-after": "2" },
      });
    }
    this.#pending.set(model, before + 1);
    return once(() => {
      const after = this.#pending.get(model)! - 1;
      if (after > 0) this.#pending.set(model, after);
      else this.#pending.delete(model);
    });
  }

  count(): { active: number; waiting: number } {
    const counts = [...this.#pending.values()];
    const total = counts.reduce((sum, count) => sum + count, 0);
    return { active: counts.length, waiting: total - counts.length };
  }
}
