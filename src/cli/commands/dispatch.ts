// `baimo dispatch`: tasks over databases, models and services, run to a report with evidence.
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Journal, OpenTools, RunInput, RunOutcome, Task, ToolsFile } from "../../dispatch/index.ts";
import { BaimoError } from "../../errors.ts";
import { printOutcome, printPlan, printRuns, writeReportFile } from "../dispatch-output.ts";
import { planWords } from "../dispatch-plan.ts";
import { dataFolder } from "../environment.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { addLanguageOption, type Language } from "../language.ts";
import { openToolsFile } from "../open-tools-file.ts";
import {
  addEngineOptions,
  type CommandContext,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  wholeNumber,
} from "../options.ts";
import { readJsonFile } from "../text-file.ts";

const DEFAULT_JOURNAL = join(dataFolder(), "dispatch");

interface DispatchFlags extends EngineFlags {
  model?: string;
  endpoint?: string;
  tools?: string;
  role?: string;
  set: Record<string, unknown>;
  budget?: number;
  planOnly?: boolean;
  approve?: string;
  reject?: string;
  resume?: string;
  replay?: string;
  runs?: boolean;
  journal?: string;
  approvalHours: number;
  lang: Language;
  report?: string;
  json?: boolean;
}

/** Adds `baimo dispatch`. */
export function addDispatch(program: Command, context: CommandContext): Command {
  const command = program
    .command("dispatch")
    .summary("run a task over databases, models and services to a report with evidence")
    .description(
      "Runs a saved task (a JSON file of parameters, nodes and facts) without a language model, or a request in words that " +
        "--model plans. The whole graph is validated " +
        "before anything runs; every fact leads to the statement, the rows, the answer or the model that it follows from. " +
        "What writes shows the rows that would change, and waits for --approve.",
    )
    .argument("[task]", "the task, a JSON file; with --model a request in words")
    .option("-m, --model <model>", `who plans: ${MODEL_HELP}`, nonEmpty)
    .option("--endpoint <url>", "where --model is served, by OpenAI's interface", nonEmpty)
    .option("--tools <file>", "roles, databases, models and services, a JSON file", nonEmpty)
    .option("--role <name>", "who asks: a role of the tools file", nonEmpty)
    .option("--set <name=value>", "a parameter of the task; repeatable", readParameter, {})
    .option("--budget <fen>", "what third parties' calls may cost at most", wholeNumber(0))
    .option("--plan-only", "validate, and say what would run and cost at most")
    .option("--approve <run:hash>", "allow what a run shows, by the hash beside it, and go on", nonEmpty)
    .option("--reject <run:hash>", "refuse it, and go on without", nonEmpty)
    .option("--resume <run>", "go on with a run that was cut off", nonEmpty)
    .option("--replay <run>", "the same report from the journal, without calls", nonEmpty)
    .option("--runs", "list the runs of the journal")
    .option(
      "--journal <place>",
      "where runs are kept: a folder, or postgres://… for several machines (default: as the tools file says, or " +
        `${DEFAULT_JOURNAL})`,
      nonEmpty,
    )
    .option("--approval-hours <n>", "how long an approval is waited for", wholeNumber(1, 8760), 24)
    .option("--report <file>", "write the report: .html, .md or .json", nonEmpty)
    .option("--json", "print a JSON document, with the whole evidence");
  addEngineOptions(addLanguageOption(command, "the report"));
  return command.action((task: string | undefined, flags: DispatchFlags) =>
    dispatch(task, flags, command, context),
  );
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

async function dispatch(
  path: string | undefined,
  flags: DispatchFlags,
  command: Command,
  context: CommandContext,
): Promise<void> {
  const { replayRun } = await import("../../dispatch/index.ts");
  const { terminal } = context;
  const { replay, runs } = flags;
  if (runs || replay !== undefined) {
    return withJournal(flags.journal, async (journal) => {
      if (replay !== undefined) await show(await replayRun(journal, replay), flags, context);
      else printRuns(await journal.runs(), flags.json, terminal);
    });
  }
  const decided = flags.approve ?? flags.reject;
  const other = decided ?? flags.resume;
  if ((path === undefined) === (other === undefined)) {
    command.error("error: name a task, or a run by --approve, --reject, --resume, --replay");
  }
  if (flags.tools === undefined) command.error("error: --tools is missing");
  if (other === undefined && flags.role === undefined) command.error("error: --role is missing");
  await withTools(String(flags.tools), async (opened, file) => {
    const place = flags.journal ?? file.journal;
    if (path !== undefined) return runTask(path, Object.assign(flags, { journal: place }), opened, context);
    return withJournal(place, async (journal) => {
      const [run, hash = ""] = String(other).split(":");
      if (decided !== undefined) await decide(journal, { run, hash, approve: flags.approve !== undefined });
      await goOn(journal, run, { flags, opened, context });
    });
  });
}

async function withTools(
  path: string,
  work: (opened: OpenTools, file: ToolsFile) => Promise<void>,
): Promise<void> {
  const { opened, file } = await openToolsFile(path);
  try {
    await work(opened, file);
  } finally {
    opened.close();
  }
}

async function withJournal(
  place: string | undefined,
  work: (journal: Journal) => Promise<void>,
): Promise<void> {
  const { openJournal } = await import("../../dispatch/index.ts");
  const journal = await openJournal(place ?? DEFAULT_JOURNAL);
  try {
    await work(journal);
  } finally {
    await journal.close();
  }
}

async function runTask(
  path: string,
  flags: DispatchFlags,
  opened: OpenTools,
  context: CommandContext,
): Promise<void> {
  const { beginRun, readTask, validate } = await import("../../dispatch/index.ts");
  const { set, budget: budgetFen, lang: language, role = "" } = flags;
  const planned = flags.model === undefined ? undefined : await planWords(path, flags, opened, context);
  if (planned?.verdict === "clarify" || planned?.verdict === "refuse") return;
  const task: Task = planned?.task ?? readTask(await readJsonFile(path), set);
  if (flags.planOnly) {
    printPlan(await validate(task, opened.tools, { role }, { budgetFen }), flags.json, context.terminal);
    return;
  }
  const words = planned && { request: path, level: `planned by ${flags.model}, template` };
  const input: RunInput = Object.assign({ task, role, language, budgetFen }, words);
  await withJournal(flags.journal, async (journal) => {
    const run = await beginRun(journal, input, opened.tools);
    await goOn(journal, run, { flags, opened, context });
  });
}

/** Allows or refuses the one step whose hash begins so. */
async function decide(
  journal: Journal,
  { run, hash, approve }: { readonly run: string; readonly hash: string; readonly approve: boolean },
): Promise<void> {
  const { state } = await journal.run(run);
  const pending = (await journal.approvals(run)).filter((each) => each.state === "waiting");
  const [found] = pending.filter((each) => hash.length >= 12 && each.arguments.startsWith(hash));
  if (!found) {
    const known = pending.map(({ name, arguments: sha256 }) => `${run}:${sha256.slice(0, 12)} (${name})`);
    const next = known.length > 0 ? `waiting: ${known.join(", ")}` : `nothing waits; the run is ${state}`;
    throw new BaimoError("request", `${run}:${hash} names no step that waits for an approval; ${next}`);
  }
  const { userInfo } = await import("node:os");
  const by = userInfo().username;
  await journal.decide(run, found.name, { approve, by, argumentsSha256: found.arguments });
}

interface GoOn {
  readonly flags: DispatchFlags;
  readonly opened: OpenTools;
  readonly context: CommandContext;
}

async function goOn(journal: Journal, run: string, { flags, opened, context }: GoOn): Promise<void> {
  const { continueRun } = await import("../../dispatch/index.ts");
  const interrupt = listenForInterrupt();
  try {
    const approvalMs = flags.approvalHours * 3_600_000;
    const outcome = await continueRun(journal, run, opened.tools, { signal: interrupt.signal, approvalMs });
    await show(outcome, flags, context);
  } finally {
    interrupt.release();
  }
}

async function show(outcome: RunOutcome, { report, json }: DispatchFlags, context: CommandContext) {
  printOutcome(outcome, json, context.terminal);
  if (report !== undefined) await writeReportFile(outcome.report, report);
  if (outcome.result.failures.length > 0) context.exitCode = 1;
}
