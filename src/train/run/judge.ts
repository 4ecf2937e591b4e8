// What says how good an answer is, and groups of answers that were judged.
import type { JudgedAnswer } from "../tasks/groups.ts";

/** What says how good an answer is. */
export interface Judge {
  /** What a row asks: a text or messages. Left out: its `prompt`. */
  prompt?(row: Readonly<Record<string, unknown>>): unknown;
  reward(row: Readonly<Record<string, unknown>>, answer: string): number | Promise<number>;
}

/** Answers of a step, and what is told of them in the log. */
export interface DrawnGroups {
  readonly answers: readonly JudgedAnswer[];
  readonly about: Readonly<Record<string, number | string>>;
}
