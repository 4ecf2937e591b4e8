// The values of a stored task, document by document, so that runs can be paired.
import { isRecord, recordOf } from "../../json.ts";
import type { EvaluatedDocument } from "../run.ts";
import { argmax } from "../score/likeliest.ts";
import { argumentsOf } from "../tasks/eval-request.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import type { StoredRun, StoredTask } from "./read-run.ts";

/** Metrics in the order in which one is taken for a task. */
const PREFERRED = ["acc_norm", "acc", "exact_match", "acc_bytes", "acc_mutual_info"];

/** One document of a stored task under one filter and metric. */
export interface DocumentValue {
  readonly id: number;
  readonly documentHash: string;
  readonly promptHash: string;
  readonly prompt: string;
  readonly value: number;
  /** The responses and what the filter made of them, as texts. */
  readonly answer: string;
  readonly extracted: string;
  /** By how much the likeliest choice leads; undefined where there are no choices. */
  readonly margin?: number;
}

/** A task's metric. */
export interface TaskValues {
  readonly task: string;
  readonly metric: string;
  readonly filter: string;
  /** The metric as it is shown: of a likelihood over words or bytes the bits of one. */
  readonly label: string;
  readonly documents: readonly DocumentValue[];
}

/** The metric by which a task is shown: a share of right answers where it has one. */
export function mainMetric({ samples }: StoredTask): string | undefined {
  const [first] = samples;
  const metrics = Array.isArray(first?.metrics) ? first.metrics.map(String) : [];
  const preferred = PREFERRED.find((metric) => metrics.includes(metric));
  return preferred ?? metrics.find((metric) => numberOf(first[metric]) !== undefined);
}

/** A metric's number; of a likelihood over words or bytes the bits of one. */
function numberOf(stored: unknown): number | undefined {
  if (typeof stored === "number" || stored instanceof Number) return Number(stored);
  if (!Array.isArray(stored) || stored.length !== 2 || typeof stored[0] === "string") return undefined;
  const [logprob, count] = stored.map(Number);
  return Number.isFinite(logprob / count) ? -logprob / count / Math.LN2 : undefined;
}

/** The values of a task's main metric by each filter; of a circular task those of its first order and of all orders. */
export function taskValues(task: StoredTask): TaskValues[] {
  if (isCircular(task)) return circularValues(task);
  const metric = mainMetric(task);
  if (metric === undefined) return [];
  const byId = new Map(task.documents.map((document) => [document.prepared.id, document]));
  const label = Array.isArray(task.samples[0]?.[metric]) ? `${metric}, mean bits` : metric;
  const filters = [...new Set(task.samples.map(({ filter }) => String(filter)))];
  return filters.map((filter) => ({
    task: task.name,
    metric,
    filter,
    label,
    documents: task.samples
      .filter((sample) => sample.filter === filter)
      .flatMap((sample): DocumentValue[] => {
        const value = numberOf(sample[metric]);
        const document = byId.get(Number(sample.doc_id));
        return value === undefined || !document ? [] : [documentValue(sample, document, value)];
      }),
  }));
}

function documentValue(
  sample: RawConfig,
  { prepared, answers }: EvaluatedDocument,
  value: number,
): DocumentValue {
  const [request] = prepared.requests;
  return {
    id: prepared.id,
    documentHash: prepared.hashes.document,
    promptHash: prepared.hashes.prompt,
    prompt: String(argumentsOf(request)[0]),
    value,
    answer: JSON.stringify(sample.resps),
    extracted: JSON.stringify(sample.filtered_resps),
    margin: marginOf(answers.map(([first]) => first)),
  };
}

/** Whether a task asked each question with its options in several orders: its samples hold answers, not numbers. */
const isCircular = ({ samples: [first] }: StoredTask): boolean => isRecord(first?.perf_circular);

/** A question counts once: by its first order, and as right in all. */
function circularValues(task: StoredTask): TaskValues[] {
  const byId = new Map(task.documents.map((document) => [document.prepared.id, document]));
  const filters = [...new Set(task.samples.map(({ filter }) => String(filter)))];
  return filters.flatMap((filter) => {
    const questions = new Map<string, DocumentValue[]>();
    for (const sample of task.samples.filter((one) => one.filter === filter)) {
      const { question, prediction, reference } = recordOf(
        sample.perf_circular,
        `${task.name}: perf_circular`,
      );
      const document = byId.get(Number(sample.doc_id));
      if (!document) continue;
      const key = String(question);
      const orders = questions.get(key) ?? [];
      orders.push(documentValue(sample, document, Number(prediction === reference)));
      questions.set(key, orders);
    }
    const all = [...questions.values()];
    const inAll = (orders: readonly DocumentValue[], key: "answer" | "extracted"): string =>
      JSON.stringify(orders.map((order) => order[key]));
    return [
      { metric: "acc_origin", documents: all.map(([first]) => first) },
      {
        metric: "perf_circular",
        documents: all.map((orders) => ({
          ...orders[0],
          value: Math.min(...orders.map(({ value }) => value)),
          answer: inAll(orders, "answer"),
          extracted: inAll(orders, "extracted"),
        })),
      },
    ].map(({ metric, documents }) => ({ task: task.name, metric, label: metric, filter, documents }));
  });
}

function marginOf(answers: readonly unknown[]): number | undefined {
  const logprobs = answers.map((answer) => (Array.isArray(answer) ? Number(answer[0]) : Number.NaN));
  if (logprobs.length < 2 || logprobs.some(Number.isNaN)) return undefined;
  const best = argmax(logprobs);
  return logprobs[best] - Math.max(...logprobs.filter((_, i) => i !== best));
}

/** The documents that two runs share, in the order of the first: by hash, and of equal ones by their place. */
export function pairDocuments(a: TaskValues, b: TaskValues): [DocumentValue, DocumentValue][] {
  const keyed = (values: TaskValues) => {
    const seen = new Map<string, number>();
    return values.documents.map((document) => {
      const times = seen.get(document.documentHash) ?? 0;
      seen.set(document.documentHash, times + 1);
      return [`${document.documentHash}/${times}`, document] as const;
    });
  };
  const others = new Map(keyed(b));
  return keyed(a).flatMap(([key, document]): [DocumentValue, DocumentValue][] => {
    const other = others.get(key);
    return other ? [[document, other]] : [];
  });
}

/** Whether less of a metric is better. */
export function isLessBetter(run: StoredRun, task: string, metric: string): boolean {
  const all = run.results.higher_is_better as Record<string, Record<string, boolean>> | undefined;
  return all?.[task]?.[metric] === false;
}
