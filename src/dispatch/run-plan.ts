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
import type { Asker } from "./tool.ts";

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
}

interface Done {
  readonly output: unknown;
  /** Of the nodes before it, too. */
  readonly evidence: readonly Evidence[];
  readonly dropped: readonly string[];
}

/**
 * @throws {BaimoError} `request` for a plan with a write, which needs an approval; `aborted` when the signal fires
 */
export async function runPlan(
  plan: Plan,
  tools: Tools,
  asker: Asker,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<RunResult> {
  if (plan.writes.length > 0) {
    const nodes = plan.writes.join(", ");
    throw new BaimoError("request", `the task writes (${nodes}); only tasks that read are run`);
  }
  const running = new Map<string, Promise<Done>>();
  for (const node of plan.order) {
    const done = runNode(node);
    done.catch(() => undefined); // looked at below
    running.set(node.id, done);
  }
  const ended = new Map<string, Done>();
  const failures: Failure[] = [];
  for (const [node, promise] of running) {
    try {
      ended.set(node, await promise);
    } catch (error) {
      if (!(error instanceof BaimoError)) throw error;
      failures.push({ node, code: error.code, message: error.message });
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
  return { facts, failures, missing, dropped, flagged };

  async function runNode(node: TaskNode): Promise<Done> {
    const needs = needsOf(node);
    const before = new Map<string, Done>();
    for (const need of needs) {
      const done = await running.get(need)?.catch(() => undefined);
      if (!done) throw new BaimoError("request", `not run, since ${need} failed`);
      before.set(need, done);
    }
    throwIfAborted(signal, `node ${node.id}`);
    const tool = tools.get(node.tool);
    if (!tool) throw new BaimoError("request", `there is no tool ${node.tool}`);
    const outputs = new Map([...before].map(([id, { output }]) => [id, output]));
    const args = follow(node.args, outputs) as TaskNode["args"]; // an object stays one
    const [fault] = mismatches(args, tool.input);
    if (fault) throw new BaimoError("request", `argument ${fault.at.slice(1)} ${fault.text}`);
    const { output, evidence, dropped = [] } = await tool.run({ node: node.id, args, asker, signal });
    const earlier = [...before.values()].flatMap((done) => done.evidence);
    const own = evidence.map((each) => withSettings(each, node.args, tool.fixed));
    return { output, evidence: [...new Set([...earlier, ...own])], dropped };
  }
}

/** What the task itself gave the call, in numbers and short texts. */
function withSettings(evidence: Evidence, args: TaskNode["args"], fixed: readonly string[]): Evidence {
  if (evidence.kind === "sql") return evidence;
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
