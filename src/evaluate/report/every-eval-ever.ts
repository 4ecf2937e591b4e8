// Files of a run in the schema Every Eval Ever 0.3.0: the scores, and every document.
import { sha256 } from "../../sha256.ts";
import type { DataSource } from "../datasets/dataset.ts";
import { pythonText } from "../python/values.ts";
import type { EvaluatedDocument, EvaluatedTask, Evaluation } from "../run.ts";
import { isShareMetric } from "../score/failed-documents.ts";
import { argmax } from "../score/likeliest.ts";
import type { ScoredSample, TaskScore } from "../score/score-task.ts";
import { normalInterval, wilson } from "../statistics/intervals.ts";
import type { AnswerCost } from "../subjects/subject.ts";
import { argumentsOf } from "../tasks/eval-request.ts";
import { sanitizeModel } from "./lm-eval-files.ts";
import type { RunFacts } from "./run-facts.ts";

const SCHEMA = "0.3.0";

/** The two files' contents and their places below the run's folder. */
export interface EveryEvalFiles {
  /** The folder in which the schema wants both. */
  readonly folder: string;
  /** The names: NAME.json and NAME_samples.jsonl. */
  readonly name: string;
  readonly evaluation: string;
  /** JSON Lines; null where no metric says of each document whether it is right. */
  readonly instances: string;
}

const modelId = (facts: RunFacts): string =>
  facts.model.includes("/") ? facts.model : `baimo/${facts.model}`;

/** A version 4 UUID that a text always has. */
async function uuidOf(text: string): Promise<string> {
  const digits = (await sha256(text)).slice(0, 32);
  const marked = `${digits.slice(0, 12)}4${digits.slice(13, 16)}8${digits.slice(17)}`;
  return marked.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Writes both files. */
export async function everyEvalFiles({ tasks }: Evaluation, facts: RunFacts): Promise<EveryEvalFiles> {
  const seconds = String(Date.parse(facts.started) / 1000);
  const id = `baimo/${modelId(facts).replaceAll("/", "_")}/${seconds}`;
  const [owner, model] = modelId(facts).split(/\/(.*)/s);
  const folder = `data/baimo/${sanitizeModel(owner)}/${sanitizeModel(model.replaceAll("/", "_"))}`;
  const name = await uuidOf(id);
  const lines: string[] = [];
  for (const task of tasks) {
    const byId = new Map(task.answered.map((document) => [document.prepared.id, document]));
    for (const sample of task.scored.samples) {
      const line = await instance(task, byId.get(sample.id), sample, id, facts);
      if (line) lines.push(JSON.stringify(line));
    }
  }
  const withheld = withheldScores(tasks);
  const instances = lines.map((line) => `${line}\n`).join("");
  const price = facts.price && { price: JSON.stringify(facts.price) };
  const evaluation = {
    schema_version: SCHEMA,
    evaluation_id: id,
    evaluation_timestamp: facts.started,
    retrieved_timestamp: seconds,
    source_metadata: {
      source_name: "baimo eval",
      source_type: "evaluation_run",
      source_organization_name: "unknown",
      evaluator_relationship: "other",
      additional_details: withheld && { withheld: JSON.stringify(withheld) },
    },
    eval_library: { name: "baimo", version: facts.version },
    model_info: {
      name: facts.model,
      id: modelId(facts),
      inference_engine: { name: "baimo", version: facts.version },
      additional_details: {
        deployment_type: "self_deployed",
        model_availability: "unknown",
        identity: facts.identity,
        ...price,
      },
    },
    evaluation_results: tasks.flatMap((task) =>
      task.failed.size > 0 ? [] : task.scored.scores.map((score) => resultOf(task, score, facts)),
    ),
    detailed_evaluation_results: {
      format: "jsonl",
      file_path: `${folder}/${name}_samples.jsonl`,
      hash_algorithm: "sha256",
      checksum: await sha256(instances),
      total_rows: lines.length,
    },
  };
  return { folder, name, evaluation: `${JSON.stringify(evaluation, null, 2)}\n`, instances };
}

const resultId = (task: string, { metric, filter }: Pick<TaskScore, "metric" | "filter">): string =>
  `${task}/${metric},${filter}`;

/** Tasks of which documents failed have no score: how many, and between which ends the scores lie. */
function withheldScores(tasks: readonly EvaluatedTask[]): Record<string, unknown> | undefined {
  const found = tasks
    .filter(({ failed }) => failed.size > 0)
    .map(({ scored, failed }) => [
      scored.config.task,
      {
        failed: failed.size,
        ranges: Object.fromEntries(
          scored.scores.map(({ metric, filter, range }) => [`${metric},${filter}`, range ?? null]),
        ),
      },
    ]);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** A score's interval of 95%: Wilson's for a share of right answers, else by its error. */
export function intervalOf({
  metric,
  value,
  error,
  count,
}: TaskScore): readonly [number, number] | undefined {
  const right = value * count;
  if (isShareMetric(metric) && Math.abs(right - Math.round(right)) < 1e-6)
    return wilson(Math.round(right), count);
  return error === null ? undefined : normalInterval(value, error);
}

function sourceOf({ dataset, revision, licence, files }: DataSource, task: string) {
  const details = Object.fromEntries(files.map(({ path, sha256: hash }) => [path, hash]));
  if (licence !== undefined) details.licence = licence;
  if (revision === undefined)
    return { dataset_name: task, source_type: "other", additional_details: details };
  details.revision = revision;
  return { dataset_name: task, source_type: "hf_dataset", hf_repo: dataset, additional_details: details };
}

function resultOf({ scored, prepared }: EvaluatedTask, score: TaskScore, facts: RunFacts) {
  const { task, where, generationKwargs } = scored.config;
  const isShare = isShareMetric(score.metric);
  const interval = intervalOf(score);
  const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  return {
    evaluation_result_id: resultId(task, score),
    evaluation_name: task,
    source_data: sourceOf(prepared.source, task),
    metric_config: {
      evaluation_description: where,
      metric_id: score.metric,
      metric_name: score.metric,
      lower_is_better: !score.higherIsBetter,
      score_type: "continuous",
      min_score: 0,
      max_score: isShare ? 1 : "Infinity",
      additional_details: { filter: score.filter },
    },
    score_details: {
      score: score.value,
      uncertainty: {
        num_samples: score.count,
        ...(score.error !== null && {
          standard_error: { value: score.error, method: isShare ? "analytic" : "bootstrap" },
        }),
        ...(interval && {
          confidence_interval: { lower: interval[0], upper: interval[1], confidence_level: 0.95 },
        }),
      },
    },
    generation_config: {
      additional_details: {
        num_fewshot: String(scored.config.numFewshot ?? 0),
        fewshot_seed: String(facts.fewshotSeed),
        seed: String(facts.seed),
        ...(generationKwargs && { generation_kwargs: text(generationKwargs) }),
      },
    },
  };
}

/** The metric that says of each document whether it is right, where there is one. */
function mainScore({ scored }: EvaluatedTask, { filter }: ScoredSample): TaskScore | undefined {
  const own = scored.scores.filter((score) => score.filter === filter);
  return own.find(({ metric }) => isShareMetric(metric)) ?? own[0];
}

async function instance(
  task: EvaluatedTask,
  document: EvaluatedDocument | undefined,
  sample: ScoredSample,
  id: string,
  facts: RunFacts,
) {
  const score = mainScore(task, sample);
  if (!document || !score) return undefined;
  const { prepared, answers, costs = [] } = document;
  const [prompt] = argumentsOf(prepared.requests[0]);
  const reference = [pythonText(prepared.target)];
  const raw = typeof prompt === "string" ? prompt : "";
  const isChoice = task.scored.config.outputType === "multiple_choice";
  const value = Number(sample.scores[score.metric]);
  const own = Number.isFinite(value) ? value : 0;
  return {
    schema_version: SCHEMA,
    evaluation_id: id,
    model_id: modelId(facts),
    evaluation_name: task.scored.config.task,
    // The result that it would belong to is withheld where documents failed.
    evaluation_result_id: task.failed.size > 0 ? undefined : resultId(task.scored.config.task, score),
    sample_id: String(sample.id),
    sample_hash: await sha256(raw + reference.join()),
    interaction_type: "single_turn",
    input: {
      raw,
      reference,
      choices: isChoice ? task.prepared.task.fields.choices(prepared.document) : null,
    },
    output: { raw: answers.map((all) => all.map((answer) => String(answer)).join("\n")) },
    messages: null,
    answer_attribution: [
      {
        turn_idx: 0,
        source: "output.raw",
        extracted_value: isChoice ? choiceOf(document, task) : sample.filtered.map(String).join(),
        extraction_method: isChoice ? "argmax of log-likelihoods" : sample.filter,
        is_terminal: true,
      },
    ],
    evaluation: { score: own, is_correct: own === 1 },
    token_usage: tokenUsage(costs),
    performance: latencyOf(costs),
    metadata: { doc_hash: prepared.hashes.document, filter: sample.filter },
  };
}

/** The tokens of all requests of a document; undefined where they are not known of each. */
function tokenUsage(costs: readonly AnswerCost[]) {
  if (costs.length === 0 || costs.some(({ isBound }) => isBound)) return undefined;
  const input = costs.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const output = costs.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

/** Of a document that was asked once: several requests go together, and have no time of their own. */
function latencyOf(costs: readonly AnswerCost[]) {
  const [{ latency }] = costs.length === 1 ? costs : [{ latency: undefined }];
  return latency === undefined ? undefined : { latency_ms: Number((latency * 1000).toFixed(3)) };
}

function choiceOf({ prepared, answers }: EvaluatedDocument, { prepared: { task } }: EvaluatedTask): string {
  const choices = task.fields.choices(prepared.document);
  const logprobs = answers
    .slice(0, choices.length)
    .map(([first]) => (Array.isArray(first) ? Number(first[0]) : 0));
  return choices[argmax(logprobs)];
}
