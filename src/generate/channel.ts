// A channel: values pushed at any time, read in order by one consumer.

/** Ends when it is closed, after what was pushed before; with an error where it was closed with one. */
export class Channel<T> implements AsyncIterable<T> {
  #waiting: T[] = [];
  #closed = false;
  #error: unknown;
  #wake: () => void = () => {};

  push(value: T): void {
    if (this.#closed) return;
    this.#waiting.push(value);
    this.#wake();
  }

  close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const values = this.#waiting;
      this.#waiting = [];
      yield* values;
      if (this.#waiting.length > 0) continue;
      if (this.#closed) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
