// Turns of the event loop: of much that comes at once, a little begins in each.

/** Waits until the loop has turned, and others have had their turn. */
const nextTurn = (then: () => void): void => {
  if (typeof setImmediate === "function") setImmediate(then);
  else setTimeout(then, 0);
};

/** Resolves in a later turn of the loop: between, other requests are worked on. */
export const turned = (): Promise<void> => new Promise(nextTurn);

/** So many begin in each turn, in the order of their coming. Few wait for nothing. */
export class Turns {
  readonly #each: number;
  /** How many have begun in this turn; what waits is for those to come. */
  #begun = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(each = 1) {
    this.#each = each;
  }

  /** Calls `begin` at once, or in the turn that it comes to. */
  run(begin: () => void): void {
    if (this.#begun === this.#each) {
      this.#waiting.push(begin);
      return;
    }
    if (this.#begun++ === 0) nextTurn(this.#next);
    begin();
  }

  /** Resolves when it is the caller's turn. */
  take(): Promise<void> {
    return new Promise((resolve) => this.run(resolve));
  }

  #next = (): void => {
    const begins = this.#waiting.splice(0, this.#each);
    this.#begun = begins.length;
    if (this.#begun > 0) nextTurn(this.#next);
    for (const begin of begins) begin();
  };
}
