// What a step takes: how many tokens of prompts may run beside answers, and which guesses pay.

/** A step with prompts may take so many times as long as one without: below 3, and rows are whole, which takes a part of it again. */
const SLOWEST = 2.97;
/** After so many steps with prompts two run without: a long prompt outlasts what was known of the usual step. */
const LOOK_AGAIN = 64;
/** Rows of prompts beside answers while nothing is known. */
const FIRST_ROWS = 8;
/** Fewer are not worth a step. */
const LEAST_ROWS = 4;
/** What the last measurement counts for, and one of a usual step: those are rare beside a long prompt, and the shorter of two. */
const WEIGHT = 0.25;
const USUAL_WEIGHT = 0.5;

/** A guess must promise so much more than it takes: steps are not measured to the per cent. */
const MARGIN = 1.15;

/** A step that is being composed: its rows of answers, the tokens that they give, milliseconds in which guesses were made. */
export interface StepSoFar {
  readonly rows: number;
  readonly tokens: number;
  readonly spent: number;
}

/** Learns what steps take. Rows of answers cost more than those of prompts: each has its logits. Results do not depend on it (DESIGN D4). */
export class Pace {
  /** Milliseconds of a step without prompts, by its rows. */
  readonly #answers: number[] = [];
  /** The same as a line. */
  readonly #line = new Line();
  /** Milliseconds that a row of a prompt adds. */
  #prompt: number | undefined;
  /** The step before, where it had no prompts. */
  #before: { readonly answers: number; readonly milliseconds: number } | undefined;
  /** Steps of answers with prompts since two in a row were without. */
  #shared = 0;

  /** Rows of prompts for a step that has so many rows of answers: none where it is time to look what one without takes. */
  promptRows(answers: number): number {
    if (this.#shared >= LOOK_AGAIN) return 0;
    const usual = this.#usual(answers);
    if (usual === undefined || this.#prompt === undefined) return FIRST_ROWS;
    return Math.max(LEAST_ROWS, Math.floor(((SLOWEST - 1) * usual) / this.#prompt));
  }

  /** Whether one more guess pays, in a step that gives so many tokens: a row, and `cost` milliseconds in which it is made. */
  pays(chance: number, cost: number, { rows, tokens, spent }: StepSoFar): boolean {
    const { slope } = this.#line;
    // What a row adds is learnt from a step that has one more.
    if (slope === undefined) return rows === tokens;
    const more = Math.max(0.001, slope);
    return chance * (this.#line.at(rows) + spent) > MARGIN * tokens * (more + cost);
  }

  /** Notes what a step took that had so many rows of answers, with guesses, and of prompts. */
  note(milliseconds: number, answers: number, prompts: number): void {
    const before = this.#before;
    this.#before = undefined;
    if (prompts > 0) {
      if (answers > 0) this.#shared++;
      const usual = answers === 0 ? 0 : this.#usual(answers);
      if (usual === undefined) return;
      this.#prompt = mix(this.#prompt, Math.max(0.001, milliseconds - usual) / prompts);
      return;
    }
    this.#line.add(answers, milliseconds);
    this.#before = { answers, milliseconds };
    if (before) this.#shared = 0;
    // The shorter of two: what else a machine does now and then is not the step's.
    if (before?.answers === answers) {
      const shorter = Math.min(milliseconds, before.milliseconds);
      this.#answers[answers] = mix(this.#answers[answers], shorter, USUAL_WEIGHT);
    } else this.#answers[answers] ??= milliseconds;
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

/** What a point still counts for when another has come. */
const DECAY = 0.95;
/** What is left of the spread of one point beside others after some twenty more. */
const LEAST_SPREAD = 0.017;

/** A line through points, of which the last count most. */
class Line {
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #isEmpty = true;

  add(x: number, y: number): void {
    if (this.#isEmpty) [this.#x, this.#y, this.#isEmpty] = [x, y, false];
    const weight = 1 - DECAY;
    const [dx, dy] = [x - this.#x, y - this.#y];
    this.#x += weight * dx;
    this.#y += weight * dy;
    this.#xx = DECAY * (this.#xx + weight * dx * dx);
    this.#xy = DECAY * (this.#xy + weight * dx * dy);
  }

  /** Undefined where the last points, some twenty, have the same x. */
  get slope(): number | undefined {
    return this.#xx > LEAST_SPREAD ? this.#xy / this.#xx : undefined;
  }

  at(x: number): number {
    return this.#y + (this.slope ?? 0) * (x - this.#x);
  }
}

function mix(known: number | undefined, seen: number, weight = WEIGHT): number {
  return known === undefined ? seen : known + weight * (seen - known);
}
