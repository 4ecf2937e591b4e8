// The values of a stored task, document by document, so that runs can be paired.
import { isRecord, recordOf } from "../../json.ts";
import { lengthOf } from "../../tokenizers/chat-template/jinja/text.ts";
import type { EvaluatedDocument } from "../run.ts";
import { isShareMetric } from "../score/failed-documents.ts";
import { argmax } from "../score/likeliest.ts";
import { OWN_EXTRACTION } from "../score/opencompass/options.ts";
import { checkScoring } from "../score/score-task.ts";
import { type EvalRequest, wholeText } from "../tasks/eval-request.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import type { StoredRun, StoredTask } from "./stored-run.ts";

/** The filter of OpenCompass's own files: which version's patterns they have is not in them. */
export const OPENCOMPASS_FILTER = "opencompass";
/** The filters whose answers are read as OpenCompass reads them. */
export const LIKE_OPENCOMPASS = [OPENCOMPASS_FILTER, OWN_EXTRACTION, "none"];

/** Metrics in the order in which one is taken for a task. */
const PREFERRED = ["acc_norm", "acc", "exact_match", "acc_bytes", "acc_mutual_info"];

/** A document by which runs are paired. */
export interface Paired {
  readonly id: number;
  /** "" where a run's files do not have it, as those of OpenCompass. */
  readonly documentHash: string;
}

/** One document of a stored task under one filter and metric. */
export interface DocumentValue extends Paired {
  /** What was asked: a text for each request. */
  readonly asked: readonly string[];
  readonly target: string;
  readonly value: number;
  /** The responses and what the filter made of them, as texts. */
  readonly answer: string;
  readonly extracted: string;
  /** By how much the likeliest choice leads, as the metric weighs them; undefined where there are no choices. */
  readonly margin?: number;
}

/** A task's metric. */
export interface TaskValues {
  readonly task: string;
  readonly metric: string;
  readonly filter: string;
  /** The metric as it is shown: of a likelihood over words or bytes the bits of one. */
  readonly label: string;
  /** A share of documents that are right: one that failed counts between 0 and 1. */
  readonly isShare: boolean;
  readonly documents: readonly DocumentValue[];
  /** Documents that have no value, since a request failed. */
  readonly failed: readonly Paired[];
}

/** The metric by which a task is shown: a share of right answers where it has one. */
function mainMetric({ samples }: StoredTask, wanted: string | undefined): string | undefined {
  const [first] = samples;
  if (!first) return undefined;
  // Older versions of lm-evaluation-harness name no metrics.
  const metrics = Array.isArray(first.metrics) ? first.metrics.map(String) : Object.keys(first);
  if (wanted !== undefined && metrics.includes(wanted)) return wanted;
  const preferred = PREFERRED.find((metric) => metrics.includes(metric));
  return preferred ?? metrics.find((metric) => metric !== "doc_id" && numberOf(first[metric]) !== undefined);
}

/** A metric's number; of a likelihood over words or bytes the bits of one. */
function numberOf(stored: unknown): number | undefined {
  if (typeof stored === "number" || stored instanceof Number) return Number(stored);
  if (!Array.isArray(stored) || stored.length !== 2 || typeof stored[0] === "string") return undefined;
  const [logprob, count] = stored.map(Number);
  return Number.isFinite(logprob / count) ? -logprob / count / Math.LN2 : undefined;
}

/**
 * The values of a task's main metric by each filter; of a circular task those of its first order and of all orders.
 *
 * wanted  a metric in place of the main one, where the task has it
 */
export function taskValues(task: StoredTask, wanted?: string): TaskValues[] {
  if (task.samples.length === 0) return unansweredValues(task);
  if (isCircular(task)) return circularValues(task);
  const metric = mainMetric(task, wanted);
  if (metric === undefined) return [];
  const byId = new Map(task.documents.map((document) => [document.prepared.id, document]));
  const label = Array.isArray(task.samples[0]?.[metric]) ? `${metric}, mean bits` : metric;
  const filters = [...new Set(task.samples.map(filterOf))];
  return filters.map((filter) => ({
    task: task.name,
    metric,
    filter,
    label,
    isShare: isShareMetric(metric),
    documents: task.samples
      .filter((sample) => filterOf(sample) === filter)
      .flatMap((sample): DocumentValue[] => {
        const value = numberOf(sample[metric]);
        const document = byId.get(Number(sample.doc_id));
        return value === undefined || !document ? [] : [documentValue(sample, document, { value, metric })];
      }),
    failed: task.failed,
  }));
}

/** Of a task that nothing was answered of: its first metric, by each filter. */
function unansweredValues({ name: task, config, failed }: StoredTask): TaskValues[] {
  const { metrics, pipelines } = checkScoring(config);
  const metric = PREFERRED.find((name) => metrics.some((one) => one.name === name)) ?? metrics[0]?.name;
  if (metric === undefined || failed.length === 0) return [];
  const shown = { task, metric, label: metric, isShare: isShareMetric(metric), documents: [], failed };
  return pipelines.map(({ name: filter }) => ({ ...shown, filter }));
}

function documentValue(
  sample: RawConfig,
  { prepared, answers }: EvaluatedDocument,
  { value, metric }: { readonly value: number; readonly metric: string },
): DocumentValue {
  return {
    id: prepared.id,
    documentHash: prepared.hashes.document,
    asked: prepared.requests.map(wholeText),
    target: String(sample.target),
    value,
    answer: JSON.stringify(sample.resps),
    extracted: JSON.stringify(sample.filtered_resps),
    margin: marginOf(prepared.requests, answers, metric),
  };
}

const filterOf = ({ filter }: RawConfig): string => String(filter ?? "none");

/** Whether a task asked each question with its options in several orders: its samples hold answers, not numbers. */
const isCircular = ({ samples: [first] }: StoredTask): boolean => isRecord(first?.perf_circular);

/** A question counts once: by its first order, and as right in all. */
function circularValues(task: StoredTask): TaskValues[] {
  const byId = new Map(task.documents.map((document) => [document.prepared.id, document]));
  const filters = [...new Set(task.samples.map(filterOf))];
  return filters.flatMap((filter) => {
    const questions = new Map<string, DocumentValue[]>();
    let orders = 1;
    for (const sample of task.samples.filter((one) => filterOf(one) === filter)) {
      const { question, pattern, prediction, reference } = recordOf(
        sample.perf_circular,
        `${task.name}: perf_circular`,
      );
      const document = byId.get(Number(sample.doc_id));
      if (!document) continue;
      orders = String(pattern).length;
      const key = String(question);
      const turns = questions.get(key) ?? [];
      turns.push(documentValue(sample, document, { value: Number(prediction === reference), metric: "acc" }));
      questions.set(key, turns);
    }
    // The orders of a question follow one another.
    const failed = new Map<string, Paired[]>();
    for (const document of task.failed) {
      const key = String(Math.floor(document.id / orders));
      failed.set(key, [...(failed.get(key) ?? []), document]);
    }
    const inAll = (turns: readonly DocumentValue[], key: "answer" | "extracted"): string =>
      JSON.stringify(turns.map((turn) => turn[key]));
    const first: DocumentValue[] = [];
    const every: DocumentValue[] = [];
    for (const [key, turns] of questions) {
      const value = Math.min(...turns.map((turn) => turn.value));
      const missing = failed.get(key) ?? [];
      if (turns[0].id % orders === 0) first.push(turns[0]);
      // One wrong answer says that not all are right, whatever the failed ones were.
      if (missing.length > 0 && value > 0) continue;
      failed.delete(key);
      every.push({
        ...turns[0],
        value,
        answer: inAll(turns, "answer"),
        extracted: inAll(turns, "extracted"),
      });
    }
    const shown = { task: task.name, filter, isShare: true };
    const lost = task.failed.filter(({ id }) => id % orders === 0);
    return [
      { ...shown, metric: "acc_origin", label: "acc_origin", documents: first, failed: lost },
      {
        ...shown,
        metric: "perf_circular",
        label: "perf_circular",
        documents: every,
        failed: Array.from(failed.values(), ([one]) => one),
      },
    ];
  });
}

/** By what a metric divides the likelihood of a choice. */
const LENGTHS: Readonly<Record<string, (choice: string) => number>> = {
  acc_norm: lengthOf,
  acc_bytes: (choice) => Buffer.byteLength(choice),
};

/** By how much the likelihood of another choice must rise, so that it is taken. */
function marginOf(
  requests: readonly EvalRequest[],
  answers: EvaluatedDocument["answers"],
  metric: string,
): number | undefined {
  const logprobs = answers.map(([answer]) => (Array.isArray(answer) ? Number(answer[0]) : Number.NaN));
  const isNormalised = requests.some((one) => one.kind === "prompt_loss" && one.masked !== "");
  // Where choices are scored without their question, too, those come after the others.
  const isTwice = isNormalised || areBare(requests);
  const count = isTwice ? logprobs.length / 2 : logprobs.length;
  if (count < 2 || logprobs.some(Number.isNaN)) return undefined;
  const lengths = requests.map((one) =>
    "continuation" in one ? (LENGTHS[metric]?.(one.continuation.trimStart()) ?? 1) : 1,
  );
  const takesAway = isNormalised || (isTwice && metric === "acc_mutual_info");
  const weighed = logprobs
    .slice(0, count)
    .map((logprob, i) => (takesAway ? logprob - logprobs[count + i] : logprob) / lengths[i]);
  const best = argmax(weighed);
  return Math.min(...weighed.flatMap((one, i) => (i === best ? [] : [(weighed[best] - one) * lengths[i]])));
}

/** Whether the second half has no question, and the first has. */
function areBare(requests: readonly EvalRequest[]): boolean {
  const isBare = (one: EvalRequest) => one.kind === "loglikelihood" && one.context === "";
  const half = requests.length / 2;
  return requests.slice(half).every(isBare) && !requests.slice(0, half).some(isBare);
}

/**
 * The documents that two lists share, in the order of the first: by hash, and of equal ones by their place. Where the files of one
 * have no hashes: by what was asked, else by their place where the right answers are the same.
 */
export function pairDocuments<T extends Paired>(a: readonly T[], b: readonly T[]): [T, T][] {
  const hasHashes = (all: readonly T[]) => all.every(({ documentHash }) => documentHash !== "");
  if (hasHashes(a) && hasHashes(b)) return pairBy(a, b, ({ documentHash }) => documentHash);
  const pairs = pairBy(a, b, askedOf);
  const left = new Set(a);
  const right = new Set(b);
  for (const [one, other] of pairs) {
    left.delete(one);
    right.delete(other);
  }
  const sameTarget = pairBy([...left], [...right], (one) => `${one.id} ${targetOf(one)}`);
  return [...pairs, ...sameTarget].sort(([one], [other]) => one.id - other.id);
}

const askedOf = (one: Paired): string => ("asked" in one ? JSON.stringify(one.asked) : `failed ${one.id}`);
const targetOf = (one: Paired): string => ("target" in one ? String(one.target) : "");

function pairBy<T>(a: readonly T[], b: readonly T[], keyOf: (one: T) => string): [T, T][] {
  const keyed = (all: readonly T[]) => {
    const seen = new Map<string, number>();
    return all.map((one) => {
      const key = keyOf(one);
      const times = seen.get(key) ?? 0;
      seen.set(key, times + 1);
      return [`${key}/${times}`, one] as const;
    });
  };
  const others = new Map(keyed(b));
  return keyed(a).flatMap(([key, one]): [T, T][] => {
    const other = others.get(key);
    return other === undefined ? [] : [[one, other]];
  });
}

/** Whether less of a metric is better. */
export function isLessBetter(run: StoredRun, task: string, metric: string): boolean {
  const all = run.results.higher_is_better as Record<string, Record<string, boolean>> | undefined;
  return all?.[task]?.[metric] === false;
}
