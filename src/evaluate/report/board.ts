// The board: runs side by side, with intervals, and ranks as sure as the documents make them.

import { mean } from "../../statistics/moments.ts";
import type { Money } from "../../upstream/price.ts";
import { rangeOfShare } from "../score/failed-documents.ts";
import { CORRECTED_EXTRACTION, OWN_EXTRACTION } from "../score/opencompass/options.ts";
import { documentsInterval, type Interval } from "../statistics/intervals.ts";
import { holm } from "../statistics/many-tests.ts";
import { pairedDifference } from "./paired-difference.ts";
import type { StoredRun } from "./stored-run.ts";
import {
  isLessBetter,
  LIKE_OPENCOMPASS,
  OPENCOMPASS_FILTER,
  type TaskValues,
  taskValues,
} from "./task-values.ts";

/** How a task was asked. */
export type AskedAs = "PPL" | "generation" | "circular";

/** A model's score on a task. */
export interface BoardCell {
  readonly model: string;
  /** Null where documents failed: then the score lies in `range`, or is withheld where that is left out. */
  readonly score: number | null;
  /** Where documents failed, of all that the score may be. */
  readonly interval: Interval | null;
  readonly range?: Interval;
  /** Documents that were answered. */
  readonly n: number;
  /** Documents of which a request failed. */
  readonly failed: number;
  /** The ranks that it may have, best first. */
  readonly ranks: readonly [best: number, worst: number];
  /** The share of answered documents in which no answer was found. */
  readonly notExtracted: number;
  /** Documents in which OpenCompass's patterns and the corrected ones find another answer, where both were tried. */
  readonly extractionsDiffer?: number;
  /** Of the run's time for a document; left out where its files do not say it. */
  readonly seconds?: number;
  /** Of a document, where the model has a price. */
  readonly cost?: Money;
}

/** A task on the board. */
export interface BoardRow {
  readonly task: string;
  readonly alias: string;
  readonly metric: string;
  readonly filter: string;
  readonly asked: AskedAs;
  readonly lessIsBetter: boolean;
  readonly cells: readonly BoardCell[];
}

/** The board. */
export interface Board {
  readonly models: readonly string[];
  readonly rows: readonly BoardRow[];
  /** Tasks of runs that are not on it, and why. */
  readonly left: readonly { readonly model: string; readonly task: string; readonly why: string }[];
}

interface Entry {
  readonly run: StoredRun;
  readonly values: TaskValues;
  readonly extractionsDiffer?: number;
}

const SURE = 0.05;

/** Makes a board of stored runs. */
export function makeBoard(given: readonly StoredRun[]): Board {
  const runs = given.map((run) => ({ ...run, model: nameAmong(run, given) }));
  const rows = new Map<string, Entry[]>();
  const without: Board["left"][number][] = [];
  // Those of OpenCompass last: their answers stand beside those that its patterns were used for.
  for (const run of [...runs].sort((a, b) => Number(a.isOpenCompass) - Number(b.isOpenCompass))) {
    for (const task of run.tasks) {
      const all = taskValues(task);
      for (const values of all) {
        if (values.documents.length + values.failed.length === 0) {
          const why = `none of its samples has a number for ${values.metric}`;
          without.push({ model: run.model, task: task.name, why });
          continue;
        }
        const key = rowKey(values, rows);
        const entry = { run, values, extractionsDiffer: extractionsDiffer(values, all) };
        rows.set(key, (rows.get(key) ?? []).concat(entry));
      }
    }
  }
  return {
    models: runs.map(({ model }) => model),
    rows: Array.from(rows.values(), boardRow),
    left: [
      ...runs.flatMap(({ model, left }) => left.map(({ task, why }) => ({ model, task, why }))),
      ...without,
    ],
  };
}

/** A task's row by metric and filter; OpenCompass's own files do not say whose patterns they have. */
function rowKey({ task, metric, filter }: TaskValues, rows: ReadonlyMap<string, unknown>): string {
  const keyOf = (filter: string) => `${task},${metric},${filter}`;
  const same =
    filter === OPENCOMPASS_FILTER ? LIKE_OPENCOMPASS.find((one) => rows.has(keyOf(one))) : undefined;
  return keyOf(same ?? filter);
}

/** A model's name, where several runs have it with that of its folder, or as much of the path as tells them apart. */
export function nameAmong(run: StoredRun, runs: readonly StoredRun[]): string {
  const { model } = run;
  const same = runs.filter((one) => one.model === model);
  if (same.length < 2) return model;
  const isOwn = (nameOf: (one: StoredRun) => string) =>
    same.filter((one) => nameOf(one) === nameOf(run)).length === 1;
  const end = (parts: number) => (one: StoredRun) => one.folder.split(/[/\\]/).slice(-parts).join("/");
  const nameOf = [(one: StoredRun) => one.name, ...[2, 3, 4, 5].map(end)].find(isOwn) ?? end(5);
  return `${model} (${nameOf(run)})`;
}

function boardRow(entries: readonly Entry[]): BoardRow {
  const [{ run, values }] = entries;
  const { task, metric, filter, label } = values;
  const lessIsBetter = isLessBetter(run, task, metric);
  const config = run.tasks.find(({ name }) => name === task)?.config;
  const ranks = rankRanges(entries, lessIsBetter);
  return {
    task,
    alias: config?.alias ?? task,
    metric: label,
    filter,
    asked:
      metric === "perf_circular"
        ? "circular"
        : config?.outputType === "generate_until"
          ? "generation"
          : "PPL",
    lessIsBetter,
    cells: entries.map((entry, i) => boardCell(entry, ranks[i])),
  };
}

function boardCell({ run, values, extractionsDiffer }: Entry, ranks: readonly [number, number]): BoardCell {
  const all = values.documents.map(({ value }) => value);
  const [n, failed] = [all.length, values.failed.length];
  const taken = ownFacts(run, values.task);
  const asked = n + failed;
  return {
    model: run.model,
    ...scoreOf(all, failed, values.isShare),
    n,
    failed,
    ranks,
    notExtracted: n === 0 ? 0 : notExtracted(run, values) / n,
    extractionsDiffer,
    seconds: taken.seconds === undefined ? undefined : taken.seconds / asked,
    cost: taken.cost && { amount: taken.cost.amount / asked, currency: taken.cost.currency },
  };
}

/** A score with its interval; where documents failed, what it may be. */
function scoreOf(
  all: readonly number[],
  failed: number,
  isShare: boolean,
): Pick<BoardCell, "score" | "interval" | "range"> {
  if (failed === 0) return { score: mean(all), interval: documentsInterval(all) };
  if (!isShare) return { score: null, interval: null };
  const ends = (value: number) => documentsInterval([...all, ...Array<number>(failed).fill(value)]);
  const range = rangeOfShare(all.length === 0 ? 0 : mean(all), all.length, failed);
  return { score: null, interval: [ends(0)[0], ends(1)[1]], range };
}

/** In how many documents the two lists of patterns differ; undefined where not both were tried. */
function extractionsDiffer(values: TaskValues, all: readonly TaskValues[]): number | undefined {
  const [own, corrected] = [OWN_EXTRACTION, CORRECTED_EXTRACTION].map((filter) =>
    all.find((one) => one.filter === filter && one.metric === values.metric),
  );
  if (!own || !corrected) return undefined;
  const others = new Map(corrected.documents.map(({ id, extracted }) => [id, extracted]));
  return own.documents.filter(({ id, extracted }) => others.get(id) !== extracted).length;
}

/** What this project's results say of a task besides. */
interface OwnFacts {
  readonly not_extracted?: Readonly<Record<string, number>>;
  readonly seconds?: number;
  readonly cost?: Money;
}

const ownFacts = ({ results }: StoredRun, task: string): OwnFacts =>
  (results.baimo as { tasks?: Record<string, OwnFacts> } | undefined)?.tasks?.[task] ?? {};

/** What this project's results say of it; lm-evaluation-harness says nothing. */
function notExtracted(run: StoredRun, { task, filter, documents }: TaskValues): number {
  const said = ownFacts(run, task).not_extracted?.[filter];
  return said ?? documents.filter(({ extracted }) => extracted === '["[invalid]"]').length;
}

/** A rank is as low as the count of those surely better, and as high as those surely worse allow. */
function rankRanges(entries: readonly Entry[], lessIsBetter: boolean): [number, number][] {
  const pairs = entries.flatMap((a, i) => entries.slice(i + 1).map((b, j) => ({ i, j: i + 1 + j, a, b })));
  const tests = pairs.map(({ a, b }) => {
    const { ends = [0, 0], p } = pairedDifference(a.values, b.values);
    const [difference] = ends;
    return { p, aIsBetter: lessIsBetter ? difference < 0 : difference > 0 };
  });
  const adjusted = holm(tests.map(({ p }) => p));
  const better = entries.map(() => 0);
  const worse = entries.map(() => 0);
  for (const [at, { i, j }] of pairs.entries()) {
    if (adjusted[at] >= SURE) continue;
    const [winner, loser] = tests[at].aIsBetter ? [i, j] : [j, i];
    better[loser]++;
    worse[winner]++;
  }
  return entries.map((_, i) => [1 + better[i], entries.length - worse[i]]);
}
