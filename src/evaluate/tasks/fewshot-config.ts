// The configuration of a task's examples.
import { brief, isRecord } from "../../json.ts";
import { checkKey, configError } from "./config-error.ts";
import { checkField, type FieldSource } from "./field-source.ts";
import type { RawConfig } from "./load-yaml.ts";

/** How the examples before a question are chosen and written. */
export interface FewshotConfig {
  readonly sampler: string;
  readonly split: string | null;
  readonly samples: readonly RawConfig[] | null;
  readonly docToText: FieldSource | null;
  readonly docToChoice: FieldSource | null;
  readonly docToTarget: FieldSource | null;
  readonly genPrefix: string | null;
  readonly fewshotDelimiter: string;
  readonly targetDelimiter: string;
}

const FEWSHOT_KEYS = (
  "sampler split process_docs fewshot_indices samples doc_to_text doc_to_choice doc_to_target gen_prefix " +
  "fewshot_delimiter target_delimiter"
).split(" ");

/** Reads it; what it leaves out is the task's own. @throws {BaimoError} `format` for keys and values that are none */
export function readFewshot(config: RawConfig, where: string): FewshotConfig {
  const given = config.fewshot_config ?? {};
  if (!isRecord(given))
    throw configError(where, "fewshot_config", `must be keys and values but is ${brief(given)}`);
  for (const key of Object.keys(given)) checkKey(key, FEWSHOT_KEYS, where, "fewshot_config.");
  // A key that is written as null stands for itself and inherits nothing, as in lm-evaluation-harness.
  const value = (key: string, inherited = key): unknown =>
    (key in given ? given[key] : config[inherited]) ?? null;
  const text = (key: string, inherited = key): string | null => {
    const found = value(key, inherited);
    if (found === null || typeof found === "string") return found;
    throw configError(where, `fewshot_config.${key}`, `must be a text but is ${brief(found)}`);
  };
  const sampler = given.sampler ?? "default";
  if (sampler !== "default" && sampler !== "first_n") {
    throw configError(
      where,
      "fewshot_config.sampler",
      `is ${brief(sampler)}; the known ones are default, first_n`,
    );
  }
  if (given.process_docs !== undefined && given.process_docs !== null)
    throw configError(where, "fewshot_config.process_docs", "is not supported here; the task's own stands");
  const samples = given.samples ?? null;
  if (samples !== null && !(Array.isArray(samples) && samples.every(isRecord))) {
    throw configError(
      where,
      "fewshot_config.samples",
      `must be a list of documents but is ${brief(samples)}`,
    );
  }
  for (const key of ["doc_to_text", "doc_to_target", "doc_to_choice"]) {
    checkField(given[key] ?? undefined, key, where);
  }
  return {
    sampler,
    split: text("split", "fewshot_split"),
    samples,
    docToText: value("doc_to_text") as FieldSource | null,
    docToChoice: value("doc_to_choice") as FieldSource | null,
    docToTarget: value("doc_to_target") as FieldSource | null,
    genPrefix: text("gen_prefix"),
    fewshotDelimiter: text("fewshot_delimiter") ?? "",
    targetDelimiter: text("target_delimiter") ?? "",
  };
}

/** The keys as they stand in results files. */
export function dumpFewshot(given: unknown, fewshot: FewshotConfig, processDocs: unknown): RawConfig {
  const own = isRecord(given) ? given : {};
  return {
    sampler: fewshot.sampler,
    split: fewshot.split,
    process_docs: processDocs,
    fewshot_indices: own.fewshot_indices ?? null,
    samples: fewshot.samples,
    doc_to_text: fewshot.docToText,
    doc_to_choice: fewshot.docToChoice,
    doc_to_target: fewshot.docToTarget,
    gen_prefix: fewshot.genPrefix,
    fewshot_delimiter: fewshot.fewshotDelimiter,
    target_delimiter: fewshot.targetDelimiter,
  };
}
