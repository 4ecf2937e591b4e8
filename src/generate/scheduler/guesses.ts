// Guesses of one answer's next tokens, and how often they have been right (speculative decoding).

/** What the last guess counts for. */
const WEIGHT = 0.15;

/** How many guesses have run, and how many of them were right. */
export interface GuessCounts {
  readonly drafted: number;
  readonly accepted: number;
}

/** What makes guesses: a look at the text itself, or a draft model. */
export interface GuessSource {
  /** The chance of a guess before anything is known of this answer. */
  readonly firstChance: number;
  /** Milliseconds that a guess takes until it is made. */
  readonly cost: number;
  /** How many tokens it could guess after these, at most `most`. */
  reach(tokens: readonly number[], most: number): number;
  /** Guesses what follows these tokens: `count` tokens that will run. What it gives beyond them is only judged. */
  guess(tokens: readonly number[], count: number): readonly number[] | Promise<readonly number[]>;
  /** The tokens are others than they were. */
  clear(): void;
}

/** Whether a guess is worth running that is right with this chance, and takes so many milliseconds to make. */
export type Pays = (chance: number, cost: number) => boolean;

export class Guesses {
  readonly #source: GuessSource;
  readonly #counts = { drafted: 0, accepted: 0 };
  /** What was guessed last, the first for position #at; the first #running of them have run. */
  #guess: readonly number[] = [];
  #at = 0;
  #running = 0;
  /** The chance that a guess is right, where those before it were. */
  #chance: number;

  constructor(source: GuessSource) {
    this.#source = source;
    this.#chance = source.firstChance;
  }

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
   * pays  asked of one guess after another, before anything is awaited
   */
  async after(tokens: readonly number[], most: number, pays: Pays): Promise<readonly number[]> {
    const { cost } = this.#source;
    const reach = this.#source.reach(tokens, most);
    let count = 0;
    for (let chance = this.#chance; count < reach && pays(chance, cost); chance *= this.#chance) count++;
    this.#guess = await this.#source.guess(tokens, count);
    this.#at = tokens.length;
    this.#running = Math.min(count, this.#guess.length);
    this.#counts.drafted += this.#running;
    return this.#guess.slice(0, this.#running);
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
    this.#source.clear();
    this.#guess = [];
  }
}
