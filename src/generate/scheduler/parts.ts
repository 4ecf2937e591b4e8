// What one step is made of: rows of each request, and the runs of the forward pass that they are.
import type { AdapterUse, Run } from "../../tensor/backend.ts";
import type { Job } from "./job.ts";
import type { Place } from "./places.ts";
import type { InOrder } from "./turns.ts";

/** A request that waits. */
export interface Waiting extends InOrder {
  readonly id: number;
  readonly job: Job;
  readonly adapters: readonly AdapterUse[] | undefined;
  /** What the meaning of its pages depends on besides tokens. */
  readonly root: string;
}

/** A request that runs. */
export interface Active extends Waiting {
  readonly place: Place;
}

/** Rows of one step that belong to one request: so many of its known tokens, then guesses of what follows them. */
export interface Part {
  readonly active: Active;
  readonly rows: number;
  readonly guess: readonly number[];
  /** Whether they are of a prompt: they share what time answers leave. */
  readonly isPrompt: boolean;
}

/** Stands in a root before each adapter. */
const ADAPTER = "|";

/** The root of pages whose keys were turned so, with these adapters. */
export function rootOf(angles: string, adapters: readonly AdapterUse[] | undefined): string {
  if (!adapters) return angles;
  return angles + adapters.map(({ adapter, scale }) => `${ADAPTER}${adapter}*${scale}`).join("");
}

/** Whether pages of a root are of the bare model: an adapter's number means nothing to another engine. */
export function isBare(root: string): boolean {
  return !root.includes(ADAPTER);
}

/** Tokens of a request that have not run. */
export function pendingOf({ job, place }: Active): number {
  return job.tokens.length - place.sequence.tokens.length;
}

/** The tokens of all parts, and whose they are. */
export function toRuns(parts: readonly Part[]): { tokens: Int32Array; runs: Run[] } {
  const runs: Run[] = [];
  const tokens: number[] = [];
  for (const { active, rows, guess } of parts) {
    const { job, place, adapters } = active;
    const { sequence, slot } = place;
    const position = sequence.tokens.length;
    const all = rows + guess.length;
    const length = Math.max(job.promptLength, position + all);
    const pages = new Int32Array(sequence.pages);
    runs.push({
      sequence: { slot, pages },
      first: tokens.length,
      rows: all,
      position,
      length,
      second: job.second,
      adapters,
    });
    for (let i = position; i < position + rows; i++) tokens.push(job.tokens[i]);
    tokens.push(...guess);
  }
  return { tokens: new Int32Array(tokens), runs };
}
