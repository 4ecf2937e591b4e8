// What one rendering may spend: steps, memory, output and depth, so that no template hangs.

import { BaimoError } from "../../../errors.ts";

/** The bounds of one rendering. */
export interface TemplateLimits {
  /** Loop iterations, calls and values looked at. Default 5,000,000. */
  steps?: number;
  /** Characters made on the way, in all; an element of a list counts as 16. Default 128 Mi. */
  memory?: number;
  /** Characters of the rendered text. Default 64 Mi. */
  output?: number;
  /** Calls of macros, blocks and recursive loops within one another. Default 200. */
  depth?: number;
}

/** Counts down what is left; every method throws `BaimoError("request")` when it is used up. */
export class Budget {
  readonly #limits: Required<TemplateLimits>;
  #steps = 0;
  #memory = 0;
  #depth = 0;

  constructor(limits: TemplateLimits = {}) {
    this.#limits = {
      steps: limits.steps ?? 5_000_000,
      memory: limits.memory ?? 128 * 2 ** 20,
      output: limits.output ?? 64 * 2 ** 20,
      depth: limits.depth ?? 200,
    };
  }

  /** Work that is proportional to `count`. */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) this.#refuse("steps", "runs too long", this.#limits.steps);
  }

  /** Characters that are about to be made; call it before making them. */
  make(count: number): void {
    this.#memory += count;
    if (!(this.#memory <= this.#limits.memory)) {
      this.#refuse("memory", "makes too much", this.#limits.memory);
    }
  }

  /** Elements of lists that are about to be made. */
  hold(count: number): void {
    this.make(count * 16);
  }

  /** Characters that are looked through, which is cheaper than making them. */
  read(count: number): void {
    if (count > 64) this.make(count >> 3);
  }

  /** The length of the output so far. */
  output(length: number): void {
    if (length > this.#limits.output) this.#refuse("output", "writes too much", this.#limits.output);
  }

  /** One call deeper; `leave` afterwards. */
  enter(): void {
    if (++this.#depth > this.#limits.depth) this.#refuse("depth", "nests too deep", this.#limits.depth);
    this.step();
  }

  leave(): void {
    this.#depth--;
  }

  #refuse(name: keyof TemplateLimits, what: string, limit: number): never {
    throw new BaimoError(
      "request",
      `the chat template ${what}: more than ${limit.toLocaleString("en")} (the limit "${name}")`,
    );
  }
}
