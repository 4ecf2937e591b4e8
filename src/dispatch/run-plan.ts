// Runs a plan to facts; a node that fails takes only those with it that need it.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { isRecord } from "../json.ts";
import { mismatches } from "./check-schema.ts";
import type { Evidence, Fact } from "./evidence.ts";
import { type Flag, flagsIn } from "./flags.ts";
import { needsOf } from "./graph/order.ts";
import { at, follow } from "./graph/references.ts";
import type { FactSource, TaskNode } from "./graph/task.ts";
import type { Plan, Tools } from "./graph/validate.ts";
import { Waiting } from "./runs/steps.ts";
import type { Asker, Tool, ToolResult } from "./tool.ts";

export type { Flag };

/** A node that gave nothing. */
export interface Failure {
  readonly node: string;
  readonly code: BaimoError["code"];
  readonly message: string;
}

/** What a run gave. */
export interface RunResult {
  readonly facts: readonly Fact[];
  readonly failures: readonly Failure[];
  /** Facts that there are not, since a node failed. */
  readonly missing: readonly string[];
  /** What was left out of third parties' answers. */
  readonly dropped: readonly { readonly node: string; readonly pointer: string }[];
  /** Texts of the data that speak to the system. */
  readonly flagged: readonly Flag[];
  /** Nodes that wait for an approval, or for a node that does. */
  readonly waiting: readonly string[];
}

interface Done {
  readonly output: unknown;
  /** Of the nodes before it, too. */
  readonly evidence: readonly Evidence[];
  readonly dropped: readonly string[];
}

/** Calls the tool of a node with its arguments. */
export type Perform = (node: TaskNode, args: TaskNode["args"]) => Promise<ToolResult>;

/**
 * @throws {BaimoError} `request` for a plan with a write, which needs a journal; `aborted` when the signal fires
 */
export async function runPlan(
  plan: Plan,
  tools: Tools,
  asker: Asker,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<RunResult> {
  if (plan.writes.length > 0) {
    const nodes = plan.writes.join(", ");
    throw new BaimoError(
      "request",
      `the task writes (${nodes}); it needs a journal, which keeps its approvals`,
    );
  }
  return runNodes(plan, (node, args) => callTool(node, args, { tools, asker, signal }), { signal });
}

/** What a call needs besides its node. */
export interface CallContext {
  readonly tools: Tools;
  readonly asker: Asker;
  readonly signal?: AbortSignal;
  /** Of a write: what makes it happen once. */
  readonly key?: string;
  /** Of a write: what was approved. */
  readonly shown?: unknown;
}

/** The tool of a node. */
export function toolFor({ tool: name }: TaskNode, tools: Tools): Tool {
  const tool = tools.get(name);
  if (tool) return tool;
  throw new BaimoError("request", `there is no tool ${name}`);
}

/** Looks at the arguments once more, and calls. */
export async function callTool(
  node: TaskNode,
  args: TaskNode["args"],
  { tools, asker, signal, key, shown }: CallContext,
): Promise<ToolResult> {
  const tool = toolFor(node, tools);
  checkArguments(args, tool);
  const { output, evidence, dropped } = await tool.run({ node: node.id, args, asker, signal, key, shown });
  return { output, evidence: evidence.map((each) => withSettings(each, node.args, tool.fixed)), dropped };
}

/** @throws {BaimoError} `request` where arguments whose references were followed do not fit */
export function checkArguments(args: TaskNode["args"], { input }: Tool): void {
  const [fault] = mismatches(args, input);
  if (fault) throw new BaimoError("request", `argument ${fault.at.slice(1)} ${fault.text}`);
}

/** Runs the nodes, each after those that it needs. `inOrder`: one at a time. */
export async function runNodes(
  plan: Plan,
  perform: Perform,
  { signal, inOrder = false }: { readonly signal?: AbortSignal; readonly inOrder?: boolean } = {},
): Promise<RunResult> {
  const running = new Map<string, Promise<Done>>();
  for (const node of plan.order) {
    const done = runNode(node);
    running.set(node.id, done);
    const settled = done.catch(() => undefined); // looked at below
    if (inOrder) await settled;
  }
  const ended = new Map<string, Done>();
  const failures: Failure[] = [];
  const waiting: string[] = [];
  for (const [node, promise] of running) {
    try {
      ended.set(node, await promise);
    } catch (error) {
      if (error instanceof Waiting) waiting.push(node);
      else if (error instanceof BaimoError) failures.push({ node, code: error.code, message: error.message });
      else throw error;
    }
  }
  throwIfAborted(signal, "the run");
  const facts: Fact[] = [];
  const missing: string[] = [];
  for (const source of plan.task.facts) {
    const fact = factOf(source, ended, failures);
    if (fact) facts.push(fact);
    else missing.push(source.key);
  }
  const dropped = [...ended].flatMap(([node, { dropped }]) => dropped.map((pointer) => ({ node, pointer })));
  const flagged = [...ended].flatMap(([node, { output }]) => flagsIn(output, node));
  return { facts, failures, missing, dropped, flagged, waiting };

  async function runNode(node: TaskNode): Promise<Done> {
    const before = new Map<string, Done>();
    for (const need of needsOf(node)) before.set(need, await doneBefore(need));
    throwIfAborted(signal, `node ${node.id}`);
    const outputs = new Map([...before].map(([id, { output }]) => [id, output]));
    const args = follow(node.args, outputs) as TaskNode["args"]; // an object stays one
    const { output, evidence, dropped = [] } = await perform(node, args);
    const earlier = [...before.values()].flatMap((done) => done.evidence);
    return { output, evidence: [...new Set([...earlier, ...evidence])], dropped };
  }

  async function doneBefore(need: string): Promise<Done> {
    try {
      return await (running.get(need) as Promise<Done>); // the order has it before
    } catch (error) {
      if (error instanceof Waiting) throw error;
      throw new BaimoError("request", `not run, since ${need} failed`);
    }
  }
}

/** What the task itself gave the call, in numbers and short texts. */
function withSettings(evidence: Evidence, args: TaskNode["args"], fixed: readonly string[]): Evidence {
  if (evidence.kind === "sql" || evidence.kind === "write") return evidence;
  const given = Object.entries(isRecord(args.params) ? args.params : args);
  const settings = given.filter(
    ([name, value]) =>
      !fixed.includes(name) &&
      (typeof value === "number" || (typeof value === "string" && value.length <= 60)),
  );
  return settings.length === 0
    ? evidence
    : Object.assign({}, evidence, { settings: Object.fromEntries(settings) });
}

/** The fact, or nothing where its node failed; a path that leads nowhere is a failure of its own. */
function factOf(
  { key, node, path, unit = "" }: FactSource,
  ended: ReadonlyMap<string, Done>,
  failures: Failure[],
): Fact | undefined {
  const done = ended.get(node);
  if (!done) return undefined;
  try {
    const value = at(done.output, path, node);
    const evidence = done.evidence.map((each) =>
      each.kind === "http" && each.node === node ? Object.assign({}, each, { pointer: path }) : each,
    );
    return { key, value, unit, node, evidence };
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    failures.push({ node, code: error.code, message: `fact ${key}: ${error.message}` });
    return undefined;
  }
}
