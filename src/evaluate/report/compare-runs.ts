// Two runs of the same documents: how much they differ, how sure that is, and why.
import { mean } from "../../statistics/moments.ts";
import type { Interval } from "../statistics/intervals.ts";
import { holm } from "../statistics/many-tests.ts";
import { differences, leastDifference, pairedBootstrap, pairedError } from "../statistics/paired.ts";
import { nameAmong } from "./board.ts";
import { type Change, type ChangedDocument, changeOf, isOtherPrompt } from "./document-change.ts";
import { pairedDifference } from "./paired-difference.ts";
import { type PromptDifference, promptDifferences } from "./prompt-difference.ts";
import { type SettingDifference, settingDifferences } from "./setting-differences.ts";
import type { StoredRun } from "./stored-run.ts";
import { isLessBetter, LIKE_OPENCOMPASS, pairDocuments, type TaskValues, taskValues } from "./task-values.ts";

/** A task in both runs. */
export interface TaskComparison {
  readonly task: string;
  readonly metric: string;
  readonly filter: string;
  readonly lessIsBetter: boolean;
  /** Documents answered in both. */
  readonly pairs: number;
  /** Documents that only one of the runs has. */
  readonly unpaired: number;
  /** Documents of which a request failed in one of the runs: of all but `p`, `test` and `ends` they are left out. */
  readonly failed: number;
  /** Where documents failed, a - b from the worst to the best that they allow; left out where these have no ends. */
  readonly ends?: Interval;
  readonly a: number;
  readonly b: number;
  /** a - b. */
  readonly difference: number;
  readonly interval: Interval;
  /** McNemar's exact p where scores are right or wrong, else Student's; the largest that failed documents allow. */
  readonly p: number;
  readonly test: "McNemar" | "t";
  /** p after Holm over the tasks. */
  readonly holm: number;
  /** The least difference that so many documents show in four cases of five. */
  readonly least: number;
  /** Documents with another score, by reason. */
  readonly changes: Readonly<Record<Change, readonly number[]>>;
  /** Documents with another prompt. */
  readonly otherPrompts: number;
  /** How they differ, the commonest way first; three at most. */
  readonly promptDifferences: readonly PromptDifference[];
}

/** The comparison. */
export interface RunComparison {
  readonly a: string;
  readonly b: string;
  readonly tasks: readonly TaskComparison[];
  /** Documents with another score, over all tasks; of a task with several filters each counts once. */
  readonly changed: number;
  /** What differs, first what explains most of the changed documents. */
  readonly settings: readonly SettingDifference[];
  /** Tasks that only one run has. */
  readonly missing: readonly string[];
  /** Tasks of which fewer than two documents are answered in both. */
  readonly tooFew: readonly string[];
  /** Tasks that a run has, but not document by document, and why. */
  readonly left: readonly { readonly run: "a" | "b"; readonly task: string; readonly why: string }[];
}

/** Likelihoods that differ by less are the same: so much two implementations differ. */
const SAME = 1e-3;
const MOST_WAYS = 3;

/** Compares two stored runs, of this project, lm-evaluation-harness or OpenCompass. */
export function compareRuns(a: StoredRun, b: StoredRun): RunComparison {
  const other = new Map(b.tasks.map((task) => [task.name, task]));
  const changed = new Map<string, ChangedDocument>();
  const found = a.tasks.flatMap((task) => {
    const same = other.get(task.name);
    if (!same) return [];
    // OpenCompass has the share of right answers alone.
    const isAcross = a.isOpenCompass !== b.isOpenCompass;
    const values = taskValues(same, isAcross ? "acc" : undefined);
    return taskValues(task, isAcross ? "acc" : undefined).flatMap((one) => {
      const match = isAcross ? sameShare(one, values) : sameMeasure(one, values);
      if (!match) return [];
      const compared = compareTask(one, match, isLessBetter(a, one.task, one.metric));
      const hasShots = [task, same].every(({ config }) => (config.numFewshot ?? 0) > 0);
      for (const document of compared.changed) {
        const key = `${one.task}/${document.a.id}`;
        if (!changed.has(key)) changed.set(key, { ...document, hasShots });
      }
      return compared.task;
    });
  });
  const adjusted = holm(found.map(({ p }) => p));
  const names = new Set(a.tasks.map(({ name }) => name));
  return {
    a: nameAmong(a, [a, b]),
    b: nameAmong(b, [a, b]),
    tasks: found.map((task, i) => ({ ...task, holm: adjusted[i] })),
    changed: changed.size,
    settings: settingDifferences(a, b, [...changed.values()]),
    missing: [
      ...a.tasks.filter(({ name }) => !other.has(name)),
      ...b.tasks.filter(({ name }) => !names.has(name)),
    ].map(({ name }) => name),
    tooFew: a.tasks
      .map(({ name }) => name)
      .filter((name) => other.has(name) && !found.some(({ task }) => task === name)),
    left: [
      ...a.left.map((one) => ({ run: "a" as const, ...one })),
      ...b.left.map((one) => ({ run: "b" as const, ...one })),
    ],
  };
}

const sameMeasure = (one: TaskValues, others: readonly TaskValues[]): TaskValues | undefined =>
  others.find(({ metric, filter }) => metric === one.metric && filter === one.filter);

/** Of OpenCompass's run and another the values whose answers are read in the same way, one order of options at a time. */
function sameShare(one: TaskValues, others: readonly TaskValues[]): TaskValues | undefined {
  const isLike = ({ isShare, metric, filter }: TaskValues) =>
    isShare && metric !== "perf_circular" && LIKE_OPENCOMPASS.includes(filter);
  return isLike(one) ? others.find(isLike) : undefined;
}

function compareTask(
  a: TaskValues,
  b: TaskValues,
  lessIsBetter: boolean,
): {
  readonly task: Omit<TaskComparison, "holm">[];
  readonly changed: readonly Omit<ChangedDocument, "hasShots">[];
} {
  const pairs = pairDocuments(a.documents, b.documents);
  if (pairs.length < 2) return { task: [], changed: [] };
  const [own, others] = [pairs.map(([one]) => one.value), pairs.map(([, one]) => one.value)];
  const { ends, test, p, pairs: all, failed } = pairedDifference(a, b);
  const changes: Record<Change, number[]> = { prompt: [], answer: [], extraction: [], tie: [] };
  const least = a.isShare ? 0 : SAME;
  const changed = pairs
    .filter(([one, other]) => Math.abs(one.value - other.value) > least)
    .map(([one, other]) => ({ task: a.task, change: changeOf(one, other), a: one, b: other }));
  for (const { change, a: one } of changed) changes[change].push(one.id);
  const otherPrompts = pairs.filter(([one, other]) => isOtherPrompt(one, other));
  const ways = promptDifferences(
    otherPrompts.map(([one, other]) => ({ document: one.id, a: one.asked, b: other.asked })),
  );
  const task = {
    task: a.task,
    metric: a.label,
    filter: a.filter,
    lessIsBetter,
    pairs: pairs.length,
    unpaired: countOf(a) + countOf(b) - 2 * all,
    failed,
    ends: failed > 0 ? ends : undefined,
    a: mean(own),
    b: mean(others),
    difference: mean(differences(own, others)),
    interval: pairedBootstrap(own, others).interval,
    p,
    test,
    least: leastDifference(pairedError(own, others)),
    changes,
    otherPrompts: otherPrompts.length,
    promptDifferences: ways.slice(0, MOST_WAYS),
  };
  return { task: [task], changed };
}

const countOf = ({ documents, failed }: TaskValues): number => documents.length + failed.length;
