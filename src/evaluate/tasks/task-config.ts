// A task's configuration: every key of lm-evaluation-harness, checked, with its defaults.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { nearestName } from "../../nearest.ts";
import type { RawConfig } from "./load-yaml.ts";
import { PythonFunction } from "./yaml.ts";

/** The kinds of request that a task makes. */
export const OUTPUT_TYPES = [
  "loglikelihood",
  "multiple_choice",
  "loglikelihood_rolling",
  "generate_until",
] as const;
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** How a document's field is made: a column's name or a template; numbers, lists and mappings stand for themselves. */
export type FieldSource = string | number | readonly unknown[] | Readonly<Record<string, unknown>>;

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

/** One metric with its options. */
export interface MetricConfig {
  readonly metric: string;
  readonly aggregation?: string;
  readonly higherIsBetter?: boolean;
  readonly options: RawConfig;
}

/** A pipeline of filters. */
export interface FilterConfig {
  readonly name: string;
  readonly filter: readonly { readonly function: string; readonly options: RawConfig }[];
}

/** A task, read. */
export interface TaskConfig {
  readonly task: string;
  /** The file that it comes from, for messages. */
  readonly where: string;
  readonly alias: string | null;
  readonly datasetPath: string | null;
  readonly datasetName: string | null;
  readonly datasetKwargs: RawConfig;
  readonly trainingSplit: string | null;
  readonly validationSplit: string | null;
  readonly testSplit: string | null;
  readonly docToText: FieldSource | null;
  readonly docToTarget: FieldSource | null;
  readonly docToChoice: FieldSource | null;
  readonly description: string;
  readonly targetDelimiter: string;
  readonly fewshotDelimiter: string;
  readonly fewshot: FewshotConfig;
  readonly numFewshot: number | null;
  readonly metrics: readonly MetricConfig[] | null;
  readonly outputType: OutputType;
  readonly generationKwargs: RawConfig | null;
  readonly repeats: number;
  readonly filters: readonly FilterConfig[] | null;
  readonly genPrefix: string | null;
  readonly unsafeCode: boolean;
  readonly metadata: RawConfig;
  /** The keys as they stand in results files. */
  readonly dump: RawConfig;
}

/** In the order in which results files have them. */
const KEYS = (
  "task task_alias tag custom_dataset dataset_path dataset_name dataset_kwargs training_split validation_split " +
  "test_split fewshot_split process_docs doc_to_text doc_to_target doc_to_image doc_to_audio unsafe_code " +
  "doc_to_choice process_results use_prompt description target_delimiter fewshot_delimiter fewshot_config " +
  "num_fewshot metric_list output_type generation_kwargs repeats filter_list should_decontaminate " +
  "doc_to_decontamination_query gen_prefix metadata"
).split(" ");
const FEWSHOT_KEYS = (
  "sampler split process_docs fewshot_indices samples doc_to_text doc_to_choice doc_to_target gen_prefix " +
  "fewshot_delimiter target_delimiter"
).split(" ");
/** Keys that say where a task stands, not what it is. */
const PLACES = new Set(["tag", "group", "task_list", "include"]);
const DEFAULTS: RawConfig = {
  unsafe_code: false,
  description: "",
  target_delimiter: " ",
  fewshot_delimiter: "\n\n",
  output_type: "generate_until",
  repeats: 1,
  should_decontaminate: false,
};
const MAX_GEN_TOKENS = 256;

/** A failure of a task's file at a key. */
export function configError(where: string, key: string, problem: string): BaimoError {
  return new BaimoError("format", `${where}: ${key} ${problem}`);
}

/**
 * Reads a task.
 * @throws {BaimoError} `request` for functions of Python, by key, file and name; `format` for keys and values that are none
 */
export function readTaskConfig(raw: RawConfig, where: string): TaskConfig {
  refusePython(raw, where, "");
  const config: RawConfig = {};
  for (const key of Object.keys(raw)) checkKey(key, KEYS, where, "");
  for (const key of KEYS) {
    const value = raw[key] ?? DEFAULTS[key];
    if (value !== undefined && value !== null && !PLACES.has(key)) config[key] = value;
  }
  const { task } = config;
  if (typeof task !== "string" || task === "")
    throw configError(where, "task", `must be a name but is ${brief(task)}`);
  const at = new KeyReader(config, where);
  for (const key of [
    "doc_to_image",
    "doc_to_audio",
    "use_prompt",
    "custom_dataset",
    "process_results",
    "process_docs",
  ]) {
    if (config[key] !== undefined)
      throw configError(where, key, "is not supported here; the task cannot run");
  }
  const outputType = at.text("output_type") as OutputType;
  if (!OUTPUT_TYPES.includes(outputType)) {
    throw configError(
      where,
      "output_type",
      `is ${brief(outputType)}; the known ones are ${OUTPUT_TYPES.join(", ")}`,
    );
  }
  const [targetDelimiter, fewshotDelimiter] = [at.text("target_delimiter"), at.text("fewshot_delimiter")];
  const generationKwargs = readGenerationKwargs(config, outputType, fewshotDelimiter, where);
  if (generationKwargs) config.generation_kwargs = generationKwargs;
  const fewshot = readFewshot(config, where);
  config.fewshot_config = dumpFewshot(config.fewshot_config, fewshot);
  for (const key of ["doc_to_text", "doc_to_target", "doc_to_choice"]) checkField(config[key], key, where);
  const metadata = isRecord(config.metadata) ? config.metadata : {};
  return {
    task,
    where,
    alias: at.optionalText("task_alias"),
    datasetPath: at.optionalText("dataset_path"),
    datasetName: at.optionalText("dataset_name"),
    datasetKwargs: isRecord(config.dataset_kwargs) ? config.dataset_kwargs : {},
    trainingSplit: at.optionalText("training_split"),
    validationSplit: at.optionalText("validation_split"),
    testSplit: at.optionalText("test_split"),
    docToText: (config.doc_to_text ?? null) as FieldSource | null,
    docToTarget: (config.doc_to_target ?? null) as FieldSource | null,
    docToChoice: (config.doc_to_choice ?? null) as FieldSource | null,
    description: at.text("description"),
    targetDelimiter,
    fewshotDelimiter,
    fewshot,
    numFewshot: at.optionalCount("num_fewshot"),
    metrics: readMetrics(config.metric_list, where),
    outputType,
    generationKwargs,
    repeats: at.optionalCount("repeats") ?? 1,
    filters: readFilters(config.filter_list, where),
    genPrefix: at.optionalText("gen_prefix"),
    unsafeCode: config.unsafe_code === true,
    metadata,
    dump: Object.fromEntries(KEYS.flatMap((key) => (key in config ? [[key, config[key]]] : []))),
  };
}

/** The same task with a setting of the run in place of its own. */
export function withNumFewshot(config: TaskConfig, numFewshot: number): TaskConfig {
  const dump = { ...config.dump, num_fewshot: numFewshot };
  const ordered = KEYS.flatMap((key) => (key in dump ? [[key, Reflect.get(dump, key)]] : []));
  return { ...config, numFewshot, dump: Object.fromEntries(ordered) };
}

/** The same task asked so often. */
export const withRepeats = (config: TaskConfig, repeats: number): TaskConfig => {
  const dump = { ...config.dump, repeats };
  return { ...config, repeats, dump };
};

/** The same task with some of its generation settings changed. */
export function withGenerationKwargs(config: TaskConfig, changes: RawConfig): TaskConfig {
  if (config.generationKwargs === null) return config;
  const generationKwargs = { ...config.generationKwargs, ...changes };
  return { ...config, generationKwargs, dump: { ...config.dump, generation_kwargs: generationKwargs } };
}

function checkKey(key: string, known: readonly string[], where: string, within: string): void {
  if (known.includes(key) || (within === "" && PLACES.has(key))) return;
  const near = nearestName(key, known);
  throw configError(where, `${within}${key}`, `is no key of a task${near ? `; do you mean ${near}?` : ""}`);
}

/** Finds functions of Python, and names the first with its key and file. */
function refusePython(value: unknown, where: string, key: string): void {
  if (value instanceof PythonFunction) {
    const cut = value.name.lastIndexOf(".");
    const file = `${value.name.slice(0, cut).replaceAll(".", "/")}.py`;
    throw new BaimoError(
      "request",
      `${where}: ${key} names the function ${value.name.slice(cut + 1)} of ${file}; baimo runs no Python. ` +
        "Write the key as a template, or take a task without functions",
    );
  }
  if (Array.isArray(value))
    for (const [i, item] of value.entries()) refusePython(item, where, `${key}[${i}]`);
  else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value))
      refusePython(item, where, key === "" ? name : `${key}.${name}`);
  }
}

class KeyReader {
  readonly #config: RawConfig;
  readonly #where: string;

  constructor(config: RawConfig, where: string) {
    this.#config = config;
    this.#where = where;
  }

  text(key: string): string {
    const value = this.#config[key];
    if (typeof value === "string") return value;
    throw configError(this.#where, key, `must be a text but is ${brief(value)}`);
  }

  optionalText(key: string): string | null {
    return this.#config[key] === undefined ? null : this.text(key);
  }

  optionalCount(key: string): number | null {
    const value = this.#config[key];
    if (value === undefined) return null;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
    throw configError(this.#where, key, `must be a whole number but is ${brief(value)}`);
  }
}

function checkField(value: unknown, key: string, where: string): void {
  if (value === undefined || typeof value === "string") return;
  const items = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [value];
  if (items.some((item) => typeof item === "boolean")) {
    throw configError(
      where,
      key,
      `is ${brief(value)}: YAML 1.1 reads yes, no, on and off as booleans; quote them`,
    );
  }
  if (key === "doc_to_choice" && items.some((item) => typeof item !== "string")) {
    throw configError(where, key, `must be texts but is ${brief(value)}; quote numbers`);
  }
  const isList = Array.isArray(value) || isRecord(value);
  if (!isList && typeof value !== "number") {
    throw configError(where, key, `must be a column or a template but is ${brief(value)}`);
  }
}

function readGenerationKwargs(
  { generation_kwargs: given }: RawConfig,
  outputType: OutputType,
  fewshotDelimiter: string,
  where: string,
): RawConfig | null {
  if (given === undefined) {
    if (outputType !== "generate_until") return null;
    return {
      temperature: Object(0),
      do_sample: false,
      max_gen_toks: MAX_GEN_TOKENS,
      until: [fewshotDelimiter],
    };
  }
  if (!isRecord(given))
    throw configError(where, "generation_kwargs", `must be keys and values but is ${brief(given)}`);
  const kwargs = { ...given };
  if ("temperature" in kwargs) {
    const value = Number(kwargs.temperature);
    if (Number.isNaN(value)) throw configError(where, "generation_kwargs.temperature", "must be a number");
    kwargs.temperature = Number.isInteger(value) ? Object(value) : value;
  }
  if (!("until" in kwargs)) kwargs.until = [fewshotDelimiter];
  return kwargs;
}

function readFewshot(config: RawConfig, where: string): FewshotConfig {
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

function dumpFewshot(given: unknown, fewshot: FewshotConfig): RawConfig {
  const own = isRecord(given) ? given : {};
  return {
    sampler: fewshot.sampler,
    split: fewshot.split,
    process_docs: null,
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

function readMetrics(list: unknown, where: string): MetricConfig[] | null {
  if (list === undefined) return null;
  if (!Array.isArray(list)) throw configError(where, "metric_list", `must be a list but is ${brief(list)}`);
  return list.map((entry, i) => {
    const key = `metric_list[${i}]`;
    if (!isRecord(entry) || typeof entry.metric !== "string")
      throw configError(where, key, "must name a metric");
    const { metric, aggregation, higher_is_better, hf_evaluate, ...options } = entry;
    if (hf_evaluate === true)
      throw configError(where, `${key}.hf_evaluate`, "asks for a metric of another package");
    if (aggregation !== undefined && typeof aggregation !== "string") {
      throw configError(where, `${key}.aggregation`, `must be a name but is ${brief(aggregation)}`);
    }
    const higherIsBetter = typeof higher_is_better === "boolean" ? higher_is_better : undefined;
    return { metric, aggregation, higherIsBetter, options };
  });
}

function readFilters(list: unknown, where: string): FilterConfig[] | null {
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
