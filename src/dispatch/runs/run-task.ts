// Runs a task with a journal: begun, resumed after a crash or an approval, replayed without calls.

import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";
import { hashOf } from "../evidence.ts";
import { orderOf } from "../graph/order.ts";
import { readTask, type Task } from "../graph/task.ts";
import { type Bounds, type Plan, type Tools, validate } from "../graph/validate.ts";
import type { Language, Report } from "../report/report.ts";
import { writeReport } from "../report/write-report.ts";
import { callTool, checkArguments, type Perform, type RunResult, runNodes, toolFor } from "../run-plan.ts";
import type { Asker, ToolResult } from "../tool.ts";
import type { RunState, Worker } from "./engine.ts";
import type { Journal } from "./journal.ts";
import { replaySteps } from "./replay-steps.ts";
import type { Steps } from "./steps.ts";

/** What is to be run, and for whom. */
export interface RunInput extends Bounds {
  readonly task: Task;
  readonly role: string;
  readonly language: Language;
  /** The person's own words. */
  readonly request?: string;
  /** Who planned it. */
  readonly level?: string;
  /** For whom, where a server runs it. */
  readonly person?: string;
}

/** What waits for somebody. */
export interface PendingApproval {
  readonly node: string;
  readonly argumentsSha256: string;
  readonly shown: unknown;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** A run, as far as it is. */
export interface RunOutcome {
  readonly id: string;
  readonly state: RunState;
  readonly result: RunResult;
  readonly report: Report;
  readonly approvals: readonly PendingApproval[];
}

/** How runs are run. */
export interface RunnerOptions {
  /** How long an approval is waited for. Default: a day. */
  readonly approvalMs?: number;
  readonly signal?: AbortSignal;
}

const DAY = 86_400_000;
/** Calls of one tool at a time, over all runs of a journal's engine. */
const MOST_CALLS = 4;

/** Begins a run, when its plan is valid. @throws {BaimoError} as `validate` */
export async function beginRun(journal: Journal, input: RunInput, tools: Tools): Promise<string> {
  const { task, role, language, request, level, budgetFen, person } = input;
  const { writes } = await validate(task, tools, { role }, { budgetFen });
  const { nodes, facts, report } = task;
  return journal.begin(
    await journal.payloads.put({
      task: { nodes, facts, report },
      role,
      language,
      request,
      level,
      writes,
      budgetFen,
    }),
    person,
  );
}

/**
 * Goes on with a run: what was done is not done again.
 *
 * @throws {BaimoError} `busy` where another process has it; `request` where there is none; `aborted`
 */
export async function continueRun(
  journal: Journal,
  id: string,
  tools: Tools,
  options: RunnerOptions = {},
): Promise<RunOutcome> {
  await journal.run(id);
  await journal.work(id, workerOf(journal, tools, options));
  return replayRun(journal, id);
}

/** Goes on with runs of dead machines; `goOn` is called for those of people that nobody has in hand. */
export function attendRuns(
  journal: Journal,
  tools: Tools,
  options: RunnerOptions,
  goOn: (run: string) => void,
): Promise<void> {
  return journal.attend(workerOf(journal, tools, options), goOn);
}

function workerOf(journal: Journal, tools: Tools, { approvalMs = DAY, signal }: RunnerOptions): Worker {
  return {
    approvalMs,
    signal,
    async work(run, steps) {
      const { input, plan } = await readRun(journal, run);
      const perform = throughSteps(steps, plan, { tools, asker: { role: input.role }, signal });
      const { waiting, failures } = await runNodes(plan, perform, { signal, inOrder: true });
      return waiting.length > 0 ? "waiting" : failures.length > 0 ? "failed" : "done";
    },
  };
}

/** The same result and report from the journal alone; nothing is called. */
export async function replayRun(journal: Journal, id: string): Promise<RunOutcome> {
  const { input, plan } = await readRun(journal, id);
  const steps = await replaySteps(journal, id);
  const result = await runNodes(plan, throughSteps(steps, plan), { inOrder: true });
  const { task, language, request, level } = input;
  const waiting = (await journal.approvals(id)).filter((each) => each.state === "waiting");
  const approvals = await Promise.all(
    waiting.map(async ({ name, arguments: argumentsSha256, payload, expires }) => ({
      node: name,
      argumentsSha256,
      shown: await journal.payloads.get(payload),
      expires,
    })),
  );
  const { state } = await journal.run(id);
  return { id, state, result, report: writeReport(task, result, { language, request, level }), approvals };
}

export async function readRun(journal: Journal, id: string): Promise<{ input: RunInput; plan: Plan }> {
  const kept = await journal.payloads.get((await journal.run(id)).payload);
  if (!isRecord(kept)) throw new BaimoError("format", `run ${id} has no task`);
  const task = readTask(kept.task);
  const input = { ...kept, task } as RunInput; // as `beginRun` keeps it
  return { input, plan: { task, order: orderOf(task.nodes), costFen: 0, writes: kept.writes as string[] } };
}

interface Live {
  readonly tools: Tools;
  readonly asker: Asker;
  readonly signal?: AbortSignal;
}

/** Each node as a step; one that writes after an approval of what it shows. Without tools from the journal alone. */
function throughSteps(steps: Steps, { writes }: Plan, live?: Live): Perform {
  const needTools = (): Live => {
    if (live) return live;
    throw new BaimoError("request", "a replay calls no tools");
  };
  return async (node, args): Promise<ToolResult> => {
    const { id } = node;
    const call = (key: string, shown?: unknown) => {
      const { tools, asker, signal } = needTools();
      return steps.queue(node.tool, MOST_CALLS, () =>
        callTool(node, args, { tools, asker, signal, key, shown }),
      );
    };
    if (!writes.includes(id)) return steps.step(id, call);
    const shown = await steps.step(`${id} shown`, async () => {
      const { tools, asker, signal } = needTools();
      const tool = toolFor(node, tools);
      checkArguments(args, tool);
      return (await tool.preview?.({ node: id, args, asker, signal })) ?? { tool: node.tool, args };
    });
    const argumentsSha256 = await hashOf({ tool: node.tool, args, shown });
    await steps.awaitApproval(id, { argumentsSha256, shown });
    return steps.step(id, (key) => call(key, shown));
  };
}
