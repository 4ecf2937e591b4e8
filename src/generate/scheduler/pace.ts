// How many tokens of prompts may run beside tokens of answers, so that these do not wait long.

/** A step with prompts may take so many times as long as one without. */
const SLOWEST = 2.6;
/** Rows of prompts beside answers while nothing is known. */
const FIRST_ROWS = 8;
/** Fewer are not worth a step. */
const LEAST_ROWS = 4;
/** What the last measurement counts for. */
const WEIGHT = 0.25;

/** Learns what a step takes: so much for one row, and for each row more. Results do not depend on it (DESIGN D4). */
export class Pace {
  /** Milliseconds of a step of one row. */
  #first: number | undefined;
  /** Milliseconds that a further row adds. */
  #more: number | undefined;

  /** Rows of prompts for a step that has so many rows of answers. */
  promptRows(answers: number): number {
    if (this.#first === undefined || this.#more === undefined) return FIRST_ROWS;
    const usual = this.#first + (answers - 1) * this.#more;
    return Math.max(LEAST_ROWS, Math.floor(((SLOWEST - 1) * usual) / this.#more));
  }

  /** Notes what a step took. */
  note(milliseconds: number, rows: number): void {
    if (rows === 1) this.#first = mix(this.#first, milliseconds);
    else this.#more = mix(this.#more, Math.max(0.001, milliseconds - (this.#first ?? 0)) / (rows - 1));
  }
}

function mix(known: number | undefined, seen: number): number {
  return known === undefined ? seen : known + WEIGHT * (seen - known);
}
