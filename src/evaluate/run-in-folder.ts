// A whole run: prompts, journal, answers, and the files of its folder.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BaimoError } from "../errors.ts";
import { brief } from "../json.ts";
import { sha256 } from "../sha256.ts";
import { askShared } from "./ask-shared.ts";
import { type Journal, type JournalHeader, openJournal, readJournal } from "./journal/journal.ts";
import type { SharedPlace } from "./journal/shared-batches.ts";
import {
  FEWSHOT_SEED,
  type PreparedRun,
  type PreparedTask,
  prepareRun,
  type RunSettings,
} from "./prepare-run.ts";
import { everyEvalFiles } from "./report/every-eval-ever.ts";
import { resultsFile, samplesFile, sanitizeModel } from "./report/lm-eval-files.ts";
import { openCompassFiles } from "./report/opencompass-files.ts";
import { factsOf, type RunFacts } from "./report/run-facts.ts";
import { type EvaluateOptions, type Evaluation, evaluate, SAMPLING_SEED, scoreRun } from "./run.ts";
import type { Answered, Subject } from "./subjects/subject.ts";

/** How a run is carried out and where its files go. */
export interface FolderRunOptions extends Omit<EvaluateOptions, "journal"> {
  /** Prompts go through the subject's chat template. */
  readonly isChat: boolean;
  /** Where files go; left out, there are none and the run cannot go on once stopped. */
  readonly out?: string;
  /** Where other machines ask the same run; each writes the files of all answers, where it has an `out`. */
  readonly share?: SharedPlace;
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

/** Builds the requests of a run for a subject. @throws {BaimoError} as `prepareRun`; `request` for a chat that has no template */
export async function prepareFor(
  subject: Subject,
  settings: RunSettings,
  isChat: boolean,
): Promise<PreparedRun> {
  const { chat, contextLength } = subject;
  if (isChat && !chat)
    throw new BaimoError(
      "request",
      `${subject.name} has no chat template, so that nothing can be asked through it; leave out --apply-chat-template`,
    );
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
  if (folder !== undefined) for (const { task } of prepared.tasks) checkFileName(task.config.task);
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
  const factsSince = (started: string) =>
    factsOf(settings, subject, { identity, version, started, resamples, seed, isChat });
  if (options.share) {
    const place = options.share;
    return () => runShared(prepared, subject, settings, options, { place, folder, path, header, factsSince });
  }
  const journal = path === undefined ? undefined : await openJournal(path, header);
  if (journal) subject.resume?.([...journal.answers.values()]);
  const facts = factsSince(journal?.header.started ?? header.started);
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

/** Where a shared run is kept, and what its files begin with. */
interface SharedFiles {
  readonly place: SharedPlace;
  readonly folder?: string;
  readonly path?: string;
  readonly header: JournalHeader;
  readonly factsSince: (started: string) => RunFacts;
}

/** With other machines: when all is answered the journal gets its lines in the order of the questions, and files follow as ever. */
async function runShared(
  prepared: PreparedRun,
  subject: Subject,
  settings: RunSettings,
  options: FolderRunOptions,
  { place, folder, path, header, factsSince }: SharedFiles,
): Promise<FolderRun> {
  const own = path === undefined ? undefined : await readJournal(path, header);
  const started = own?.known?.started ?? header.started;
  const questions = {
    place,
    settings: await sharedSettings(prepared, settings, factsSince(started)),
    started,
    known: own?.answers ?? new Map<string, Answered>(),
  };
  const shared = await askShared(prepared, subject, questions, options);
  try {
    const answers = await shared.answers();
    const evaluation = await scoreRun(prepared, answers, options);
    if (folder === undefined || path === undefined)
      return { evaluation, facts: factsSince(shared.started), folder };
    return await shared.inTurn(async () => {
      const journal = await openJournal(path, { ...header, started: shared.started });
      try {
        await appendNew(journal, answers);
        const facts = factsSince(journal.header.started);
        await writeFiles(folder, evaluation, facts);
        return { evaluation, facts, folder };
      } finally {
        await journal.close();
      }
    });
  } finally {
    await shared.close();
  }
}

/** Lines of a journal that are written together. */
const LINES = 1000;

async function appendNew(journal: Journal, answers: ReadonlyMap<string, Answered>): Promise<void> {
  const entries = [...answers].filter(([key, { failed }]) => {
    const before = journal.answers.get(key);
    return !before || (before.failed !== undefined && failed === undefined);
  });
  for (let from = 0; from < entries.length; from += LINES)
    await journal.append(
      entries.slice(from, from + LINES).map(([key, answered]) => Object.assign({ key }, answered)),
    );
}

/** What machines that share a run must have alike, by name: all that its files say, and the questions of each task. */
async function sharedSettings(
  { tasks }: PreparedRun,
  { numFewshot, repeats }: RunSettings,
  { started, subject, ...facts }: RunFacts,
): Promise<Record<string, unknown>> {
  const hashes = await Promise.all(
    tasks.map(async (task) => [
      `questions of ${task.task.config.task}`,
      (await sha256(JSON.stringify(questionsText(task)))).slice(0, 12),
    ]),
  );
  return { ...facts, ...subject, numFewshot, repeats, ...Object.fromEntries(hashes) };
}

/** What makes two runs the same: the model, and every question with its settings. */
async function runHash(run: PreparedRun, subject: Subject, options: FolderRunOptions): Promise<string> {
  const tasks = run.tasks.map(questionsText);
  const text = JSON.stringify([options.identity, subject.name, options.isChat, options.seed ?? null, tasks]);
  return sha256(text);
}

const questionsText = ({ task, documents }: PreparedTask) => [
  task.config.task,
  task.config.repeats,
  documents.map(({ hashes, requests }) => [hashes.document, hashes.prompt, requests.length]),
  task.config.generationKwargs,
];

/** A name that a file can have, with a date behind it. */
const LONGEST_NAME = 200;

/** @throws {BaimoError} `request` for a task whose name cannot be a file's: found at the end, it would be found too late */
function checkFileName(task: string): void {
  const length = Buffer.byteLength(task);
  const fault =
    length > LONGEST_NAME ? `has ${length} bytes` : /\p{Cc}/u.test(task) && "has a control character";
  if (!fault) return;
  throw new BaimoError(
    "request",
    `the task ${brief(task)} ${fault}, and its files are called by its name; name it in at most ${LONGEST_NAME} bytes of plain text`,
  );
}

/** Writes every file beside its place and moves it there, so that none is ever half written. */
async function writeFiles(folder: string, evaluation: Evaluation, facts: RunFacts): Promise<void> {
  const date = facts.started.replace("Z", "").replaceAll(":", "-");
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.part`, text);
      await rename(`${path}.part`, path);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = `${path} cannot be written (${code ?? message}); the answers stand in the journal, and the same command writes it`;
      throw new BaimoError("request", why, { cause });
    }
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
