// How many tokens of prompts may run beside tokens of answers, so that these do not wait long.

/** A step with prompts may take so many times as long as one without. */
const SLOWEST = 2.6;
/** Rows of prompts in the first such step, when nothing is known. */
const FIRST_ROWS = 8;
/** Fewer are not worth a step. */
const LEAST_ROWS = 4;
/** What the last measurement counts for. */
const WEIGHT = 0.25;

/** Learns from the time that steps take. Results do not depend on it (DESIGN D4). */
export class Pace {
  /** Milliseconds of a step without prompts. */
  #answers: number | undefined;
  /** Milliseconds that a row of a prompt adds. */
  #row: number | undefined;

  /** Rows of prompts for the next step, beside at least one row of an answer. */
  get promptRows(): number {
    if (this.#answers === undefined || this.#row === undefined) return FIRST_ROWS;
    return Math.max(LEAST_ROWS, Math.floor(((SLOWEST - 1) * this.#answers) / this.#row));
  }

  /** Notes what a step took. */
  note(milliseconds: number, rows: { readonly answers: number; readonly prompts: number }): void {
    if (rows.prompts === 0) {
      this.#answers = mix(this.#answers, milliseconds);
    } else {
      const alone = rows.answers > 0 ? (this.#answers ?? 0) : 0;
      this.#row = mix(this.#row, Math.max(0.001, milliseconds - alone) / rows.prompts);
    }
  }
}

function mix(known: number | undefined, seen: number): number {
  return known === undefined ? seen : known + WEIGHT * (seen - known);
}
