// Room for guesses in a step that is being composed.
import type { Pace } from "./pace.ts";

/** Rows of one step: those of known tokens, and guesses behind them as far as there is room and they pay. */
export class GuessRoom {
  readonly #pace: Pace;
  readonly #most: number;
  #rows: number;
  /** That the step is going to give. */
  #tokens: number;
  /** Milliseconds in which its guesses were made. */
  #spent = 0;

  /** known: rows that it has; most: rows that it may have */
  constructor(pace: Pace, known: number, most: number) {
    this.#pace = pace;
    this.#most = most;
    this.#rows = this.#tokens = known;
  }

  /** Takes one more guess in where it pays: one that is right with this chance, made in `cost` milliseconds. */
  add(chance: number, cost: number): boolean {
    const soFar = { rows: this.#rows, tokens: this.#tokens, spent: this.#spent };
    if (!this.#pace.pays(chance, cost, soFar) || !this.addAnyway()) return false;
    this.#tokens += chance;
    this.#spent += cost;
    return true;
  }

  /** The same whether it pays or not. */
  addAnyway(): boolean {
    if (this.#rows >= this.#most) return false;
    this.#rows++;
    return true;
  }
}
