// A whole run: prompts, journal, answers, and the files of its folder.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256 } from "../sha256.ts";
import { openJournal } from "./journal/journal.ts";
import { FEWSHOT_SEED, type PreparedRun, prepareRun, type RunSettings } from "./prepare-run.ts";
import { everyEvalFiles } from "./report/every-eval-ever.ts";
import { resultsFile, samplesFile, sanitizeModel } from "./report/lm-eval-files.ts";
import { openCompassFiles } from "./report/opencompass-files.ts";
import { factsOf, type RunFacts } from "./report/run-facts.ts";
import { type EvaluateOptions, type Evaluation, evaluate, SAMPLING_SEED } from "./run.ts";
import type { Subject } from "./subjects/subject.ts";

/** How a run is carried out and where its files go. */
export interface FolderRunOptions extends Omit<EvaluateOptions, "journal"> {
  /** Prompts go through the subject's chat template. */
  readonly isChat: boolean;
  /** Where files go; left out, there are none and the run cannot go on once stopped. */
  readonly out?: string;
  /** A hash of the model's file, or an address. */
  readonly identity: string;
  readonly version: string;
  readonly now?: Date;
}

/** A run with its files. */
export interface FolderRun {
  readonly evaluation: Evaluation;
  readonly facts: RunFacts;
  /** The folder that holds the files. */
  readonly folder?: string;
}

/** Builds the requests of a run for a subject. */
export function prepareFor(subject: Subject, settings: RunSettings, isChat: boolean): Promise<PreparedRun> {
  const { chat, contextLength } = subject;
  return prepareRun(settings, {
    chat: isChat ? chat?.render : undefined,
    ownChat: chat?.render,
    contextLength,
  });
}

/** Runs, or goes on where a run of the same questions was stopped, and writes the files. */
export async function runInFolder(
  prepared: PreparedRun,
  subject: Subject,
  settings: RunSettings,
  options: FolderRunOptions,
): Promise<FolderRun> {
  const run = await openFolderRun(prepared, subject, settings, options);
  return run();
}

/** The same in two steps: what was spent before is counted when this has opened the journal, and nothing is asked before the run. */
export async function openFolderRun(
  prepared: PreparedRun,
  subject: Subject,
  settings: RunSettings,
  options: FolderRunOptions,
): Promise<() => Promise<FolderRun>> {
  const { out, identity, version, isChat, now = new Date(), resamples = 2000, seed } = options;
  const folder = out === undefined ? undefined : join(out, sanitizeModel(subject.name));
  const header = {
    run: await runHash(prepared, subject, options),
    started: now.toISOString(),
    facts: {
      version,
      model: subject.name,
      identity,
      seed: seed ?? SAMPLING_SEED,
      fewshot_seed: settings.fewshotSeed ?? FEWSHOT_SEED,
      price: subject.price,
      tasks: Object.fromEntries(prepared.tasks.map(({ task, source }) => [task.config.task, source])),
    },
  };
  const path = folder === undefined ? undefined : join(folder, "journal.jsonl");
  const journal = path === undefined ? undefined : await openJournal(path, header);
  if (journal) subject.resume?.([...journal.answers.values()]);
  const started = journal?.header.started ?? header.started;
  const facts = factsOf(settings, subject, { identity, version, started, resamples, seed, isChat });
  return async () => {
    try {
      const evaluation = await evaluate(prepared, subject, { ...options, resamples, journal });
      if (folder !== undefined) await writeFiles(folder, evaluation, facts);
      return { evaluation, facts, folder };
    } finally {
      await journal?.close();
    }
  };
}

/** What makes two runs the same: the model, and every question with its settings. */
async function runHash(run: PreparedRun, subject: Subject, options: FolderRunOptions): Promise<string> {
  const tasks = run.tasks.map(({ task, documents }) => [
    task.config.task,
    task.config.repeats,
    documents.map(({ hashes, requests }) => [hashes.document, hashes.prompt, requests.length]),
    task.config.generationKwargs,
  ]);
  const text = JSON.stringify([options.identity, subject.name, options.isChat, options.seed ?? null, tasks]);
  return sha256(text);
}

/** Writes every file beside its place and moves it there, so that none is ever half written. */
async function writeFiles(folder: string, evaluation: Evaluation, facts: RunFacts): Promise<void> {
  const date = facts.started.replace("Z", "").replaceAll(":", "-");
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.part`, text);
    await rename(`${path}.part`, path);
  };
  for (const task of evaluation.tasks) {
    await write(`samples_${task.scored.config.task.replace(/[/\\]/g, "_")}_${date}.jsonl`, samplesFile(task));
  }
  const files = await everyEvalFiles(evaluation, facts);
  await write(join(files.folder, `${files.name}.json`), files.evaluation);
  await write(join(files.folder, `${files.name}_samples.jsonl`), files.instances);
  for (const { path, text } of openCompassFiles(evaluation, facts)) await write(path, text);
  await write(`results_${date}.json`, await resultsFile(evaluation, facts));
}
