// Bounds on what a constraint may cost, counted in steps and states, and the errors that refuse.
import { BaimoError } from "../../errors.ts";

/** What compiling and running one constraint may cost. */
export interface ConstraintLimits {
  /** Characters of the schema (as JSON), the expression or the grammar. */
  specLength: number;
  /** Nesting of groups, of subschemas and of constant values. */
  depth: number;
  /** States of one finite automaton. */
  states: number;
  /** Alternatives of one value, after `anyOf`, `if` and their like are multiplied out. */
  alternatives: number;
  /** States built while compiling, all automata together: the measure of time. */
  steps: number;
  /** Ways in which one text may be read at the same time (an ambiguous grammar has many). */
  readings: number;
}

export const defaultLimits: ConstraintLimits = {
  specLength: 1 << 20,
  depth: 200,
  states: 100_000,
  alternatives: 512,
  steps: 3_000_000,
  readings: 2_000,
};

/** Counts the steps of one compilation. */
export class Budget {
  readonly limits: ConstraintLimits;
  #steps = 0;

  constructor(limits: ConstraintLimits) {
    this.limits = limits;
  }

  /** Whether more steps were asked for than there are. */
  get isSpent(): boolean {
    return this.#steps > this.limits.steps;
  }

  /** @throws {BaimoError} `request` when the steps are used up */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps <= this.limits.steps) return;
    throw new BaimoError(
      "request",
      `constraint: compiling takes more than ${this.limits.steps.toLocaleString("en")} steps; make it smaller`,
    );
  }

  /** @throws {BaimoError} `request` when one automaton has too many states */
  checkStates(states: number): void {
    if (states <= this.limits.states) return;
    throw new BaimoError(
      "request",
      `constraint: an automaton has more than ${this.limits.states.toLocaleString("en")} states; ` +
        "use smaller lengths or repetitions",
    );
  }
}

/** The error for a part of a schema that cannot be enforced; its option is the way there: "schema/items/pattern". */
export function refusal(pointer: string, keyword: string, reason: string, cause?: unknown): BaimoError {
  const option = keyword === "schema" ? `schema${pointer}` : `schema${pointer}/${keyword}`;
  return new BaimoError("request", `schema: "${keyword}" at "${pointer}": ${reason}`, { cause, option });
}
