// What a step takes: how many tokens of prompts may run beside answers, and which guesses pay.

/** A step with prompts may take so many times as long as one without. */
const SLOWEST = 2.6;
/** Rows of prompts beside answers while nothing is known. */
const FIRST_ROWS = 8;
/** Fewer are not worth a step. */
const LEAST_ROWS = 4;
/** What the last measurement counts for. */
const WEIGHT = 0.25;

/** A guess must promise so much more than it takes: steps are not measured to the per cent. */
const MARGIN = 1.15;

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

  /** Whether one more row pays that gives a token with this chance, in a step of so many rows that gives so many tokens. */
  pays(chance: number, rows: number, tokens: number): boolean {
    if (this.#first === undefined || this.#more === undefined) return false;
    return chance * (this.#first + (rows - 1) * this.#more) > MARGIN * tokens * this.#more;
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
