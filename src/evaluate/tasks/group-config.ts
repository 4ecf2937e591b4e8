// A group's configuration: its members, and how their scores become one.
import { brief, isRecord } from "../../json.ts";
import { configError } from "./config-error.ts";
import type { RawConfig } from "./load-yaml.ts";

/** A mean over a group's tasks. */
export interface GroupMetric {
  readonly metric: string;
  /** Which filters' scores; null: all that the tasks have. */
  readonly filters: readonly string[] | null;
  readonly weightBySize: boolean;
}

/** A group, read. */
export interface GroupConfig {
  readonly group: string;
  readonly alias: string | null;
  readonly members: readonly unknown[];
  readonly metrics: readonly GroupMetric[];
  readonly metadata: RawConfig;
  /** Keys that the group sets in its tasks. */
  readonly overrides: RawConfig;
}

const KEYS = new Set(["group", "group_alias", "task", "aggregate_metric_list", "metadata"]);

/** @throws {BaimoError} `format` for values that are none */
export function readGroupConfig(raw: RawConfig, group: string, where: string): GroupConfig {
  const { task, group_alias: alias = null, metadata, aggregate_metric_list: list = [] } = raw;
  if (alias !== null && typeof alias !== "string") throw configError(where, "group_alias", "must be a text");
  const entries = Array.isArray(list) ? list : [list];
  const metrics = entries.map((entry, i): GroupMetric => {
    const key = `aggregate_metric_list[${i}]`;
    if (!isRecord(entry) || typeof entry.metric !== "string")
      throw configError(where, key, "must name a metric");
    const {
      metric,
      aggregation = "mean",
      filter_list: filters = null,
      weight_by_size: weightBySize = true,
    } = entry;
    if (aggregation !== "mean")
      throw configError(where, `${key}.aggregation`, `is ${brief(aggregation)}; only mean is`);
    const names = filters === null || Array.isArray(filters) ? filters : [filters];
    return { metric, filters: names as readonly string[] | null, weightBySize: weightBySize === true };
  });
  return {
    group,
    alias,
    members: Array.isArray(task) ? task : [],
    metrics,
    metadata: isRecord(metadata) ? metadata : {},
    overrides: Object.fromEntries(Object.entries(raw).filter(([key]) => !KEYS.has(key) && key !== "tag")),
  };
}
