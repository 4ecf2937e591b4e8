// Has a model plan a request in words, and prints what it asks back or refuses.
import type { OpenTools, Planned, PlanningModel } from "../dispatch/index.ts";
import { endpointKey } from "./environment.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { withModel } from "./open-model.ts";
import type { CommandContext, EngineFlags } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What the command was given. */
export interface PlanFlags extends EngineFlags {
  readonly model?: string;
  readonly endpoint?: string;
  readonly role?: string;
  readonly budget?: number;
  readonly json?: boolean;
}

/** The plan; a question or a refusal is printed, with candidates out of the data. */
export async function planWords(
  request: string,
  flags: PlanFlags,
  opened: OpenTools,
  { terminal }: CommandContext,
): Promise<Planned> {
  const { asking, candidatesOf, chats, planRequest } = await import("../dispatch/index.ts");
  const asker = { role: flags.role ?? "" };
  const catalogue = await opened.describe(asker.role);
  const today = new Date().toISOString().slice(0, 10);
  const planned = await withPlanner(flags, terminal, (model, signal) =>
    planRequest(request, {
      ask: asking(model, { signal }),
      isBrief: !chats(model),
      tools: opened.tools,
      catalogue,
      asker,
      today,
      budgetFen: flags.budget,
    }),
  );
  if (planned.verdict === "plan") return planned;
  const candidates =
    planned.verdict === "clarify" && planned.lookup
      ? await candidatesOf(planned.lookup, opened.tools, asker)
      : [];
  if (flags.json) terminal.json({ ...planned, candidates });
  else if (planned.verdict === "refuse") terminal.line(`refused: ${planned.reason}`);
  else {
    terminal.line(`which ${planned.missing} is meant?`);
    for (const row of candidates) terminal.writeAnswer(`  ${JSON.stringify(row)}\n`);
  }
  return planned;
}

/** A model here, or at an endpoint. */
async function withPlanner<T>(
  flags: PlanFlags,
  terminal: Terminal,
  work: (model: PlanningModel, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { endpoint, model = "" } = flags;
  if (endpoint === undefined) return withModel(model, flags, terminal, work);
  const { openUpstream } = await import("../upstream/index.ts");
  const interrupt = listenForInterrupt();
  const { signal } = interrupt;
  try {
    const key = endpointKey();
    const endpoints = [key === undefined ? { url: endpoint } : { url: endpoint, key }];
    return await work(await openUpstream({ endpoints, model, signal }), signal);
  } finally {
    interrupt.release();
  }
}
