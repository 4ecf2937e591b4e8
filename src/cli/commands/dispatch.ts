// `baimo dispatch`: a saved task over databases, models and services, run to facts with evidence.
import { type Command, InvalidArgumentError } from "commander";
import type { Evidence, Fact, Plan, RunResult } from "../../dispatch/index.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { type CommandContext, nonEmpty, wholeNumber } from "../options.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readJsonFile } from "../text-file.ts";

interface DispatchFlags {
  tools: string;
  role: string;
  set: Record<string, unknown>;
  budget?: number;
  planOnly?: boolean;
  json?: boolean;
}

/** Adds `baimo dispatch`. */
export function addDispatch(program: Command, context: CommandContext): Command {
  return program
    .command("dispatch")
    .summary("run a saved task over databases, models and services to facts with evidence")
    .description(
      "Runs a saved task (a JSON file of parameters, nodes and facts) without a language model. The whole graph is validated " +
        "before anything runs; every fact leads to the statement, the rows, the answer or the model that it follows from.",
    )
    .argument("<task>", "the task, a JSON file")
    .requiredOption("--tools <file>", "roles, databases, models and services, a JSON file", nonEmpty)
    .requiredOption("--role <name>", "who asks: a role of the tools file", nonEmpty)
    .option("--set <name=value>", "a parameter of the task; repeatable", readParameter, {})
    .option("--budget <fen>", "what third parties' calls may cost at most", wholeNumber(0))
    .option("--plan-only", "validate, and say what would run and cost at most")
    .option("--json", "print a JSON document, with the whole evidence")
    .action((task: string, flags: DispatchFlags) => dispatch(task, flags, context));
}

/** A value in JSON, or a text as it is. */
function readParameter(given: string, before: Record<string, unknown>): Record<string, unknown> {
  const at = given.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Allowed: name=value.");
  const value = given.slice(at + 1);
  let read: unknown = value;
  try {
    read = JSON.parse(value);
  } catch {
    // a text
  }
  return Object.assign({}, before, { [given.slice(0, at)]: read });
}

async function dispatch(path: string, flags: DispatchFlags, context: CommandContext): Promise<void> {
  const { openTools, readTask, readToolsFile, runPlan, validate } = await import("../../dispatch/index.ts");
  const { terminal } = context;
  const { role, set, budget: budgetFen, planOnly, json } = flags;
  const task = readTask(await readJsonFile(path), set);
  const opened = await openTools(readToolsFile(await readJsonFile(flags.tools), flags.tools));
  const interrupt = listenForInterrupt();
  try {
    const plan = await validate(task, opened.tools, { role }, { budgetFen });
    if (planOnly) {
      printPlan(plan, json, terminal);
      return;
    }
    const result = await runPlan(plan, opened.tools, { role }, { signal: interrupt.signal });
    if (json) terminal.json(result);
    else printResult(result, terminal);
    if (result.failures.length > 0) context.exitCode = 1;
  } finally {
    interrupt.release();
    opened.close();
  }
}

function printPlan({ order, costFen, writes }: Plan, json: boolean | undefined, terminal: Terminal): void {
  if (json) {
    terminal.json({ nodes: order, costFen, writes });
    return;
  }
  for (const line of formatTable(order.map(({ id, tool, after }) => [id, tool, after.join(", ")]))) {
    terminal.line(line);
  }
  terminal.line(`costs at most ${costFen} fen; writes: ${writes.join(", ") || "none"}`);
}

function printResult({ facts, failures, missing, dropped }: RunResult, terminal: Terminal): void {
  const width = terminal.interactive ? terminal.columns() : 160;
  const rows = facts.map(({ key, value, unit, evidence }: Fact) => [
    key,
    `${typeof value === "string" ? value : JSON.stringify(value)} ${unit}`.trim(),
    evidence.map(inShort).join("; "),
  ]);
  for (const line of formatTable(rows, { width })) terminal.writeAnswer(`${line}\n`);
  for (const { node, message } of failures) terminal.note(`${node} failed: ${message}`);
  if (missing.length > 0) terminal.note(`no fact: ${missing.join(", ")}`);
  for (const { node, pointer } of dropped)
    terminal.note(`${node}: ${pointer} is not in the schema; left out`);
}

/** Where a fact comes from, on part of a line. */
function inShort(evidence: Evidence): string {
  const { node } = evidence;
  switch (evidence.kind) {
    case "sql":
      return `${node} ${evidence.database}: ${evidence.rows} rows, ${evidence.rowsSha256.slice(0, 12)}`;
    case "http":
      return `${node} ${evidence.service}: ${evidence.operationId} ${evidence.pointer ?? ""}`.trim();
    case "model":
      return `${node} ${evidence.model} ${evidence.version.slice(0, 12)}`;
    case "step":
      return `${node} ${evidence.step}`;
  }
}
