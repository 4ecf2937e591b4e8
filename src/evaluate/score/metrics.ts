// The metrics there are: what they are for, how they are aggregated, which way is better.
import { nearestName } from "../../nearest.ts";
import { configError } from "../tasks/config-error.ts";
import type { RawConfig } from "../tasks/load-yaml.ts";
import type { MetricConfig } from "../tasks/scoring-config.ts";
import type { OutputType, TaskConfig } from "../tasks/task-config.ts";
import { AGGREGATION_NAMES } from "./aggregation.ts";

/** A metric of a task. */
export interface Metric {
  readonly name: string;
  /** By its name, or a function that the task names. */
  readonly aggregation: string | ((items: readonly unknown[]) => number);
  readonly higherIsBetter: boolean;
  readonly options: RawConfig;
  readonly ends?: MetricConfig["ends"];
}

/** A metric by its defaults. */
interface MetricKind {
  readonly aggregation: string;
  readonly higherIsBetter: boolean;
  readonly of: readonly OutputType[];
}

const kind = (aggregation: string, higherIsBetter: boolean, ...of: OutputType[]): MetricKind => ({
  aggregation,
  higherIsBetter,
  of,
});

const KINDS: Readonly<Record<string, MetricKind>> = {
  acc: kind("mean", true, "loglikelihood", "multiple_choice"),
  acc_norm: kind("mean", true, "multiple_choice"),
  acc_bytes: kind("mean", true, "multiple_choice"),
  acc_mutual_info: kind("mean", true, "multiple_choice"),
  brier_score: kind("brier_score", false, "multiple_choice"),
  f1: kind("f1", true, "multiple_choice"),
  mcc: kind("matthews_corrcoef", true, "multiple_choice"),
  likelihood: kind("mean", true, "multiple_choice"),
  exact_match: kind("mean", true, "generate_until", "multiple_choice"),
  perplexity: kind("perplexity", false, "loglikelihood"),
  word_perplexity: kind("weighted_perplexity", false, "loglikelihood_rolling"),
  byte_perplexity: kind("weighted_perplexity", false, "loglikelihood_rolling"),
  bits_per_byte: kind("bits_per_byte", false, "loglikelihood_rolling"),
  bleu: kind("bleu", true, "generate_until"),
  chrf: kind("chrf", true, "generate_until"),
  "chrf++": kind("chrf++", true, "generate_until"),
  ter: kind("ter", false, "generate_until"),
  bypass: kind("bypass", true, "loglikelihood", "multiple_choice", "generate_until"),
};

const DEFAULTS: Readonly<Record<OutputType, readonly string[]>> = {
  loglikelihood: ["perplexity", "acc"],
  loglikelihood_rolling: ["word_perplexity", "byte_perplexity", "bits_per_byte"],
  multiple_choice: ["acc", "acc_norm"],
  generate_until: ["exact_match"],
};

/** Of programs: pass@1, pass@10. @throws {BaimoError} `format` for others, and where there are fewer answers than that */
function passMetrics({ metrics, repeats, where, outputType }: TaskConfig): Metric[] {
  if (outputType !== "generate_until")
    throw configError(where, "code", `is for answers that are generated, and output_type is ${outputType}`);
  const named = metrics ?? [{ metric: "pass@1", options: {} }];
  return named.map(({ metric: name, options }, i) => {
    const key = `metric_list[${i}]`;
    const of = passesOf(name);
    if (of === undefined)
      throw configError(where, key, `is ${name}; programs are measured by pass@1, pass@2 and so on`);
    if (of > repeats)
      throw configError(where, key, `is ${name}, and repeats asks for ${repeats} answers; raise it`);
    return { name, aggregation: "mean", higherIsBetter: true, options };
  });
}

/** The k of pass@k. */
export function passesOf(metric: string): number | undefined {
  const [, k] = /^pass@([1-9]\d{0,4})$/.exec(metric) ?? [];
  return k === undefined ? undefined : Number(k);
}

/**
 * A task's metrics with their defaults.
 * @throws {BaimoError} `format` for metrics and aggregations that are unknown or not for what the task asks
 */
export function metricsOf(config: TaskConfig): Metric[] {
  if (config.code) return passMetrics(config);
  const list = config.metrics ?? DEFAULTS[config.outputType].map((metric) => ({ metric, options: {} }));
  return list.map((entry, i): Metric => {
    const key = `metric_list[${i}]`;
    const { metric: name, options } = entry;
    const own = "aggregation" in entry ? entry.aggregation : undefined;
    const better = "higherIsBetter" in entry ? entry.higherIsBetter : undefined;
    const isKnown = Object.hasOwn(KINDS, name);
    if (typeof own === "function")
      return {
        name,
        aggregation: own,
        higherIsBetter: better ?? (isKnown ? KINDS[name].higherIsBetter : true),
        options,
        ends: "ends" in entry ? entry.ends : undefined,
      };
    if (!isKnown && !(config.processResults && own !== undefined)) {
      const near = nearestName(name, Object.keys(KINDS));
      const advice = near ? `; do you mean ${near}?` : ".";
      throw configError(
        config.where,
        key,
        `is ${name}${advice} The known metrics are ${Object.keys(KINDS).join(", ")}`,
      );
    }
    const known = isKnown ? KINDS[name] : undefined;
    if (known && !config.processResults && !known.of.includes(config.outputType)) {
      throw configError(config.where, key, `is ${name}, which is not for output_type ${config.outputType}`);
    }
    const aggregation = own ?? known?.aggregation ?? "mean";
    if (!AGGREGATION_NAMES.includes(aggregation)) {
      throw configError(
        config.where,
        `${key}.aggregation`,
        `is ${aggregation}; the known ones are ${AGGREGATION_NAMES.join(", ")}`,
      );
    }
    return { name, aggregation, higherIsBetter: better ?? known?.higherIsBetter ?? true, options };
  });
}
