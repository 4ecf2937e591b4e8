// Work as the application tells of it: tasks, plans, runs, the rows behind a figure.
import { ask } from "../store/ask.ts";
import type { Handle } from "../talk/client.ts";

/** A JSON Schema, as far as a field needs it. */
export interface Parameter {
  type?: string;
  enum?: string[];
  pattern?: string;
  description?: string;
}

export interface SavedTask {
  name: string;
  parameters: Record<string, Parameter>;
}

export interface RunSummary {
  id: string;
  state: RunState;
  created: number;
  request: string | null;
}

export interface Work {
  role: string | null;
  tasks: SavedTask[];
  runs: RunSummary[];
}

export type RunState = "running" | "waiting" | "done" | "failed";

export interface TaskNode {
  id: string;
  tool: string;
  args: Record<string, unknown>;
  after: string[];
}

export interface Task {
  nodes: TaskNode[];
}

export type Proposal =
  | { verdict: "plan"; task: Task; order: string[]; costFen: number; writes: string[] }
  | { verdict: "clarify"; missing: string; candidates: Record<string, unknown>[] }
  | { verdict: "refuse"; reason: string };

/** What a figure follows from; its fields depend on `kind`. */
export interface Evidence {
  kind: "sql" | "write" | "http" | "model" | "step";
  node: string;
  [field: string]: unknown;
}

export interface Fact {
  key: string;
  value: unknown;
  unit: string;
  node: string;
  evidence: Evidence[];
}

/** Plain words, or words that say what a fact or a calculation over facts gives, or a fact's name. */
export type Part = string | { text: string; from: string } | { text: string; label: string };

export interface Report {
  level: string;
  sentences: { parts: Part[]; steps: { found: string; from: string; step: string }[] }[];
  blocked: { problems: { found: string; reason: string }[] }[];
  facts: Fact[];
  missing: string[];
  failures: { node: string; message: string }[];
  dropped: { node: string; pointer: string }[];
  flagged: { node: string; pointer: string }[];
}

export interface Approval {
  node: string;
  argumentsSha256: string;
  shown: { sql?: string; parameters?: unknown[]; rows?: Record<string, unknown>[] } & Record<string, unknown>;
  expires: number;
}

export interface Run {
  id: string;
  state: RunState;
  created: number;
  request?: string;
  nodes: (TaskNode & {
    state: "waiting" | "running" | "done" | "failed";
    evidence: Evidence[];
    problem?: string;
  })[];
  approvals: Approval[];
  report?: Report;
}

export interface Rows {
  rows: Record<string, unknown>[];
  count: number;
  keys: Record<string, unknown>[];
  keyCount: number;
}

export const findWork = (handle: Handle) => ask<Work>(handle, "GET", "work");

export const propose = (handle: Handle, wish: object) => ask<Proposal>(handle, "POST", "work/plans", wish);

export const begin = async (handle: Handle, order: object) =>
  (await ask<{ run: Run }>(handle, "POST", "work/runs", order)).run;

export const look = async (handle: Handle, id: string) =>
  (await ask<{ run: Run }>(handle, "GET", `work/runs/${id}`)).run;

export const decide = async (
  handle: Handle,
  id: string,
  { node, argumentsSha256 }: Approval,
  approve: boolean,
) =>
  (await ask<{ run: Run }>(handle, "POST", `work/runs/${id}/decisions`, { node, argumentsSha256, approve }))
    .run;

export const findRows = (handle: Handle, id: string, fact: string, evidence: number) =>
  ask<Rows>(handle, "GET", `work/runs/${id}/rows?fact=${encodeURIComponent(fact)}&evidence=${evidence}`);

/** The fact that a claim leads to: the first one that it names. */
export function factOf(from: string, facts: readonly Fact[]): Fact | undefined {
  const names = [from, ...(from.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [])];
  return names.map((name) => facts.find(({ key }) => key === name)).find((fact) => fact !== undefined);
}
