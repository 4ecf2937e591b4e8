// Everything of a run that needs no model: tasks, data, prompts, and what would fail later.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BaimoError } from "../errors.ts";
import type { PullOptions } from "../formats/hub/pull-options.ts";
import { checkSandbox } from "./code/sandbox.ts";
import { type DataSource, loadDataset } from "./datasets/dataset.ts";
import { checkScoring } from "./score/score-task.ts";
import { checkGenerationKeys, generationSettings } from "./tasks/generation-settings.ts";
import type { RawConfig } from "./tasks/load-yaml.ts";
import {
  evaluatedDocuments,
  type OpenTask,
  openTask,
  type PreparedDocument,
  prepareTask,
} from "./tasks/open-task.ts";
import { type Group, selectTasks } from "./tasks/select-tasks.ts";
import { type TaskConfig, withGenerationKwargs, withNumFewshot, withRepeats } from "./tasks/task-config.ts";
import { indexTasks } from "./tasks/task-index.ts";
import type { ChatRenderer } from "./tasks/turns.ts";

/** What is evaluated, and how it is asked. */
export interface RunSettings {
  /** Names of tasks, groups and tags, names with `*`, or paths of YAML files. */
  readonly tasks: readonly string[];
  /** Folders of YAML files. */
  readonly includePaths: readonly string[];
  readonly numFewshot?: number;
  readonly limit?: number;
  readonly fewshotSeed?: number;
  readonly systemInstruction?: string;
  readonly fewshotAsMultiturn?: boolean;
  readonly repeats?: number;
  readonly generationKwargs?: RawConfig;
  /** The Hub's cache, where datasets are found; unless `offline`, what it lacks is downloaded. Left out, there is none. */
  readonly hub?: PullOptions;
}

/** lm-evaluation-harness's seed of the few-shot generator. */
export const FEWSHOT_SEED = 1234;

/** A task with all that is asked. */
export interface PreparedTask {
  readonly task: OpenTask;
  readonly documents: readonly PreparedDocument[];
  readonly source: DataSource;
}

/** A run that can be asked. */
export interface PreparedRun {
  readonly tasks: readonly PreparedTask[];
  readonly groups: readonly Group[];
}

/** What of a model prompts depend on. */
export interface PromptTarget {
  /** Left out: prompts are plain text. */
  readonly chat?: ChatRenderer;
  /** The model's own template, for tasks that ask for it (`metadata.apply_chat_template`). */
  readonly ownChat?: ChatRenderer;
  /** Tokens of prompt and answer together, where they are known. */
  readonly contextLength?: number;
}

/**
 * Reads tasks and data and builds every request.
 * @throws {BaimoError} for all that can be found wrong before a model is asked, with file and key
 */
export async function prepareRun(settings: RunSettings, target: PromptTarget = {}): Promise<PreparedRun> {
  const { tasks: names, includePaths } = settings;
  if (names.length === 0)
    throw new BaimoError("request", "no task is named; baimo eval --list shows those there are");
  checkGenerationKeys(settings.generationKwargs ?? {});
  const selection = selectTasks(names, indexTasks(includePaths.map((path) => resolve(path))));
  const tasks: PreparedTask[] = [];
  for (const found of selection.tasks)
    tasks.push(await prepare(configured(found, settings), settings, target));
  return { tasks, groups: selection.groups };
}

/** A task with the run's settings in place of its own; 0 shots that a task asks for stay. */
export function configured(config: TaskConfig, settings: RunSettings): TaskConfig {
  const own = config.numFewshot;
  const isFixed = own === 0 || config.build !== null;
  const shots = settings.numFewshot === undefined || isFixed ? (own ?? 0) : settings.numFewshot;
  let changed = withNumFewshot(config, shots);
  if (settings.generationKwargs) changed = withGenerationKwargs(changed, settings.generationKwargs);
  return settings.repeats === undefined ? changed : withRepeats(changed, settings.repeats);
}

async function prepare(
  config: TaskConfig,
  settings: RunSettings,
  target: PromptTarget,
): Promise<PreparedTask> {
  if (config.unsafeCode) {
    throw new BaimoError(
      "request",
      `${config.where}: unsafe_code: the task runs Python that a model writes, which no sandbox in Node holds; baimo does not`,
    );
  }
  checkScoring(config);
  if (config.code) await checkSandbox();
  checkRoom(config, target);
  const dataset = await loadDataset(config, {
    folders: dataFolders(settings.includePaths),
    hub: settings.hub,
  });
  const task = openTask(config, evaluatedDocuments(config, dataset));
  const documents = await prepareTask(task, dataset, {
    numFewshot: config.numFewshot ?? 0,
    systemInstruction: settings.systemInstruction ?? null,
    chat: target.chat ?? (config.metadata.apply_chat_template === true ? target.ownChat : undefined),
    fewshotAsMultiturn: settings.fewshotAsMultiturn ?? true,
    fewshotSeed: settings.fewshotSeed ?? FEWSHOT_SEED,
    limit: settings.limit,
  });
  return { task, documents, source: dataset.source };
}

/** Where a task's relative paths may begin: the working folder, then the tasks' folders and those around them. */
const dataFolders = (includePaths: readonly string[]): string[] =>
  [".", ...includePaths.flatMap((path) => [path, dirname(resolve(path))])]
    .map((path) => resolve(path))
    .filter(existsSync);

function checkRoom(config: TaskConfig, { contextLength }: PromptTarget): void {
  if (config.outputType !== "generate_until" || contextLength === undefined) return;
  const { maxTokens } = generationSettings(config.generationKwargs ?? {}, config.where);
  if (maxTokens < contextLength) return;
  throw new BaimoError(
    "context",
    `${config.where}: generation_kwargs.max_gen_toks: an answer of ${maxTokens} tokens leaves no room for the prompt ` +
      `in a context of ${contextLength}; set a smaller one`,
  );
}
