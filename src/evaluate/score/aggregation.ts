// From the metrics of documents to one score and its standard error.

import { mean, meanError, sum } from "../../statistics/moments.ts";
import { bootstrapError } from "../statistics/bootstrap.ts";
import { brier, f1, type LabelPair, matthews } from "./classification.ts";
import { bleu, bleuStatistics, chrf, chrfStatistics, type Statistics } from "./ngrams.ts";
import { ter, terStatistics } from "./translation-edits.ts";

/** A way to make one number of many. */
interface Aggregation {
  readonly score: (items: readonly unknown[]) => number;
  /** How its error is found; left out, it has none. */
  readonly error?: "formula" | "bootstrap";
}

const numbers = (items: readonly unknown[]): number[] => items.map(Number);
const weighted = (items: readonly unknown[]): number => {
  const pairs = items as readonly (readonly [unknown, unknown])[];
  const [values, weights] = [
    pairs.map(([value]) => Number(value)),
    pairs.map(([, weight]) => Number(weight)),
  ];
  return sum(values) / sum(weights);
};

/** A score of a corpus: statistics of each answer, added up. Those of an item are counted once. */
function corpus(
  count: (reference: string, answer: string) => Statistics,
  score: (all: Statistics) => number,
) {
  return (): Aggregation["score"] => {
    const known = new Map<unknown, Statistics>();
    const statisticsOf = (item: unknown): Statistics => {
      const found = known.get(item);
      if (found) return found;
      const [reference, answer] = item as readonly [string, string];
      const statistics = count(reference, answer);
      known.set(item, statistics);
      return statistics;
    };
    return (items) => {
      const [first, ...others] = items.map(statisticsOf);
      const total = [...first];
      for (const statistics of others) for (const [i, value] of statistics.entries()) total[i] += value;
      return score(total);
    };
  };
}

const plain =
  (score: Aggregation["score"], error?: Aggregation["error"]): (() => Aggregation) =>
  () => ({ score, error });
const ofCorpus =
  (create: () => Aggregation["score"]): (() => Aggregation) =>
  () => ({ score: create(), error: "bootstrap" });

const AGGREGATIONS: Readonly<Record<string, () => Aggregation>> = {
  mean: plain((items) => mean(numbers(items)), "formula"),
  nanmean: plain((items) => mean(numbers(items).filter((value) => !Number.isNaN(value))), "bootstrap"),
  median: plain((items) => numbers(items).sort((a, b) => a - b)[Math.floor(items.length / 2)], "bootstrap"),
  perplexity: plain((items) => Math.exp(-mean(numbers(items))), "bootstrap"),
  weighted_perplexity: plain((items) => Math.exp(-weighted(items))),
  bits_per_byte: plain((items) => -weighted(items) / Math.LN2),
  f1: plain((items) => f1(items as readonly LabelPair[]), "bootstrap"),
  matthews_corrcoef: plain((items) => matthews(items as readonly LabelPair[]), "bootstrap"),
  brier_score: plain((items) => brier(items as Parameters<typeof brier>[0])),
  bleu: ofCorpus(corpus(bleuStatistics, bleu)),
  chrf: ofCorpus(corpus((reference, answer) => chrfStatistics(reference, answer, 0), chrf)),
  "chrf++": ofCorpus(corpus((reference, answer) => chrfStatistics(reference, answer, 2), chrf)),
  ter: ofCorpus(corpus(terStatistics, ter)),
  bypass: plain(() => 999),
};

/** The names of the aggregations. */
export const AGGREGATION_NAMES: readonly string[] = Object.keys(AGGREGATIONS).sort();

const CORPUS_METRICS = new Set(["bleu", "chrf", "chrf++", "ter"]);
const CORPUS_RESAMPLES = 100;

/** A score, and its standard error where there is one. */
export interface Aggregate {
  readonly value: number;
  readonly error: number | null;
}

/**
 * Aggregates the values of a metric.
 *
 * resamples  of the bootstrap, 0 for no errors; scores of whole corpora take at most 100
 */
export function aggregate(
  items: readonly unknown[],
  metric: string,
  aggregation: string,
  resamples: number,
): Aggregate {
  const { score, error } = AGGREGATIONS[aggregation]();
  const value = score(items);
  if (!error || items.length < 2 || resamples === 0) return { value, error: null };
  if (error === "formula") return { value, error: meanError(numbers(items)) };
  const count = CORPUS_METRICS.has(metric) ? Math.min(resamples, CORPUS_RESAMPLES) : resamples;
  return { value, error: bootstrapError(score, items, count) };
}
