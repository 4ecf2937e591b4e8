// What the server tells of evaluations.
import { ask } from "../store/ask.ts";
import type { Handle } from "../talk/client.ts";

/** A run. */
export interface Run {
  id: string;
  model: string;
  task: string;
  tasks: string[];
  limit: number | null;
  state: "running" | "done" | "stopped" | "failed";
  done: number;
  total: number;
  problem: string | null;
  created: number;
}

/** A model's score on a task. */
export interface Cell {
  model: string;
  /** Null where documents failed: it lies in `range`, or is withheld. */
  score: number | null;
  interval: [number, number] | null;
  range?: [number, number];
  n: number;
  failed: number;
  ranks: [number, number];
  notExtracted: number;
  extractionsDiffer?: number;
  seconds?: number;
  cost?: { amount: number; currency: string };
}

/** A task on the board. */
export interface Row {
  task: string;
  alias: string;
  metric: string;
  filter: string;
  asked: "PPL" | "generation" | "circular";
  lessIsBetter: boolean;
  cells: Cell[];
}

/** A document with what was asked and answered. */
export interface ShownDocument {
  id: number;
  asked: string[];
  answers: string[];
  target: string;
  scores: Record<string, string>;
  /** Why it has no answer. */
  failed?: string;
}

/** What two prompts share, or what each has in its place. */
export type Stretch = { same: string } | { a: string; b: string };

type Reason = "prompt" | "answer" | "extraction" | "tie";

/** A task in two runs. */
export interface Compared {
  task: string;
  metric: string;
  filter: string;
  pairs: number;
  failed: number;
  ends?: [number, number];
  a: number;
  b: number;
  difference: number;
  interval: [number, number];
  holm: number;
  least: number;
  changes: Record<Reason, number[]>;
  otherPrompts: number;
  promptDifferences: { document: number; documents: number; stretches: Stretch[] }[];
}

/** Two runs. */
export interface Comparison {
  tasks: Compared[];
  /** Documents with another score. */
  changed: number;
  settings: { setting: string; a: unknown; b: unknown; explains: number }[];
}

/** The routes. */
export const evaluationsOf = (handle: Handle) => ({
  list: () => ask<{ runs: Run[]; suites: { name: string; kind: string }[] }>(handle, "GET", "evaluations"),
  start: (body: { model: string; task: string; limit?: number }) =>
    ask<Run>(handle, "POST", "evaluations", body),
  stop: (id: string) => ask<object>(handle, "DELETE", `evaluations/${id}`),
  board: () => ask<{ models: string[]; rows: Row[] }>(handle, "GET", "evaluations/board"),
  documents: (run: string, task: string, from: number) =>
    ask<{ total: number; documents: ShownDocument[] }>(
      handle,
      "GET",
      `evaluations/documents?${new URLSearchParams({ run, task, from: String(from) })}`,
    ),
  compare: (a: string, b: string) =>
    ask<Comparison>(handle, "GET", `evaluations/comparison?${new URLSearchParams({ a, b })}`),
});
