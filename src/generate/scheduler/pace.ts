// What a step takes: how many tokens of prompts may run beside answers, and which guesses pay.

/** A step with prompts may take so many times as long as one without. */
const SLOWEST = 2.75;
/** Rows of prompts beside answers while nothing is known. */
const FIRST_ROWS = 8;
/** Fewer are not worth a step. */
const LEAST_ROWS = 4;
/** What the last measurement counts for. */
const WEIGHT = 0.25;

/** A guess must promise so much more than it takes: steps are not measured to the per cent. */
const MARGIN = 1.15;

/** Learns what steps take. Rows of answers cost more than those of prompts: each has its logits. Results do not depend on it (DESIGN D4). */
export class Pace {
  /** Milliseconds of a step without prompts, by its rows. */
  readonly #answers: number[] = [];
  /** Milliseconds that a further row of it adds. */
  #more: number | undefined;
  /** Milliseconds that a row of a prompt adds. */
  #prompt: number | undefined;

  /** Rows of prompts for a step that has so many rows of answers. */
  promptRows(answers: number): number {
    const usual = this.#usual(answers);
    if (usual === undefined || this.#prompt === undefined) return FIRST_ROWS;
    return Math.max(LEAST_ROWS, Math.floor(((SLOWEST - 1) * usual) / this.#prompt));
  }

  /** Whether one more row pays that gives a token with this chance, in a step of so many rows that gives so many tokens. */
  pays(chance: number, rows: number, tokens: number): boolean {
    const first = this.#answers[1];
    if (first === undefined || this.#more === undefined) return false;
    return chance * (first + (rows - 1) * this.#more) > MARGIN * tokens * this.#more;
  }

  /** Notes what a step took that had so many rows of answers, with guesses, and of prompts. */
  note(milliseconds: number, answers: number, prompts: number): void {
    if (prompts > 0) {
      const usual = answers === 0 ? 0 : this.#usual(answers);
      if (usual === undefined) return;
      this.#prompt = mix(this.#prompt, Math.max(0.001, milliseconds - usual) / prompts);
      return;
    }
    this.#answers[answers] = mix(this.#answers[answers], milliseconds);
    const first = this.#answers[1] ?? 0;
    if (answers > 1) this.#more = mix(this.#more, Math.max(0.001, milliseconds - first) / (answers - 1));
  }

  /** What a step of so many rows of answers takes, or the one that has come nearest to it. */
  #usual(rows: number): number | undefined {
    for (let off = 0; off < rows || off < this.#answers.length; off++) {
      const near = this.#answers[rows - off] ?? this.#answers[rows + off];
      if (near !== undefined) return near;
    }
    return undefined;
  }
}

function mix(known: number | undefined, seen: number): number {
  return known === undefined ? seen : known + WEIGHT * (seen - known);
}
