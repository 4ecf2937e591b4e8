// Stored runs of lm-evaluation-harness: their tasks, settings, results and samples.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadDataset } from "../src/evaluate/datasets/dataset.ts";
import {
  evaluatedDocuments,
  type OpenTask,
  openTask,
  type PreparedDocument,
  prepareTask,
} from "../src/evaluate/tasks/open-task.ts";
import { type Selection, selectTasks } from "../src/evaluate/tasks/select-tasks.ts";
import { type TaskConfig, withGenerationKwargs, withNumFewshot } from "../src/evaluate/tasks/task-config.ts";
import { indexTasks } from "../src/evaluate/tasks/task-index.ts";
import type { ChatRenderer } from "../src/evaluate/tasks/turns.ts";
import { parsePythonJson } from "../src/python-json.ts";
import { createChatTemplate } from "../src/tokenizers/chat-template/chat-template.ts";
import { beside, readJson } from "./places.ts";

/** The folder that holds tasks, data and runs. */
export const lmEval = beside("evaluation", "lm_eval");

/** The runs' names. */
export const runNames: readonly string[] = existsSync(resolve(lmEval, "runs"))
  ? readdirSync(resolve(lmEval, "runs")).sort()
  : [];

/** A line of a samples file. */
// biome-ignore lint/suspicious/noExplicitAny: golden files are read as they are written
export type Sample = any;

/** A run's settings and results. */
export const settingsOf = (run: string) => readJson(resolve(lmEval, "runs", run, "run.json"));
export const resultsOf = (run: string) => readJson(resolve(lmEval, "runs", run, "results.json"));
export const marginsOf = (run: string) => readJson(resolve(lmEval, "runs", run, "margins.json"));

/** A task's samples, with numbers as Python has them. */
export function samplesOf(run: string, task: string): Sample[] {
  const text = readFileSync(resolve(lmEval, "runs", run, `samples_${task}.jsonl`), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => parsePythonJson(line));
}

/** The tasks that a run selects, with its settings in place of theirs. */
export function selectRun(run: string): Selection {
  const settings = settingsOf(run);
  const selection = selectTasks(settings.tasks, indexTasks([resolve(lmEval, "tasks")]));
  const change = (config: TaskConfig): TaskConfig => {
    const own = config.numFewshot;
    const shots = settings.num_fewshot === undefined || own === 0 ? (own ?? 0) : settings.num_fewshot;
    const changed = withNumFewshot(config, shots);
    return settings.gen_kwargs ? withGenerationKwargs(changed, readPairs(settings.gen_kwargs)) : changed;
  };
  return { tasks: selection.tasks.map(change), groups: selection.groups };
}

/** Reads "max_gen_toks=12,do_sample=false". */
function readPairs(text: string): Record<string, unknown> {
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [key, value] = pair.split("=").map((part) => part.trim());
      if (/^(true|false)$/i.test(value)) return [key, value.toLowerCase() === "true"];
      if (!Number.isFinite(Number(value))) return [key, value];
      return [key, value.includes(".") ? Object(Number(value)) : Number(value)];
    }),
  );
}

/** A run's chat template, where it used one. */
export function chatOf(run: string): ChatRenderer | undefined {
  const { chat_template: source, tokenizer_bos_token: bos, tokenizer_eos_token: eos } = resultsOf(run);
  if (source === null) return undefined;
  const template = createChatTemplate(source, { bosToken: bos[0], eosToken: eos[0] });
  return (messages, continued) =>
    template.render({ messages, addGenerationPrompt: !continued, continueFinalMessage: continued });
}

/** A task of a run with its requests. */
export async function prepareOfRun(
  run: string,
  config: TaskConfig,
): Promise<{ task: OpenTask; prepared: PreparedDocument[] }> {
  const settings = settingsOf(run);
  const dataset = await loadDataset(config, { folders: [lmEval] });
  const task = openTask(config, evaluatedDocuments(config, dataset));
  const prepared = await prepareTask(task, dataset, {
    numFewshot: config.numFewshot ?? 0,
    systemInstruction: settings.system_instruction ?? null,
    chat: chatOf(run),
    fewshotAsMultiturn: settings.fewshot_as_multiturn ?? true,
    fewshotSeed: settings.fewshot_random_seed,
    limit: settings.limit,
  });
  return { task, prepared };
}
