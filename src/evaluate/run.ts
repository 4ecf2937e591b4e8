// Runs an evaluation: asks what the journal does not hold yet, then scores all.
import { BaimoError, throwIfAborted } from "../errors.ts";
import { runPrograms } from "./code/run-programs.ts";
import type { Journal, JournalEntry } from "./journal/journal.ts";
import type { PreparedRun, PreparedTask } from "./prepare-run.ts";
import { type ScoredGroup, scoreGroups } from "./score/score-group.ts";
import { type AnsweredDocument, type ScoredTask, scoreTask } from "./score/score-task.ts";
import type { AnswerCost, Answered, Question, Subject } from "./subjects/subject.ts";
import type { PreparedDocument } from "./tasks/open-task.ts";
import type { Group } from "./tasks/select-tasks.ts";

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
interface Asked {
  readonly key: string;
  readonly question: Question;
}

/** Asks and scores. A run that is stopped keeps in the journal what was answered. */
export async function evaluate(
  run: PreparedRun,
  subject: Subject,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const tasks: EvaluatedTask[] = [];
  const counts = run.tasks.map(countOf);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let before = 0;
  for (const [i, prepared] of run.tasks.entries()) {
    const onProgress = ({ task, done }: RunProgress) =>
      options.onProgress?.({ task, done: before + done, total });
    tasks.push(await evaluateTask(prepared, subject, { ...options, onProgress }));
    before += counts[i];
  }
  return { tasks, groups: groupsOf(run.groups, tasks) };
}

const groupsOf = (groups: readonly Group[], tasks: readonly EvaluatedTask[]): ScoredGroup[] =>
  scoreGroups(groups, new Map(tasks.map(({ scored }) => [scored.config.task, scored])));

/** How many questions a task has. */
const countOf = ({ task, documents }: PreparedTask): number =>
  task.config.repeats * documents.reduce((sum, { requests }) => sum + requests.length, 0);

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

async function evaluateTask(
  prepared: PreparedTask,
  subject: Subject,
  options: EvaluateOptions,
): Promise<EvaluatedTask> {
  const { journal, batch = BATCH, onProgress, signal, resamples = RESAMPLES } = options;
  const all = questionsOf(prepared, options.seed);
  const answers = new Map<string, Answered>();
  for (const { key } of all) {
    const known = journal?.answers.get(key);
    if (known && known.failed === undefined) answers.set(key, known);
  }
  const open = all.filter(({ key }) => !answers.has(key));
  const { task } = prepared.task.config;
  for (let from = 0; from < open.length; from += batch) {
    throwIfAborted(signal, "the evaluation");
    onProgress?.({ task, done: all.length - open.length + from, total: all.length });
    const some = open.slice(from, from + batch);
    const began = performance.now();
    const found = await subject.ask(
      some.map(({ question }) => question),
      signal,
    );
    const seconds = (performance.now() - began) / 1000 / some.length;
    const entries = some.map(({ key }, i): JournalEntry => {
      const { answer, cost, failed } = found[i];
      return { key, answer, cost: { ...cost, seconds }, failed };
    });
    await journal?.append(entries);
    for (const { key, ...answered } of entries) answers.set(key, answered);
  }
  onProgress?.({ task, done: all.length, total: all.length });
  return scoreAnswers(prepared, all, answers, { resamples, signal });
}

async function scoreAnswers(
  prepared: PreparedTask,
  all: readonly Asked[],
  answers: ReadonlyMap<string, Answered>,
  { resamples, signal }: { readonly resamples: number; readonly signal?: AbortSignal },
): Promise<EvaluatedTask> {
  const { repeats } = prepared.task.config;
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
  const scored = scoreTask(prepared.task, answered, resamples, { verdicts, failed: failed.size });
  return { prepared, answered, scored, failed, cost };
}
