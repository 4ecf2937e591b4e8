// A run as it is at this moment: its graph with what each node came to, approvals, its report.
import { isRecord } from "../../json.ts";
import type { Evidence } from "../evidence.ts";
import type { TaskNode } from "../graph/task.ts";
import type { Report } from "../report/report.ts";
import type { RunState } from "./engine.ts";
import type { Journal } from "./journal.ts";
import { type PendingApproval, readRun, replayRun } from "./run-task.ts";

export interface NodeView extends TaskNode {
  readonly state: "waiting" | "running" | "done" | "failed";
  /** Its own. */
  readonly evidence: readonly Evidence[];
  /** Why it failed. */
  readonly problem?: string;
}

export interface RunView {
  readonly id: string;
  readonly state: RunState;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly request?: string;
  readonly nodes: readonly NodeView[];
  readonly approvals: readonly PendingApproval[];
  /** Once it has ended, or waits for somebody. */
  readonly report?: Report;
}

/** @throws {BaimoError} `request` where there is none */
export async function viewRun(journal: Journal, id: string): Promise<RunView> {
  const { state, created } = await journal.run(id);
  const { input, plan } = await readRun(journal, id);
  const steps = new Map((await journal.steps(id)).map((step) => [step.name, step]));
  const nodes = plan.order.map(async (node): Promise<NodeView> => {
    const step = steps.get(node.id);
    const kept = step?.payload == null ? undefined : await journal.payloads.get(step.payload);
    const given = isRecord(kept) ? kept : {};
    return Object.assign({}, node, {
      state: step === undefined ? "waiting" : step.state === "begun" ? "running" : step.state,
      evidence: step?.state === "done" ? (given.evidence as Evidence[]) : [], // as the step gave it
      problem: step?.state === "failed" ? String(given.message) : undefined,
    } as const);
  });
  const outcome = state === "running" ? undefined : await replayRun(journal, id);
  return {
    id,
    state,
    created,
    request: input.request,
    nodes: await Promise.all(nodes),
    approvals: outcome?.approvals ?? [],
    report: outcome?.report,
  };
}
