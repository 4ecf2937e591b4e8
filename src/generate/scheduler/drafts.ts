// Guesses of a draft model: an engine of its own, which is asked over the main thread.
import type { FromWorker } from "../protocol.ts";
import type { GuessSource } from "./guesses.ts";

/** A draft that is further behind reads before it guesses, so that a guess costs what a guess costs. */
const NEAR = 16;
/** Tokens that it reads between two steps: others wait for it. */
const READ_TOKENS = 64;
/** Where drafting does not pay, it is tried again after so many tokens, then after twice as many, and so on. */
const TRY_AFTER = 8;
/** Tokens guessed in a try, which are judged and do not run. */
const TRY_TOKENS = 4;
/** What the last measurement counts for. */
const WEIGHT = 0.25;

/** All that is asked of the draft by one scheduler. */
export class Drafts {
  readonly #emit: (message: FromWorker) => void;
  readonly #open = new Map<number, (tokens: readonly number[] | undefined) => void>();
  #asked = 0;
  /** Of the questions that are open together: when the first began, and how many guesses they are for. */
  #round = { began: 0, guesses: 0, reads: false };
  /** Milliseconds of a guess, as they come: those of one round share its time. The first guesses, by cold code, do not count. */
  cost = 0;
  #isWarm = false;

  constructor(emit: (message: FromWorker) => void) {
    this.#emit = emit;
  }

  /** So many tokens after these, none where it only reads; undefined where the draft cannot answer. */
  ask(tokens: readonly number[], count: number): Promise<readonly number[] | undefined> {
    const round =
      this.#open.size === 0 ? { began: performance.now(), guesses: 0, reads: false } : this.#round;
    this.#round = round;
    round.guesses += count;
    round.reads ||= count === 0;
    const ask = this.#asked++;
    this.#emit({ type: "ask-draft", ask, tokens: Int32Array.from(tokens), count });
    return new Promise((resolve) => this.#open.set(ask, resolve));
  }

  /** Takes an answer. */
  answer(ask: number, tokens: readonly number[] | undefined): void {
    const resolve = this.#open.get(ask);
    this.#open.delete(ask);
    const { began, guesses, reads } = this.#round;
    if (this.#open.size === 0 && !reads) {
      const seen = (performance.now() - began) / guesses;
      if (this.#isWarm) this.cost = this.cost === 0 ? seen : this.cost + WEIGHT * (seen - this.cost);
      this.#isWarm = true;
    }
    resolve?.(tokens);
  }
}

/** One answer's guesses of the draft. */
export class Draft implements GuessSource {
  readonly firstChance = 0.7;
  readonly #drafts: Drafts;
  /** Tokens that the draft has read. */
  #read = 0;
  #isLost = false;
  /** When it is tried again, in tokens of the text, and after how many more. */
  #tryAt = 0;
  #tryAfter = TRY_AFTER;

  constructor(drafts: Drafts) {
    this.#drafts = drafts;
  }

  get cost(): number {
    return this.#drafts.cost;
  }

  reach(tokens: readonly number[], most: number): number {
    return this.#isLost || this.#isBehind(tokens) ? 0 : most;
  }

  async guess(tokens: readonly number[], count: number): Promise<readonly number[]> {
    if (this.#isLost) return [];
    if (count > 0) {
      this.#tryAfter = TRY_AFTER;
      this.#tryAt = tokens.length + TRY_AFTER;
      return this.#ask(tokens, count);
    }
    if (tokens.length < this.#tryAt) return [];
    if (this.#isBehind(tokens)) {
      await this.#ask(tokens.slice(0, this.#read + READ_TOKENS), 0);
      return [];
    }
    this.#tryAfter *= 2;
    this.#tryAt = tokens.length + this.#tryAfter;
    return this.#ask(tokens, TRY_TOKENS);
  }

  #isBehind(tokens: readonly number[]): boolean {
    return tokens.length - this.#read > NEAR;
  }

  async #ask(tokens: readonly number[], count: number): Promise<readonly number[]> {
    const answer = await this.#drafts.ask(tokens, count);
    if (answer) this.#read = tokens.length;
    else this.#isLost = true;
    return answer ?? [];
  }

  clear(): void {
    this.#read = 0;
    this.#tryAt = 0;
  }
}
