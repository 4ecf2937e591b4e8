// Tasks as OpenCompass has them, in YAML: perplexity of whole prompts, generation, circular.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { float } from "../python/values.ts";
import { argmax } from "../score/likeliest.ts";
import { type CircularAnswer, circularScores, rotationsOf } from "../score/opencompass/circular.ts";
import { CORRECTED_EXTRACTION, OWN_EXTRACTION } from "../score/opencompass/options.ts";
import type { Interval } from "../statistics/intervals.ts";
import { configError } from "./config-error.ts";
import type { Document } from "./document.ts";
import type { EvalRequest } from "./eval-request.ts";
import type { RawConfig } from "./load-yaml.ts";
import {
  fillExamples,
  fillTemplate,
  isByLabel,
  type PromptTemplate,
  promptText,
  promptTurns,
  readTemplate,
} from "./opencompass-template.ts";
import { type RequestBuilder, readTaskConfig, type TaskConfig } from "./task-config.ts";

/** `infer_cfg` and what goes with it, read. */
interface Inference {
  readonly output: string;
  /** By label, for perplexity; one under "" for generation. */
  readonly prompts: ReadonlyMap<string, PromptTemplate>;
  readonly examples?: (label: string) => PromptTemplate;
  readonly ids: readonly number[];
  readonly iceToken: string;
  /** What the perplexity of an answer is measured against. */
  readonly normalizing?: string;
}

const KEYS = ["reader_cfg", "infer_cfg", "eval_cfg", "circular"];
const SEPARATOR = "</S>";
const INFERENCERS = ["PPLInferencer", "GenInferencer"];
/** Names of postprocessors by filters. */
const POSTPROCESSORS: Readonly<Record<string, string>> = {
  first_option_postprocess: "first_option",
  last_option_postprocess: "last_option",
  first_capital_postprocess: "first_capital",
  gsm8k_postprocess: "gsm8k",
  general_postprocess: "plain_words",
};
const CIRCULAR_METRICS = ["acc_origin", "acc_circular", "perf_circular"];
const QUESTION = "circular_question";
const PATTERN = "circular_pattern";

/** Whether a configuration is one of these. */
export const isOpenCompass = (raw: RawConfig): boolean => "infer_cfg" in raw;

/** Reads a task. @throws {BaimoError} `format` for keys and values that are none */
export function readOpenCompassTask(raw: RawConfig, where: string): TaskConfig {
  const part = (key: string): RawConfig => {
    const value = raw[key] ?? {};
    if (isRecord(value)) return value;
    throw configError(where, key, `must be keys and values but is ${brief(value)}`);
  };
  const [reader, infer, evaluation] = ["reader_cfg", "infer_cfg", "eval_cfg"].map(part);
  const inferencer = typed(infer.inferencer, INFERENCERS, "infer_cfg.inferencer", where);
  const isPpl = inferencer.type === "PPLInferencer";
  const inference = readInference(reader, infer, inferencer, where);
  const turned = raw.circular === undefined ? undefined : readCircular(part("circular"), where);
  const labels = [...inference.prompts.keys()];
  const own = Object.fromEntries(Object.entries(raw).filter(([key]) => !KEYS.includes(key)));
  const base = readTaskConfig(
    Object.assign(
      {
        test_split: reader.test_split ?? "test",
        fewshot_split: inference.ids.length > 0 ? (reader.train_split ?? "train") : null,
        num_fewshot: inference.ids.length === 0 ? 0 : Math.max(...inference.ids) + 1,
        output_type: isPpl ? "multiple_choice" : "generate_until",
        doc_to_text: "",
        doc_to_target: inference.output,
        doc_to_choice: isPpl ? labels : null,
        generation_kwargs: isPpl ? null : { until: [], max_gen_toks: Number(inferencer.max_out_len ?? 512) },
        filter_list: isPpl ? null : pipelines(evaluation, where),
        metric_list: turned
          ? CIRCULAR_METRICS.map((metric) => ({ metric, aggregation: "mean" }))
          : [{ metric: "acc" }],
      },
      own,
    ),
    where,
  );
  const answerOf = (answers: readonly unknown[]): string =>
    isPpl ? labels[choiceOf(answers, labels.length)] : String([answers[0]].flat()[0] ?? "");
  return Object.assign({}, base, {
    build: requestsOf(inference, isPpl),
    metrics: turned ? circularMetrics(turned.options.join("")) : base.metrics,
    processDocs: turned ? (documents: readonly Document[]) => turnOptions(documents, turned, where) : null,
    processResults: (document: Document, answers: readonly unknown[]) => {
      const prediction = answerOf(answers);
      const reference = String(document[inference.output]);
      if (!turned) return { acc: float(Number(prediction === reference)) };
      const item = { question: document[QUESTION], pattern: document[PATTERN], reference, prediction };
      return Object.fromEntries(CIRCULAR_METRICS.map((metric) => [metric, item]));
    },
    dump: Object.assign(
      {},
      base.dump,
      Object.fromEntries(KEYS.flatMap((key) => (key in raw ? [[key, raw[key]]] : []))),
    ),
  } satisfies Partial<TaskConfig>);
}

/** The label whose prompt has the least loss, over that of the normalizing text where there is one. */
function choiceOf(answers: readonly unknown[], count: number): number {
  const scores = answers.map((answer) => Number(Array.isArray(answer) ? answer[0] : answer));
  return argmax(scores.slice(0, count).map((score, i) => score - (scores[count + i] ?? 0)));
}

function typed(value: unknown, known: readonly string[], key: string, where: string): RawConfig {
  const given = typeof value === "string" ? { type: value } : (value ?? {});
  if (isRecord(given) && known.includes(String(given.type))) return given;
  throw configError(where, key, `is ${brief(value)}; expected a type of ${known.join(", ")}`);
}

function readInference(reader: RawConfig, infer: RawConfig, inferencer: RawConfig, where: string): Inference {
  const { output_column: output } = reader;
  if (typeof output !== "string")
    throw configError(where, "reader_cfg.output_column", `must name a column but is ${brief(output)}`);
  const templateOf = (key: string): RawConfig | undefined => {
    const value = infer[key];
    if (value === undefined || value === null) return undefined;
    if (isRecord(value) && value.template !== undefined) return value;
    throw configError(where, `infer_cfg.${key}`, `must have a template but is ${brief(value)}`);
  };
  const [ice, prompt] = [templateOf("ice_template"), templateOf("prompt_template")];
  const own = prompt ?? ice;
  if (own === undefined) throw configError(where, "infer_cfg.prompt_template", "is missing");
  const isPpl = inferencer.type === "PPLInferencer";
  const read = (value: unknown) => readTemplate(value, `${where}: infer_cfg`);
  if (isPpl && !isByLabel(own.template))
    throw configError(where, "infer_cfg.prompt_template", "must have a template for each label");
  const byLabel = isByLabel(own.template) ? Object.entries(own.template) : [["", own.template] as const];
  const retriever = typed(
    infer.retriever ?? "ZeroRetriever",
    ["ZeroRetriever", "FixKRetriever"],
    "infer_cfg.retriever",
    where,
  );
  const ids = retriever.type === "ZeroRetriever" ? [] : (retriever.fix_id_list ?? inferencer.fix_id_list);
  if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id) && id >= 0 && id < 1000))
    throw configError(
      where,
      "infer_cfg.retriever.fix_id_list",
      `must be places of examples but is ${brief(ids)}`,
    );
  const { normalizing_str: normalizing } = inferencer;
  return {
    output,
    prompts: new Map(byLabel.map(([label, template]) => [label, read(template)])),
    examples: ice && ((label) => read(isByLabel(ice.template) ? ice.template[label] : ice.template)),
    ids,
    iceToken: String(own.ice_token ?? ice?.ice_token ?? ""),
    normalizing: typeof normalizing === "string" ? normalizing : undefined,
  };
}

/** The filters of an answer: OpenCompass's own, and its list of patterns corrected beside it. */
function pipelines({ pred_postprocessor: given }: RawConfig, where: string): RawConfig[] {
  const first = { function: "take_first" };
  if (given === undefined) return [{ name: "none", filter: [first] }];
  const { type, options } = typed(given, Object.keys(POSTPROCESSORS), "eval_cfg.pred_postprocessor", where);
  const extract = (rest: RawConfig) => Object.assign({ function: POSTPROCESSORS[String(type)] }, rest);
  const rest = options === undefined ? {} : { options };
  const own = { name: OWN_EXTRACTION, filter: [extract(rest), first] };
  if (type !== "first_option_postprocess") return [own];
  return [
    own,
    { name: CORRECTED_EXTRACTION, filter: [extract(Object.assign({ corrected: true }, rest)), first] },
  ];
}

function requestsOf(inference: Inference, isPpl: boolean): RequestBuilder {
  const { prompts, examples, ids, iceToken, output, normalizing } = inference;
  const filled = (document: Document, template: PromptTemplate, pool: readonly Document[]) => {
    const chosen = ids.map((id) => {
      if (id < pool.length) return pool[id];
      throw new BaimoError(
        "request",
        `the example ${id} is asked for, and the pool has ${pool.length} documents`,
      );
    });
    const shown = chosen.flatMap((example) =>
      fillExamples(examples?.(isPpl ? String(example[output]) : "") ?? template, [example], iceToken),
    );
    return fillTemplate(template, {
      document,
      hidden: isPpl ? undefined : output,
      iceToken,
      examples: shown,
    });
  };
  const pools = new WeakMap<readonly Document[], readonly Document[]>();
  return (document, all, { settings, chat }) => {
    const pool = pools.get(all) ?? all.filter(isUnturned);
    pools.set(all, pool);
    if (!isPpl) {
      const [[, template]] = prompts;
      const pieces = filled(document, template, pool);
      const prompt = chat ? chat(promptTurns(pieces), false) : promptText(pieces);
      return [{ kind: "generate_until", prompt, settings }];
    }
    const texts = Array.from(prompts, ([, template]) => promptText(filled(document, template, pool)));
    if (normalizing === undefined)
      return texts.map((text): EvalRequest => ({ kind: "prompt_loss", text, masked: "" }));
    const parts = texts.map((text) => text.split(SEPARATOR));
    return [
      ...parts.map(([context, answer = ""]) => loss(context, answer)),
      ...parts.map(([, answer = ""]) => loss(normalizing, answer)),
    ];
  };
}

const isUnturned = ({ [PATTERN]: pattern }: Document): boolean =>
  pattern === undefined || pattern === rotationsOf(String(pattern))[0];

const loss = (masked: string, answer: string): EvalRequest => ({
  kind: "prompt_loss",
  text: masked + answer,
  masked,
});

// --- circular ---

interface Circular {
  readonly options: readonly string[];
  readonly answer: string;
}

function readCircular({ option_keys: options, answer_key: answer }: RawConfig, where: string): Circular {
  const isLetters = (value: unknown): value is string[] =>
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((one) => typeof one === "string" && /^[A-Z]$/.test(one));
  if (!isLetters(options))
    throw configError(where, "circular.option_keys", `must be two letters or more but is ${brief(options)}`);
  if (typeof answer !== "string")
    throw configError(where, "circular.answer_key", `must name a column but is ${brief(answer)}`);
  return { options, answer };
}

/** Each document with its options turned to every place. */
function turnOptions(
  documents: readonly Document[],
  { options, answer }: Circular,
  where: string,
): Document[] {
  return documents.flatMap((document, question) => {
    const right = options.indexOf(String(document[answer]));
    if (right < 0)
      throw configError(
        where,
        "circular.answer_key",
        `is ${brief(document[answer])} in document ${question}`,
      );
    return rotationsOf(options.join("")).map((pattern) => {
      const turned: Record<string, unknown> = Object.assign({}, document);
      for (const [i, key] of options.entries()) turned[pattern[i]] = document[key];
      turned[answer] = pattern[right];
      turned[QUESTION] = question;
      turned[PATTERN] = pattern;
      return turned;
    });
  });
}

function circularMetrics(letters: string): TaskConfig["metrics"] {
  const orders = rotationsOf(letters);
  /** The documents that failed, all right or all wrong: the orders of a question follow one another. */
  const answered = (failed: readonly number[], isRight: boolean) =>
    failed.map((id): CircularAnswer => {
      const [question, pattern] = [Math.floor(id / orders.length), orders[id % orders.length]];
      return { question, pattern, reference: pattern, prediction: isRight ? pattern : "" };
    });
  return CIRCULAR_METRICS.map((metric) => {
    const score = (items: readonly unknown[], others: readonly CircularAnswer[] = []) =>
      circularScores([...(items as CircularAnswer[]), ...others])[metric] / 100;
    return {
      metric,
      aggregation: (items: readonly unknown[]) => score(items),
      ends: (items: readonly unknown[], failed: readonly number[]): Interval => [
        score(items, answered(failed, false)),
        score(items, answered(failed, true)),
      ],
      options: {},
    };
  });
}
