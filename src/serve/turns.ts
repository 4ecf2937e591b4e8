// Turns of the event loop: of many requests that come at once, one begins in each.

/** Waits until the loop has turned, and others have had their turn. */
const nextTurn = (then: () => void): void => {
  if (typeof setImmediate === "function") setImmediate(then);
  else setTimeout(then, 0);
};

/** Resolves in a later turn of the loop: between, other requests are worked on. */
export const turned = (): Promise<void> => new Promise(nextTurn);

export class Turns {
  #taken = false;
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is the caller's turn: at once where nobody else has begun in this one. */
  async take(): Promise<void> {
    if (this.#taken) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    nextTurn(this.#next);
  }

  #next = (): void => {
    const begin = this.#waiting.shift();
    this.#taken = begin !== undefined;
    if (!begin) return;
    begin();
    nextTurn(this.#next);
  };
}
