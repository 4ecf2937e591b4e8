// The state of one rendering: what it may spend, what it has written, where it stands.

import { Budget, type TemplateLimits } from "./budget.ts";

/** A stretch of the output in UTF-16 units: [start, end). */
export type Span = [start: number, end: number];

/** What all parts of a rendering share. */
export class Runtime {
  readonly budget: Budget;
  /** What is written and not captured, or what the innermost capture has so far. */
  #out = "";
  /** What was written around each capture that is open. */
  readonly #around: string[] = [];
  /** The line of the template that runs. */
  line = 1;
  /** Whether what is printed is escaped for HTML. */
  autoescape = false;
  /** Where the texts of generation blocks stand. */
  readonly generations: Span[] = [];
  /** Whether anything done with what is undefined is an error, printing it, too (StrictUndefined). */
  readonly strict: boolean;

  constructor(limits: TemplateLimits | undefined, strict = false) {
    this.budget = new Budget(limits);
    this.strict = strict;
  }

  /** What has been written. */
  get out(): string {
    return this.#out;
  }

  write(text: string): void {
    this.#out += text;
    this.budget.output(this.#out.length);
  }

  /** Begins to capture what is written; `endCapture` gives it. */
  capture(): void {
    this.#around.push(this.#out);
    this.#out = "";
  }

  endCapture(): string {
    const text = this.#out;
    this.budget.make(text.length);
    this.#out = this.#around.pop() as string;
    return text;
  }

  /** How many captures are open, to return to with `abandon`. */
  get depth(): number {
    return this.#around.length;
  }

  /** Drops captures that a break or continue left. */
  abandon(depth: number): void {
    while (this.#around.length > depth) this.endCapture();
  }

  /** How much is written outside of all captures. */
  get written(): number {
    return (this.#around[0] ?? this.#out).length;
  }
}
