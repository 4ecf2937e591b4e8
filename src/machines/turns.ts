// Turns: so many at a time under one name, the others in the order in which they came.

export class Turns {
  readonly #running = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  async take<T>(name: string, limit: number, run: () => Promise<T>): Promise<T> {
    while ((this.#running.get(name) ?? 0) >= limit) await this.#wait(name);
    this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
    try {
      return await run();
    } finally {
      const left = (this.#running.get(name) ?? 1) - 1;
      if (left > 0) this.#running.set(name, left);
      else this.#running.delete(name);
      this.#waiting.get(name)?.shift()?.();
    }
  }

  #wait(name: string): Promise<void> {
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, waiting);
    return new Promise((resolve) => waiting.push(resolve));
  }
}
