// Runs an evaluation: asks what the journal does not hold yet, then scores all.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { runPrograms } from "./code/run-programs.ts";
import type { Journal, JournalEntry } from "./journal/journal.ts";
import type { PreparedRun, PreparedTask } from "./prepare-run.ts";
import { type ScoredGroup, scoreGroups } from "./score/score-group.ts";
import { type AnsweredDocument, type ScoredTask, scoreTask } from "./score/score-task.ts";
import type { AnswerCost, Answered, Question, Subject } from "./subjects/subject.ts";
import type { PreparedDocument } from "./tasks/open-task.ts";

/** How a run is carried out; none of it changes a score but `resamples`, which makes errors. */
export interface EvaluateOptions {
  /** Of the bootstrap. Default 2000. */
  readonly resamples?: number;
  /** Seeds what is drawn. Default 1234. */
  readonly seed?: number;
  readonly journal?: Journal;
  /** Questions asked together. Default 64. */
  readonly batch?: number;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far a run is, in answers of all its tasks. */
export interface RunProgress {
  /** The task that is under way. */
  readonly task: string;
  readonly done: number;
  readonly total: number;
}

/** A task with its answers. */
export interface EvaluatedTask {
  readonly prepared: PreparedTask;
  /** Those of documents without a failed request. */
  readonly answered: readonly EvaluatedDocument[];
  readonly scored: ScoredTask;
  /** Documents that have no score, with the first reason. */
  readonly failed: ReadonlyMap<number, string>;
  readonly cost: AnswerCost;
}

/** A document with its answers and its place in the files. */
export interface EvaluatedDocument extends AnsweredDocument {
  readonly prepared: PreparedDocument;
  /** Of each answer, request by request, where it is known. */
  readonly costs?: readonly AnswerCost[];
}

/** A run with its scores. */
export interface Evaluation {
  readonly tasks: readonly EvaluatedTask[];
  readonly groups: readonly ScoredGroup[];
}

/** lm-evaluation-harness's seed of the other generators. */
export const SAMPLING_SEED = 1234;
const RESAMPLES = 2000;
const BATCH = 64;

/** One question by its place. */
export interface Asked {
  readonly key: string;
  readonly question: Question;
}

/** Asks and scores. A run that is stopped keeps in the journal what was answered. */
export async function evaluate(
  run: PreparedRun,
  subject: Subject,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  return scoreRun(run, await askRun(run, subject, options), options);
}

/** Scores the answers of a run. @throws {BaimoError} `request` where one is not there */
export async function scoreRun(
  run: PreparedRun,
  answers: ReadonlyMap<string, Answered>,
  options: Pick<EvaluateOptions, "resamples" | "seed" | "signal"> = {},
): Promise<Evaluation> {
  const tasks: EvaluatedTask[] = [];
  for (const prepared of run.tasks) tasks.push(await scoreAnswers(prepared, answers, options));
  const scored = new Map(tasks.map(({ scored }) => [scored.config.task, scored]));
  return { tasks, groups: scoreGroups(run.groups, scored) };
}

/** Every question of a task, in order. */
export function questionsOf({ task, documents }: PreparedTask, seed = SAMPLING_SEED): Asked[] {
  const { task: name, repeats } = task.config;
  return documents.flatMap(({ id, requests, hashes }) =>
    requests.flatMap((request, at) =>
      Array.from({ length: repeats }, (_, repeat) => ({
        key: `${name}/${id}/${at}/${repeat}/${hashes.prompt.slice(0, 12)}`,
        question: { request, repeat, seed: seed + id * repeats + repeat },
      })),
    ),
  );
}

/** Every question of a run in batches, each of one task. */
export function batchesOf(
  run: PreparedRun,
  size: number,
  seed?: number,
): { readonly task: string; readonly batch: readonly Asked[] }[] {
  return run.tasks.flatMap((prepared) => {
    const { task } = prepared.task.config;
    return inBatches(questionsOf(prepared, seed), size).map((batch) => ({ task, batch }));
  });
}

const inBatches = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

/** Asks some questions together. */
export async function askBatch(
  batch: readonly Asked[],
  subject: Subject,
  signal?: AbortSignal,
): Promise<JournalEntry[]> {
  const began = performance.now();
  const found = await subject.ask(
    batch.map(({ question }) => question),
    signal,
  );
  const seconds = (performance.now() - began) / 1000 / batch.length;
  return batch.map(({ key }, i) => {
    const { answer, cost, failed } = found[i];
    return { key, answer, cost: { ...cost, seconds }, failed };
  });
}

/** The answers to all questions of a run: what the journal does not hold is asked. */
async function askRun(
  run: PreparedRun,
  subject: Subject,
  { journal, batch: size = BATCH, seed, signal, onProgress }: EvaluateOptions,
): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>();
  const all = run.tasks.map((prepared) => questionsOf(prepared, seed));
  const total = all.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (const [i, questions] of all.entries()) {
    const { task } = run.tasks[i].task.config;
    const open = questions.filter(({ key }) => {
      const known = journal?.answers.get(key);
      if (known === undefined || known.failed !== undefined) return true;
      answers.set(key, known);
      return false;
    });
    done += questions.length - open.length;
    for (const batch of inBatches(open, size)) {
      throwIfAborted(signal, "the evaluation");
      onProgress?.({ task, done, total });
      const entries = await askBatch(batch, subject, signal);
      await journal?.append(entries);
      for (const { key, ...answered } of entries) answers.set(key, answered);
      done += batch.length;
    }
    onProgress?.({ task, done, total });
  }
  return answers;
}

async function scoreAnswers(
  prepared: PreparedTask,
  answers: ReadonlyMap<string, Answered>,
  { resamples = RESAMPLES, seed, signal }: Pick<EvaluateOptions, "resamples" | "seed" | "signal">,
): Promise<EvaluatedTask> {
  const { repeats } = prepared.task.config;
  const all = questionsOf(prepared, seed);
  const failed = new Map<number, string>();
  const answered: EvaluatedDocument[] = [];
  const cost = { promptTokens: 0, completionTokens: 0, seconds: 0, amount: 0 };
  let at = 0;
  for (const document of prepared.documents) {
    const costs: AnswerCost[] = [];
    const own = document.requests.map(() =>
      Array.from({ length: repeats }, () => {
        const found = answers.get(all[at++].key);
        if (!found) throw new BaimoError("request", `there is no answer to document ${document.id}`);
        const { promptTokens, completionTokens, seconds = 0, amount = 0 } = found.cost;
        costs.push(found.cost);
        cost.promptTokens += promptTokens;
        cost.completionTokens += completionTokens;
        cost.seconds += seconds;
        cost.amount += amount;
        if (found.failed !== undefined && !failed.has(document.id)) failed.set(document.id, found.failed);
        return found.answer;
      }),
    );
    if (!failed.has(document.id)) answered.push({ prepared: document, answers: own, costs });
  }
  const verdicts = await runPrograms(prepared.task, answered, signal);
  const scored = scoreTask(prepared.task, answered, resamples, { verdicts, failed: [...failed.keys()] });
  return { prepared, answered, scored, failed, cost };
}
