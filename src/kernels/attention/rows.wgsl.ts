// What shaders are told of the rows of a call: which sequence each belongs to, and where it stands.
import type { RowSpan, Run } from "../../tensor/backend.ts";
import { NONE } from "../module/wgsl.ts";

/** Words of a row: where its sequence's page numbers begin (NONE: it has no part in the call), its position, the sequence's length. */
export const ROW_WORDS = 3;
/** Words of a run: first row, rows, position, slot. */
export const RUN_WORDS = 4;

/** The rows from the first to the last of some runs. */
export function spanOf(runs: readonly Run[]): RowSpan {
  let [first, end] = [Number.POSITIVE_INFINITY, 0];
  for (const run of runs) {
    first = Math.min(first, run.first);
    end = Math.max(end, run.first + run.rows);
  }
  return runs.length > 0 ? { first, rows: end - first } : { first: 0, rows: 0 };
}

/** The words that tell of the rows of some runs: rows of their span, then page numbers; they are put at word `at`. */
export function describeRows(runs: readonly Run[], at: number): Uint32Array<ArrayBuffer> {
  const span = spanOf(runs);
  const pages = runs.reduce((sum, { sequence }) => sum + sequence.pages.length, 0);
  const words = new Uint32Array(span.rows * ROW_WORDS + pages);
  for (let row = 0; row < span.rows; row++) words[row * ROW_WORDS] = NONE;
  let end = span.rows * ROW_WORDS;
  for (const { first, rows, position, length, sequence } of runs) {
    words.set(sequence.pages, end);
    for (let i = 0; i < rows; i++) {
      const to = (first - span.first + i) * ROW_WORDS;
      words[to] = at + end;
      words[to + 1] = position + i;
      words[to + 2] = length;
    }
    end += sequence.pages.length;
  }
  return words;
}

/** The words that tell of runs. */
export function describeRuns(runs: readonly Run[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(
    runs.flatMap(({ first, rows, position, sequence }) => [first, rows, position, sequence.slot]),
  );
}
