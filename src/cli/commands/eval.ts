// `baimo eval`: asks a model the documents of tasks, and says how good it is and how sure that is.
import { type Command, InvalidArgumentError } from "commander";
import type {
  Evaluation,
  PlannedTask,
  PreparedRun,
  RunProgress,
  RunSettings,
  Subject,
} from "../../evaluate/index.ts";
import { sha256 } from "../../sha256.ts";
import { hubSettings, packagePath } from "../environment.ts";
import { findEndpoints, readBudget } from "../evaluate-endpoint.ts";
import {
  evaluateEndpoints,
  folderOptions,
  noteData,
  type RunFlags,
  readShare,
} from "../evaluate-endpoints.ts";
import {
  evaluationDocument,
  evaluationLines,
  listLines,
  planDocument,
  planLines,
} from "../evaluation-text.ts";
import { withModel } from "../open-model.ts";
import {
  addEngineOptions,
  type CommandContext,
  collect,
  type EngineFlags,
  MODEL_HELP,
  nonEmpty,
  wholeNumber,
} from "../options.ts";
import { createProgress } from "../progress.ts";
import type { Terminal } from "../terminal.ts";

interface EvalFlags extends EngineFlags, RunFlags {
  tasks?: string[];
  includePath?: string[];
  numFewshot?: number;
  limit?: number;
  fewshotSeed?: number;
  fewshotAsMultiturn?: boolean;
  systemInstruction?: string;
  repeats?: number;
  genKwargs?: Record<string, unknown>;
  rescore?: string;
  list?: boolean;
  download?: boolean;
}

/** What runs where no task is named. */
const BUILT_IN = "poet";

const words = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...nonEmpty(text)
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean),
];

/** Adds the command. */
export function addEval(program: Command, context: CommandContext): Command {
  const command = program
    .command("eval")
    .summary("ask a model the documents of tasks and score its answers")
    .description(
      "Runs tasks in lm-evaluation-harness's YAML, without Python. Without --tasks it runs the built-in suite. With --out " +
        "it journals every answer, so that the same command goes on where it was stopped, and writes results_*.json and " +
        "samples_*.jsonl as lm-evaluation-harness does, and the files of Every Eval Ever.",
    )
    .argument(
      "[models...]",
      `${MODEL_HELP}, or the address of an OpenAI-compatible endpoint, "#model" behind it or not; several endpoints are asked at once (default: poet)`,
    )
    .option(
      "--tasks <names>",
      "tasks, groups and tags, with commas; names may hold * (default: the built-in suite)",
      words,
    )
    .option("--include-path <folder>", "a folder of tasks (may be repeated)", collect(nonEmpty))
    .option(
      "--num-fewshot <count>",
      "examples before each question, but where a task says 0",
      wholeNumber(0, 1000),
    )
    .option("--limit <count>", "the first documents of each task; below 1 a share of them", readLimit)
    .option("--seed <number>", "seeds what is drawn (default: 1234)", wholeNumber(0))
    .option("--fewshot-seed <number>", "seeds the choice of examples (default: 1234)", wholeNumber(0))
    .option("--apply-chat-template", "ask through the model's chat template")
    .option("--no-fewshot-as-multiturn", "put all examples into one message")
    .option("--system-instruction <text>", "the system's message", nonEmpty)
    .option("--repeats <count>", "ask each question so often", wholeNumber(1, 10_000))
    .option(
      "--gen-kwargs <pairs>",
      "generation settings in place of the tasks', for example max_gen_toks=32",
      readPairs,
    )
    .option(
      "--bootstrap <count>",
      "resamples of the bootstrapped errors; 0 for no errors",
      wholeNumber(0),
      2000,
    )
    .option("--endpoint-model <name>", "the endpoint's name of the model", nonEmpty)
    .option("--config <file>", "a server's settings: the model is one at endpoints of its `models`", nonEmpty)
    .option(
      "--budget <amount>",
      'most that all endpoints together may take: tokens, or money: "2.50 USD"',
      readBudget,
    )
    .option("--download", "download datasets of the Hub that its cache lacks")
    .option("--out <folder>", "journal and files go here", nonEmpty)
    .option(
      "--share <address>",
      'share the run with other machines, on which the same command is started: postgres://user@host/database, "#name" of the run behind it or not',
      readShare,
    )
    .option("--rescore <folder>", "score the answers of a stored run again, without a model", nonEmpty)
    .option("--list", "list tasks and say which run here, without running any")
    .option("--dry-run", "count documents, requests and tokens, estimate time and price, and run nothing")
    .option("--json", "print a JSON document");
  addEngineOptions(command);
  return command.action(async (sources: string[], flags: EvalFlags) => {
    const { terminal } = context;
    const { includePath = [], tasks } = flags;
    const settings: RunSettings = {
      tasks: tasks ?? (flags.list ? [] : [BUILT_IN]),
      includePaths: [packagePath("assets", "evaluation"), ...includePath],
      numFewshot: flags.numFewshot,
      limit: flags.limit,
      fewshotSeed: flags.fewshotSeed,
      systemInstruction: flags.systemInstruction,
      fewshotAsMultiturn: flags.fewshotAsMultiturn,
      repeats: flags.repeats,
      generationKwargs: flags.genKwargs,
      hub: datasetSettings(flags.download === true),
    };
    if (flags.list) return printList(settings, flags, terminal);
    if (flags.rescore !== undefined) return printRescored(flags.rescore, flags, terminal);
    if (flags.share && flags.budget)
      return command.error(
        "error: --budget counts in one process; ask all endpoints from one, without --share",
      );
    const endpoints = findEndpoints(sources, flags);
    if (endpoints) return evaluateEndpoints(endpoints, settings, flags, context);
    if (flags.budget) return command.error("error: --budget is of an endpoint; weights here cost nothing");
    await withModel(sources.at(0), flags, terminal, async (model, signal) => {
      const { createLocalSubject, planRun, prepareFor } = await import("../../evaluate/index.ts");
      const subject = createLocalSubject(model);
      const isChat = flags.applyChatTemplate === true;
      const prepared = await prepareFor(subject, settings, isChat);
      await noteData(prepared, terminal);
      if (flags.dryRun) return printPlan(await planRun(prepared, subject), flags, terminal);
      const { engine, config, name } = model;
      const identity = await sha256(JSON.stringify([name, config, engine.weightBytes]));
      await run(prepared, subject, { settings, flags, terminal, signal, identity });
    });
  });
}

/** The Hub's cache of datasets, and whether the Hub itself may be asked. */
function datasetSettings(download: boolean): RunSettings["hub"] {
  const { cacheFolder, endpoint, token, offline = false } = hubSettings();
  return { cacheFolder, endpoint, token, offline: offline || !download };
}

interface RunContext {
  readonly settings: RunSettings;
  readonly flags: EvalFlags;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly identity: string;
}

async function run(prepared: PreparedRun, subject: Subject, context: RunContext): Promise<void> {
  const { settings, flags, terminal, signal, identity } = context;
  const { runInFolder } = await import("../../evaluate/index.ts");
  const progress = createProgress(terminal);
  try {
    const onProgress = ({ task, done, total }: RunProgress) => progress.update({ label: task, done, total });
    const options = folderOptions(flags, { identity, signal, onProgress });
    const { evaluation, folder } = await runInFolder(prepared, subject, settings, options);
    progress.clear();
    printEvaluation(evaluation, flags, terminal);
    if (folder !== undefined) terminal.note(`baimo: the files are in ${folder}`);
  } finally {
    progress.clear();
  }
}

function printEvaluation(evaluation: Evaluation, flags: EvalFlags, terminal: Terminal): void {
  if (flags.json) terminal.json(evaluationDocument(evaluation));
  else for (const line of evaluationLines(evaluation)) terminal.line(line);
}

async function printRescored(folder: string, flags: EvalFlags, terminal: Terminal): Promise<void> {
  const { readRun, rescore } = await import("../../evaluate/index.ts");
  const run = readRun(folder);
  printEvaluation(await rescore(run, flags.bootstrap), flags, terminal);
  for (const { task, why } of run.left) terminal.note(`baimo: ${task} is not scored again: ${why}`);
}

async function printList(settings: RunSettings, flags: EvalFlags, terminal: Terminal): Promise<void> {
  const { listTasks } = await import("../../evaluate/index.ts");
  const list = listTasks(settings.includePaths, settings.tasks);
  if (flags.json) terminal.json(list);
  else
    for (const line of listLines(list, terminal.interactive ? terminal.columns() : undefined))
      terminal.line(line);
}

function printPlan(tasks: readonly PlannedTask[], flags: EvalFlags, terminal: Terminal): void {
  if (flags.json) terminal.json(planDocument(tasks, undefined));
  else for (const line of planLines(tasks, undefined)) terminal.line(line);
}

function readLimit(text: string): number {
  const value = Number(text);
  if (value > 0 && (value < 1 || Number.isInteger(value))) return value;
  return wholeNumber(1)(text);
}

/** Reads "a=1,b=true": numbers, true, false and texts. */
function readPairs(text: string): Record<string, unknown> {
  return Object.fromEntries(
    nonEmpty(text)
      .split(",")
      .map((pair) => {
        const at = pair.indexOf("=");
        const [key, value] = [pair.slice(0, Math.max(0, at)).trim(), pair.slice(at + 1).trim()];
        if (key === "")
          throw new InvalidArgumentError(
            `Allowed: pairs such as max_gen_toks=32,temperature=0.5; "${pair.trim()}" is none.`,
          );
        if (/^(true|false)$/i.test(value)) return [key, value.toLowerCase() === "true"];
        return [key, value !== "" && Number.isFinite(Number(value)) ? Number(value) : value];
      }),
  );
}
