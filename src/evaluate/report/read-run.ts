// Reads a stored run, of this project or of lm-evaluation-harness: results and samples.
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

/** A run from its files. */
export interface StoredRun {
  /** The folder's own name. */
  readonly name: string;
  readonly model: string;
  /** The results file, its numbers those of JavaScript. */
  readonly results: Record<string, unknown>;
  readonly tasks: readonly StoredTask[];
}

/** A task of a stored run. */
export interface StoredTask {
  readonly name: string;
  readonly config: TaskConfig;
  readonly documents: readonly EvaluatedDocument[];
  /** It was scored by a function, which its files do not name: it cannot be scored again. */
  readonly isByFunction: boolean;
  /** The lines of the samples file, one for each document and filter. */
  readonly samples: readonly RawConfig[];
}

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

/** The folder below which a run's results lie: itself, or the only one in it. */
function resultsFolder(folder: string): string {
  if (!existsSync(folder)) throw new BaimoError("request", `${folder}: there is no such folder`);
  const has = (path: string) => readdirSync(path).some((name) => RESULTS.test(name));
  if (has(folder)) return folder;
  const below = readdirSync(folder).map((name) => join(folder, name));
  const found = below.filter((path) => statSync(path).isDirectory() && has(path));
  if (found.length === 1) return found[0];
  throw new BaimoError(
    "request",
    `${folder}: holds no results_*.json${found.length > 1 ? " of one run alone" : ""}`,
  );
}

/** Reads the newest run of a folder. @throws {BaimoError} `request` or `format` for what is none */
export function readRun(path: string): StoredRun {
  const folder = resultsFolder(path);
  const names = readdirSync(folder).sort();
  const file = names.filter((name) => RESULTS.test(name)).at(-1) as string;
  const where = join(folder, file);
  const raw = recordOf(parsePythonJson(textOf(readFileSync(where), where), where), where);
  const configs = recordOf(raw.configs ?? {}, `${where}: configs`);
  const suffix = file.slice("results".length, -".json".length);
  const order = Object.keys(recordOf(raw.results, `${where}: results`)).filter((name) => name in configs);
  const tasks = order.flatMap((name): StoredTask[] => {
    const samples = join(folder, `samples_${name}${suffix}.jsonl`);
    return existsSync(samples) ? [readStoredTask(name, recordOf(configs[name], name), samples)] : [];
  });
  const results = recordOf(plainNumbers(raw), where);
  const config = isRecord(results.config) ? results.config : {};
  return {
    name: basename(resolve(path)),
    model: String(results.model_name ?? config.model ?? folder),
    results,
    tasks,
  };
}

function readStoredTask(name: string, raw: RawConfig, path: string): StoredTask {
  const given = Object.fromEntries(Object.entries(raw).filter(([key]) => !DONE.includes(key)));
  for (const key of ["doc_to_text", "doc_to_target", "doc_to_choice"]) {
    const value = given[key];
    if (typeof value === "string" && /^\s*(def |lambda )/.test(value)) {
      throw new BaimoError(
        "request",
        `${path}: ${key} is a function of Python, so the task cannot be scored again here`,
      );
    }
  }
  if (isRecord(given.fewshot_config)) given.fewshot_config = { ...given.fewshot_config, process_docs: null };
  const config = readTask(given, `the task ${name}`);
  const lines = textOf(readFileSync(path), path)
    .split("\n")
    .filter((line) => line !== "");
  const samples = lines.map((line, i) => recordOf(parsePythonJson(line, `${path}, line ${i + 1}`), path));
  const first = samples[0]?.filter;
  const documents = samples
    .filter(({ filter }) => filter === first)
    .map((sample, i) => documentOf(sample, config, `${path}, line ${i + 1}`))
    .sort((a, b) => a.prepared.id - b.prepared.id);
  return { name, config, documents, isByFunction: typeof raw.process_results === "string", samples };
}

function documentOf(sample: RawConfig, { outputType, build }: TaskConfig, where: string): EvaluatedDocument {
  const asked = Object.values(recordOf(sample.arguments, `${where}: arguments`));
  const requests = asked.map((one) =>
    requestOf(
      Object.values(recordOf(one, where)),
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
