// The queue of a model: calls that it works on, those that wait, and how many more may.
import { BaimoError } from "../errors.ts";

/** How busy a model is. */
export interface QueueState {
  /** Calls that it works on. */
  readonly active: number;
  readonly waiting: number;
  /** Most that may wait. */
  readonly limit: number;
}

/** Counts the calls of one model, so that no more wait than may. */
export class Queue implements QueueState {
  readonly limit: number;
  readonly #parallel: number;
  #calls = 0;

  /** parallel: calls that run at once */
  constructor(parallel: number, limit: number) {
    this.#parallel = parallel;
    this.limit = limit;
  }

  get active(): number {
    return Math.min(this.#calls, this.#parallel);
  }

  get waiting(): number {
    return this.#calls - this.active;
  }

  /** Takes a place for a call; returns what gives it back. @throws {BaimoError} `busy` where there is none */
  enter(): () => void {
    if (this.waiting >= this.limit && this.active === this.#parallel) {
      const text = `${this.limit} requests wait for this model already, as many as may; try again later`;
      throw new BaimoError("busy", text);
    }
    this.#calls++;
    let left = false;
    return () => {
      if (!left) this.#calls--;
      left = true;
    };
  }

  /**
   * `run` for a call that has many requests: twice as many at a time as run at once, so that the next is always at hand, and
   * those of other calls come between. Once one has failed, no other begins.
   */
  paced<A, R>(run: (request: A) => Promise<R>): (request: A) => Promise<R> {
    const next: (() => void)[] = [];
    let free = 2 * this.#parallel;
    return async (request) => {
      if (free > 0) free--;
      else await new Promise<void>((begin) => next.push(begin));
      const result = await run(request);
      const begin = next.shift();
      if (begin) begin();
      else free++;
      return result;
    };
  }
}
