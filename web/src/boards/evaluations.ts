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
  score: number;
  interval: [number, number];
  n: number;
  ranks: [number, number];
  notExtracted: number;
}

/** A task on the board. */
export interface Row {
  task: string;
  alias: string;
  metric: string;
  filter: string;
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
}

type Reason = "prompt" | "answer" | "extraction" | "tie";

/** A task in two runs. */
export interface Compared {
  task: string;
  metric: string;
  filter: string;
  pairs: number;
  a: number;
  b: number;
  difference: number;
  interval: [number, number];
  holm: number;
  least: number;
  changes: Record<Reason, number[]>;
}

/** Two runs. */
export interface Comparison {
  tasks: Compared[];
  settings: { setting: string; a: unknown; b: unknown }[];
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
