// Guesses of one answer's next tokens, and how often they have been right (speculative decoding).
import { LookUp } from "./look-up.ts";

/** The chance of a guess before anything is known of this answer. */
const FIRST_CHANCE = 0.3;
/** What the last guess counts for. */
const WEIGHT = 0.15;

/** How many guesses have run, and how many of them were right. */
export interface GuessCounts {
  readonly drafted: number;
  readonly accepted: number;
}

export class Guesses {
  readonly #lookUp = new LookUp();
  readonly #counts = { drafted: 0, accepted: 0 };
  /** What was guessed last, the first for position #at; the first #running of them have run. */
  #guess: readonly number[] = [];
  #at = 0;
  #running = 0;
  /** The chance that a guess is right, where those before it were. */
  #chance = FIRST_CHANCE;

  get chance(): number {
    return this.#chance;
  }

  get counts(): GuessCounts {
    return this.#counts;
  }

  /**
   * Guesses of what follows these tokens that are worth running.
   *
   * most  so many at most
   * pays  asked of one guess after another: whether it is worth running where it is right with this chance
   */
  after(tokens: readonly number[], most: number, pays: (chance: number) => boolean): readonly number[] {
    // One guess at least: it is judged though it does not run.
    this.#guess = this.#lookUp.guess(tokens, Math.max(1, most));
    this.#at = tokens.length;
    const count = Math.min(most, this.#guess.length);
    let running = 0;
    for (let chance = this.#chance; running < count && pays(chance); chance *= this.#chance) running++;
    this.#running = running;
    this.#counts.drafted += running;
    return this.#guess.slice(0, running);
  }

  /** Notes the token that has come at a position: guesses are judged whether they have run or not. */
  note(position: number, token: number): void {
    const place = position - this.#at;
    if (!(place < this.#guess.length)) return;
    const isRight = this.#guess[place] === token;
    this.#chance += WEIGHT * (Number(isRight) - this.#chance);
    if (isRight && place < this.#running) this.#counts.accepted++;
    if (!isRight) this.#guess = [];
  }

  /** The tokens are others than they were. */
  clear(): void {
    this.#lookUp.clear();
    this.#guess = [];
  }
}
