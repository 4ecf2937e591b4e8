// What comes of a step: tokens join their sequences, and requests take what they want of it.
import { LOGIT_ROWS } from "../../models/forward/workspace.ts";
import type { AdapterUse, Run } from "../../tensor/backend.ts";
import type { LogitSummary } from "../logit-summary.ts";
import type { Calls } from "./calls.ts";
import type { Active, Part } from "./parts.ts";
import type { Places } from "./places.ts";

/** What `harvest` works with. */
export interface Field {
  readonly calls: Calls;
  readonly places: Places;
  /** What pages mean in a sequence of this length with these adapters. */
  rootOf(length: number, adapters: readonly AdapterUse[] | undefined): string;
  /** Whether a request still runs. */
  isActive(active: Active): boolean;
  /** Ends a request that cannot take what it asked for. */
  fail(active: Active, error: unknown): void;
}

const KINDS = ["logits", "states"] as const;
type Kind = (typeof KINDS)[number];

/** A row whose logits or states are wanted. */
interface Wanted {
  readonly active: Active;
  readonly position: number;
  readonly row: number;
  /** The token that ran there, where it was guessed. */
  readonly guess?: number;
}

/** Notes what has run, and gives every request the logits or states that it wants; those after a guess where it was right. */
export async function harvest(field: Field, parts: readonly Part[], runs: readonly Run[]): Promise<void> {
  const wanted: Record<Kind, Wanted[]> = { logits: [], states: [] };
  for (let i = 0; i < parts.length; i++) {
    noteKnown(field, parts[i], runs[i], wanted[parts[i].active.job.takes ?? "logits"]);
  }
  for (const kind of KINDS) {
    for (let from = 0; from < wanted[kind].length; from += LOGIT_ROWS)
      await give(field, kind, wanted[kind].slice(from, from + LOGIT_ROWS));
  }
}

/** Computes the logits or states of some rows, and hands each to its request. */
async function give(field: Field, kind: Kind, wanted: readonly Wanted[]): Promise<void> {
  const rows = new Int32Array(wanted.length);
  for (let i = 0; i < rows.length; i++) rows[i] = wanted[i].row;
  const values = await rowsOf(field.calls, kind, rows, wanted);
  for (let i = 0; i < wanted.length; i++) {
    const { active, position, guess } = wanted[i];
    if (!field.isActive(active)) continue;
    if (guess !== undefined && !keepGuess(field, active, position, guess)) continue;
    try {
      const value = values[i];
      if (value instanceof Float32Array) active.job.take(position, value);
      else active.job.takeSummary?.(position, value); // it has a wish
    } catch (error) {
      field.fail(active, error);
    }
  }
}

/** The logits of some rows, or what is enough of them, or their states. */
async function rowsOf(
  calls: Calls,
  kind: Kind,
  rows: Int32Array,
  wanted: readonly Wanted[],
): Promise<(Float32Array | LogitSummary)[]> {
  const watch = wanted[0].active.job.watch?.(wanted[0].position);
  if (kind === "logits" && !watch && calls.canSummarise) {
    const wishes = wanted.map(({ active }) => active.job.wish);
    if (wishes.some((wish) => wish !== undefined)) return calls.summaries(rows, wishes);
  }
  const values = await calls[kind](rows, watch);
  const width = values.length / rows.length;
  return wanted.map((_, i) => values.subarray(i * width, (i + 1) * width));
}

/** Tokens that were known have run: they join the sequence. Adds the rows of which something may be wanted. */
function noteKnown(
  { calls, places, rootOf }: Field,
  { active, rows, guess }: Part,
  run: Run,
  wanted: Wanted[],
): void {
  const { job, place, adapters, root } = active;
  const { first, position, length } = run;
  // Where a token sees its whole text, no other text has the same states.
  const isShared = calls.model.config.causal && rootOf(length, adapters) === root;
  places.append(place, job.tokens.slice(position, position + rows), isShared);
  const kept = places.keepState(place);
  if (kept !== undefined) calls.copyState(place.slot, kept);
  if (position < job.promptLength) job.onPrompt?.(position + rows, place.cached);
  for (let row = 0; row < rows; row++) {
    if (job.wants(position + row)) wanted.push({ active, position: position + row, row: first + row });
  }
  for (let i = 0; i < guess.length; i++) {
    wanted.push({ active, position: position + rows + i, row: first + rows + i, guess: guess[i] });
  }
}

/** A guess that was right joins its sequence; what a wrong one left behind it is written over. */
function keepGuess({ places }: Field, { job, place }: Active, position: number, guess: number): boolean {
  const isRight = !job.isWhole && place.sequence.tokens.length === position && job.tokens[position] === guess;
  if (isRight) places.append(place, [guess], true);
  return isRight;
}
