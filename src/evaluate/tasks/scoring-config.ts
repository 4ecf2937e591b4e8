// The configuration of a task's metrics and filters.
import { brief, isRecord } from "../../json.ts";
import { PortedFunction } from "../functions/find-function.ts";
import type { Interval } from "../statistics/intervals.ts";
import { configError } from "./config-error.ts";
import type { RawConfig } from "./load-yaml.ts";

/** One metric with its options. */
export interface MetricConfig {
  readonly metric: string;
  readonly aggregation?: string | ((items: readonly unknown[]) => number);
  readonly higherIsBetter?: boolean;
  readonly options: RawConfig;
  /** What a function's score may be where documents of these numbers failed. */
  readonly ends?: (items: readonly unknown[], failed: readonly number[]) => Interval;
}

/** A pipeline of filters. */
export interface FilterConfig {
  readonly name: string;
  readonly filter: readonly { readonly function: string; readonly options: RawConfig }[];
}

/** @throws {BaimoError} `format` for what is no list of metrics */
export function readMetrics(list: unknown, where: string): MetricConfig[] | null {
  if (list === undefined) return null;
  if (!Array.isArray(list)) throw configError(where, "metric_list", `must be a list but is ${brief(list)}`);
  return list.map((entry, i) => {
    const key = `metric_list[${i}]`;
    if (!isRecord(entry) || typeof entry.metric !== "string")
      throw configError(where, key, "must name a metric");
    const { metric, aggregation, higher_is_better, hf_evaluate, ...options } = entry;
    if (hf_evaluate === true)
      throw configError(where, `${key}.hf_evaluate`, "asks for a metric of another package");
    const port = aggregation instanceof PortedFunction ? aggregation.port : undefined;
    const way = port?.kind === "aggregation" ? port.run : aggregation;
    if (way !== undefined && typeof way !== "string" && typeof way !== "function") {
      throw configError(where, `${key}.aggregation`, `must be a name but is ${brief(aggregation)}`);
    }
    const higherIsBetter = typeof higher_is_better === "boolean" ? higher_is_better : undefined;
    return { metric, aggregation: way as MetricConfig["aggregation"], higherIsBetter, options };
  });
}

/** @throws {BaimoError} `format` for what is no list of pipelines */
export function readFilters(list: unknown, where: string): FilterConfig[] | null {
  if (list === undefined) return null;
  if (!Array.isArray(list)) throw configError(where, "filter_list", `must be a list but is ${brief(list)}`);
  return list.map((entry, i) => {
    const key = `filter_list[${i}]`;
    if (!isRecord(entry) || typeof entry.name !== "string" || !Array.isArray(entry.filter)) {
      throw configError(where, key, "must have a name and a list of filters");
    }
    const filter = entry.filter.map((step, at) => {
      if (!isRecord(step) || typeof step.function !== "string") {
        throw configError(where, `${key}.filter[${at}]`, "must name a function");
      }
      const { function: name, ...options } = step;
      return { function: name, options };
    });
    return { name: entry.name, filter };
  });
}
