// Scores a task: every document through every pipeline, then the aggregates.
import type { Verdicts } from "../code/program.ts";
import type { OpenTask, PreparedDocument } from "../tasks/open-task.ts";
import type { TaskConfig } from "../tasks/task-config.ts";
import { type Aggregate, aggregate } from "./aggregation.ts";
import { isShareMetric, type PartialScore, rangeOfShare } from "./failed-documents.ts";
import { createPipelines, type FilterPipeline } from "./filters.ts";
import { type Metric, metricsOf } from "./metrics.ts";
import { createDocumentScorer, type DocumentScores, type Likelihood } from "./score-document.ts";

/** One answer of a model: to a choice, to a rolling text, to a prompt. */
export type Answer = Likelihood | number | string;

/** A document and the answers to its requests, each as often as it was asked. */
export interface AnsweredDocument {
  readonly prepared: Pick<PreparedDocument, "id" | "document">;
  readonly answers: readonly (readonly Answer[])[];
}

/** A document as one pipeline scores it. */
export interface ScoredSample {
  readonly id: number;
  readonly filter: string;
  readonly filtered: readonly unknown[];
  readonly scores: DocumentScores;
}

/** An aggregate of a metric and a pipeline. */
export interface TaskScore extends Aggregate, PartialScore {
  readonly metric: string;
  readonly filter: string;
  readonly higherIsBetter: boolean;
  readonly count: number;
}

/** A task's scores. */
export interface ScoredTask {
  readonly config: TaskConfig;
  readonly scores: readonly TaskScore[];
  readonly samples: readonly ScoredSample[];
  /** Documents that were scored. */
  readonly count: number;
  /** Documents that have no answer, since a request failed. */
  readonly failed: number;
  /** Documents in which a pipeline found no answer, by its name: they count as wrong. */
  readonly notExtracted: ReadonlyMap<string, number>;
  /** Documents whose right answer is none of their choices: they count as wrong. */
  readonly labelsMissing: number;
}

/** What can be checked of a task's scoring before a model is asked. */
export function checkScoring(config: TaskConfig): { metrics: Metric[]; pipelines: FilterPipeline[] } {
  return { metrics: metricsOf(config), pipelines: createPipelines(config) };
}

/**
 * Scores answers. Pure: the same documents, answers and, of programs, verdicts give the same scores.
 *
 * failed  the numbers of documents that have no answer, beside those that were answered
 */
export function scoreTask(
  task: OpenTask,
  answered: readonly AnsweredDocument[],
  resamples: number,
  { verdicts, failed = [] }: { readonly verdicts?: Verdicts; readonly failed?: readonly number[] } = {},
): ScoredTask {
  const { metrics, pipelines } = checkScoring(task.config);
  const score = createDocumentScorer(task, metrics, verdicts);
  const samples: ScoredSample[] = [];
  const notExtracted = new Map<string, number>();
  const labelsMissing = new Set<number>();
  for (const { name: filter, apply, fallbacks } of pipelines) {
    let missed = 0;
    for (const { prepared, answers } of answered) {
      const filtered = answers.map((all) => apply(all, prepared.document));
      const { scores, labelMissing } = score(prepared.document, filtered);
      if (labelMissing) labelsMissing.add(prepared.id);
      if (filtered.some((one) => fallbacks.has(one))) missed++;
      samples.push({ id: prepared.id, filter, filtered, scores });
    }
    notExtracted.set(filter, missed);
  }
  const scores = pipelines.flatMap(({ name: filter }) =>
    inOrder(samples, metrics).map(({ name: metric, aggregation, higherIsBetter, ends }): TaskScore => {
      const items = samples
        .filter((sample) => sample.filter === filter)
        .map((sample) => sample.scores[metric]);
      const count = items.length;
      const { value, error } =
        count === 0
          ? { value: Number.NaN, error: null }
          : typeof aggregation === "string"
            ? aggregate(items, metric, aggregation, resamples)
            : { value: aggregation(items), error: null };
      const isShare = aggregation === "mean" && isShareMetric(metric);
      const range =
        failed.length === 0
          ? undefined
          : (ends?.(items, failed) ?? (isShare ? rangeOfShare(value, count, failed.length) : undefined));
      return { metric, filter, higherIsBetter, count, value, error, failed: failed.length, range };
    }),
  );
  return {
    config: task.config,
    scores,
    samples,
    count: answered.length,
    failed: failed.length,
    notExtracted,
    labelsMissing: labelsMissing.size,
  };
}

/** The metrics in the order in which documents have them; what a function gives besides is averaged. */
function inOrder(
  [first]: readonly (ScoredSample | undefined)[],
  metrics: readonly Metric[],
): readonly Metric[] {
  if (!first) return metrics;
  return Object.keys(first.scores).flatMap((name) => {
    const own = metrics.filter((metric) => metric.name === name);
    return own.length > 0 ? own : [{ name, aggregation: "mean", higherIsBetter: true, options: {} }];
  });
}
