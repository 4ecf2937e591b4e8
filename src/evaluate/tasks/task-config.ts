// A task's configuration: every key of lm-evaluation-harness, checked, with its defaults.
import { brief, isRecord } from "../../json.ts";
import { type CodeConfig, readCode } from "../code/code-config.ts";
import type { Results } from "../functions/answers.ts";
import { findFunction, PortedFunction } from "../functions/find-function.ts";
import { checkKey, configError, PLACES } from "./config-error.ts";
import type { Document } from "./document.ts";
import type { EvalRequest } from "./eval-request.ts";
import { dumpFewshot, type FewshotConfig, readFewshot } from "./fewshot-config.ts";
import { checkField, type FieldSource } from "./field-source.ts";
import type { RawConfig } from "./load-yaml.ts";
import { type FilterConfig, type MetricConfig, readFilters, readMetrics } from "./scoring-config.ts";
import type { ChatRenderer } from "./turns.ts";
import { PythonFunction } from "./yaml.ts";

/** The kinds of request that a task makes. */
export const OUTPUT_TYPES = [
  "loglikelihood",
  "multiple_choice",
  "loglikelihood_rolling",
  "generate_until",
] as const;
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** The requests of a document; the pool is what examples come from. */
export type RequestBuilder = (
  document: Document,
  pool: readonly Document[],
  how: { readonly settings: RawConfig; readonly chat?: ChatRenderer },
) => EvalRequest[];

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
  /** `process_docs` */
  readonly processDocs: ((documents: readonly Document[]) => readonly Document[]) | null;
  /** `process_results` */
  readonly processResults: Results | null;
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
  /** Answers are programs: how they are run. */
  readonly code: CodeConfig | null;
  readonly metadata: RawConfig;
  /** Builds a document's requests in place of the fields above. */
  readonly build: RequestBuilder | null;
  /** The keys as they stand in results files. */
  readonly dump: RawConfig;
}

/** In the order in which results files have them. */
const KEYS = (
  "task task_alias tag custom_dataset dataset_path dataset_name dataset_kwargs training_split validation_split " +
  "test_split fewshot_split process_docs doc_to_text doc_to_target doc_to_image doc_to_audio unsafe_code " +
  "doc_to_choice process_results use_prompt description target_delimiter fewshot_delimiter fewshot_config " +
  "num_fewshot metric_list output_type generation_kwargs repeats filter_list should_decontaminate " +
  "doc_to_decontamination_query gen_prefix metadata code"
).split(" ");
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

/**
 * Reads a task.
 * @throws {BaimoError} `request` for functions of Python, by key, file and name; `format` for keys and values that are none
 */
export function readTaskConfig(given: RawConfig, where: string): TaskConfig {
  const raw = withPorts(given, where, "") as RawConfig;
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
  for (const key of ["doc_to_image", "doc_to_audio", "use_prompt", "custom_dataset"]) {
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
  config.fewshot_config = dumpFewshot(config.fewshot_config, fewshot, config.process_docs ?? null);
  for (const key of ["doc_to_text", "doc_to_target", "doc_to_choice"]) checkField(config[key], key, where);
  const metadata = isRecord(config.metadata) ? config.metadata : {};
  const repeats = at.optionalCount("repeats") ?? 1;
  if (repeats > MOST_REPEATS) throw configError(where, "repeats", `is ${repeats}; at most ${MOST_REPEATS}`);
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
    processDocs: readProcessDocs(config.process_docs, where),
    processResults: readProcessResults(config.process_results, where),
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
    repeats,
    filters: readFilters(config.filter_list, where),
    genPrefix: at.optionalText("gen_prefix"),
    unsafeCode: config.unsafe_code === true,
    code: readCode(config.code, where),
    metadata,
    build: null,
    dump: Object.fromEntries(KEYS.flatMap((key) => (key in config ? [[key, withSources(config[key])]] : []))),
  };
}

/** As many as `--repeats` takes. */
const MOST_REPEATS = 10_000;

/** The same task with a setting of the run in place of its own. */
export function withNumFewshot(config: TaskConfig, numFewshot: number): TaskConfig {
  const dump = { ...config.dump, num_fewshot: numFewshot };
  // The keys of OpenCompass come behind those of lm-evaluation-harness.
  const ordered = [...new Set([...KEYS, ...Object.keys(dump)])].filter((key) => key in dump);
  return {
    ...config,
    numFewshot,
    dump: Object.fromEntries(ordered.map((key) => [key, Reflect.get(dump, key)])),
  };
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

/** The same configuration with what stands here for its functions of Python. @throws {BaimoError} for the first without */
function withPorts(value: unknown, where: string, key: string): unknown {
  if (value instanceof PythonFunction) return findFunction(value, where, key);
  if (Array.isArray(value)) return value.map((item, i) => withPorts(item, where, `${key}[${i}]`));
  // A number that is a float without a fraction is an object, and stays what it is.
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      withPorts(item, where, key === "" ? name : `${key}.${name}`),
    ]),
  );
}

/** The same as results files have it: the source of functions. */
function withSources(value: unknown): unknown {
  if (value instanceof PortedFunction) return value.source;
  if (Array.isArray(value)) return value.map(withSources);
  if (!isRecord(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withSources(item)]));
}

/** What a task makes of a split's documents, once. */
function readProcessDocs(value: unknown, where: string): TaskConfig["processDocs"] {
  if (value === undefined) return null;
  if (!(value instanceof PortedFunction) || value.port.kind !== "documents")
    throw configError(where, "process_docs", `must be a function over documents but is ${brief(value)}`);
  const { run } = value.port;
  const known = new WeakMap<readonly Document[], readonly Document[]>();
  return (documents) => {
    const made = known.get(documents) ?? run(documents);
    known.set(documents, made);
    return made;
  };
}

/** What a task scores of a document's answers. */
function readProcessResults(value: unknown, where: string): TaskConfig["processResults"] {
  if (value === undefined) return null;
  if (value instanceof PortedFunction && value.port.kind === "results") return value.port.run;
  throw configError(where, "process_results", `must be a function over answers but is ${brief(value)}`);
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
