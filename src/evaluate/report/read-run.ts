// Reads stored runs: this project's and lm-evaluation-harness's here, OpenCompass's beside.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord, listOf, recordOf, textOf } from "../../json.ts";
import { parsePythonJson, plainNumbers } from "../../python-json.ts";
import type { EvaluatedDocument } from "../run.ts";
import type { Answer } from "../score/score-task.ts";
import type { EvalRequest } from "../tasks/eval-request.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import { readTask } from "../tasks/read-task.ts";
import type { OutputType, TaskConfig } from "../tasks/task-config.ts";
import { readOpenCompass } from "./read-opencompass.ts";
import type { FailedDocument, StoredRun, StoredTask } from "./stored-run.ts";

const RESULTS = /^results(_.*)?\.json$/;
/** Functions that stand in configurations as their source; documents went through them already. */
const DONE = [
  "process_docs",
  "process_results",
  "custom_dataset",
  "doc_to_image",
  "doc_to_audio",
  "use_prompt",
  "class",
];

/** The folders in a folder. */
function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
}

/**
 * Reads the runs of a folder: its own newest one, else one of each folder in it, as `baimo eval` of several models leaves them; of
 * a folder of OpenCompass one for each model.
 * @throws {BaimoError} `request` or `format` for what is none
 */
export function readRuns(path: string): StoredRun[] {
  const runs = runsIn(path) ?? foldersIn(path).flatMap((folder) => runsIn(folder) ?? []);
  if (runs.length > 0) return runs;
  throw new BaimoError(
    "request",
    `${path}: there is no run in it; expected the results_*.json of baimo eval or lm-evaluation-harness, or the predictions/ of ` +
      "OpenCompass, there or in a folder of it",
  );
}

/** Reads the one run of a folder. @throws {BaimoError} `request` or `format` for what is none, or several */
export function readRun(path: string): StoredRun {
  const [run, ...others] = readRuns(path);
  if (others.length === 0) return run;
  const names = [run, ...others].slice(0, 8).map(({ folder }) => folder);
  throw new BaimoError(
    "request",
    `${path}: holds ${others.length + 1} runs, and one is wanted; give one of ${names.join(", ")}`,
  );
}

/** Its results files, the newest last. */
const resultsIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => RESULTS.test(entry.name) && !entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/** The runs that lie in a folder itself. */
function runsIn(folder: string): StoredRun[] | undefined {
  if (!existsSync(folder)) throw new BaimoError("request", `${folder}: there is no such folder`);
  if (!statSync(folder).isDirectory())
    throw new BaimoError("request", `${folder}: is a file; expected the folder of a run`);
  if (resultsIn(folder).length > 0) return [readResults(folder)];
  return readOpenCompass(folder);
}

function readResults(folder: string): StoredRun {
  const file = resultsIn(folder).at(-1) as string;
  const where = join(folder, file);
  const raw = recordOf(parsePythonJson(textOf(readFileSync(where), where), where), where);
  const configs = recordOf(raw.configs ?? {}, `${where}: configs`);
  const suffix = file.slice("results".length, -".json".length);
  const order = Object.keys(recordOf(raw.results, `${where}: results`)).filter((name) => name in configs);
  const results = recordOf(plainNumbers(raw), where);
  const left: StoredRun["left"][number][] = [];
  const tasks = order.flatMap((name): StoredTask[] => {
    const samples = join(folder, `samples_${name.replace(/[/\\]/g, "_")}${suffix}.jsonl`);
    const failed = failedOf(results, name);
    if (existsSync(samples)) {
      const task = readStoredTask(name, recordOf(configs[name], `${where}: configs.${name}`), samples);
      if (task.documents.length > 0 || failed.length > 0) return [{ ...task, failed }];
      left.push({ task: name, why: `${samples} is empty` });
      return [];
    }
    left.push({
      task: name,
      why: `${samples} is missing (lm-evaluation-harness writes it with --log_samples)`,
    });
    return [];
  });
  const config = isRecord(results.config) ? results.config : {};
  return {
    name: basename(resolve(folder)),
    folder,
    model: String(results.model_name ?? config.model ?? folder),
    results,
    tasks,
    left,
    isOpenCompass: false,
  };
}

/** What this project's results say of documents that failed. */
function failedOf({ baimo }: Record<string, unknown>, task: string): FailedDocument[] {
  const tasks = isRecord(baimo) && isRecord(baimo.tasks) ? baimo.tasks : {};
  const own = tasks[task];
  const failed = isRecord(own) && Array.isArray(own.failed) ? own.failed.filter(isRecord) : [];
  return failed.map(({ doc_id, doc_hash, reason }) => ({
    id: Number(doc_id),
    documentHash: String(doc_hash ?? ""),
    reason: String(reason ?? ""),
  }));
}

function readStoredTask(name: string, raw: RawConfig, path: string): Omit<StoredTask, "failed"> {
  const { config, notAgain } = storedConfig(name, raw);
  const lines = textOf(readFileSync(path), path)
    .split("\n")
    .filter((line) => line !== "");
  const samples = lines.map((line, i) => recordOf(parsePythonJson(line, `${path}, line ${i + 1}`), path));
  // Of several lines of a document, one for each filter, the first has its answers.
  const first = samples[0]?.filter;
  const documents = samples
    .filter(({ filter }) => filter === first)
    .map((sample, i) => documentOf(sample, config, `${path}, line ${i + 1}`))
    .sort((a, b) => a.prepared.id - b.prepared.id);
  return { name, config, documents, notAgain, samples };
}

/** A task as its results say it; of one that is not known here what its samples need. */
function storedConfig(name: string, raw: RawConfig): Pick<StoredTask, "config" | "notAgain"> {
  const given = Object.fromEntries(Object.entries(raw).filter(([key]) => !DONE.includes(key)));
  const source = ["doc_to_text", "doc_to_target", "doc_to_choice"].find((key) =>
    /^\s*(def |lambda )/.test(String(given[key] ?? "")),
  );
  if (isRecord(given.fewshot_config)) given.fewshot_config = { ...given.fewshot_config, process_docs: null };
  try {
    if (source !== undefined) throw new BaimoError("request", `${source} is a function of Python`);
    const config = readTask(given, `the task ${name}`);
    const isByFunction = typeof raw.process_results === "string";
    return { config, notAgain: isByFunction ? "it is scored by a function (process_results)" : undefined };
  } catch (error) {
    if (!(error instanceof BaimoError)) throw error;
    const config = readTask({ task: name, output_type: raw.output_type }, `the task ${name}`);
    return { config: { ...config, dump: raw }, notAgain: error.message };
  }
}

function documentOf(sample: RawConfig, { outputType, build }: TaskConfig, where: string): EvaluatedDocument {
  // Older versions of lm-evaluation-harness have lists in place of names.
  const asked = valuesOf(sample.arguments, `${where}: arguments`);
  const requests = asked.map((one) =>
    requestOf(
      valuesOf(one, `${where}: arguments`),
      build && outputType === "multiple_choice" ? "prompt_loss" : outputType,
    ),
  );
  const answers = listOf(sample.resps, `${where}: resps`).map((all) =>
    listOf(all, where).map((one) => answerOf(one, outputType, where)),
  );
  const hash = (key: string) => String(sample[key] ?? "");
  return {
    prepared: {
      id: Number(sample.doc_id),
      document: recordOf(sample.doc, `${where}: doc`),
      target: sample.target,
      requests,
      hashes: { document: hash("doc_hash"), prompt: hash("prompt_hash"), target: hash("target_hash") },
    },
    answers,
  };
}

const valuesOf = (value: unknown, where: string): unknown[] =>
  Array.isArray(value) ? value : Object.values(recordOf(value, where));

function requestOf([first, second]: unknown[], outputType: OutputType | "prompt_loss"): EvalRequest {
  if (outputType === "prompt_loss") return { kind: outputType, text: String(first), masked: String(second) };
  if (outputType === "generate_until") {
    return { kind: outputType, prompt: String(first), settings: isRecord(second) ? second : {} };
  }
  if (outputType === "loglikelihood_rolling") return { kind: outputType, text: String(first) };
  return { kind: "loglikelihood", context: String(first), continuation: String(second) };
}

function answerOf(stored: unknown, outputType: OutputType, where: string): Answer {
  if (Array.isArray(stored) && stored.length === 2)
    return [toNumber(stored[0]), /^true$/i.test(String(stored[1]))];
  if (outputType === "loglikelihood_rolling") return toNumber(stored);
  if (typeof stored === "string") return stored;
  throw new BaimoError("format", `${where}: resps has the answer ${brief(stored)}`);
}

const toNumber = (value: unknown): number => (value === "-inf" ? Number.NEGATIVE_INFINITY : Number(value));
