// Files of a run as lm-evaluation-harness writes them: results_DATE.json, samples_TASK_DATE.jsonl.
import { sha256 } from "../../sha256.ts";
import { dumpJson, float, pythonText } from "../python/values.ts";
import type { EvaluatedTask, Evaluation } from "../run.ts";
import type { PartialScore } from "../score/failed-documents.ts";
import type { Answer } from "../score/score-task.ts";
import type { Interval } from "../statistics/intervals.ts";
import { argumentsOf } from "../tasks/eval-request.ts";
import { taskHash } from "../tasks/open-task.ts";
import type { RunFacts } from "./run-facts.ts";

/** The content of the results file. */
export async function resultsFile(evaluation: Evaluation, facts: RunFacts): Promise<string> {
  const { tasks, groups } = evaluation;
  const sorted = [...tasks].sort((a, b) => compareNames(nameOf(a), nameOf(b)));
  const grouped = Object.fromEntries(
    groups.map(({ group, count, scores }) => [
      group.name,
      {
        alias: group.alias,
        name: group.name,
        ...(scores.length > 0 && { sample_len: count }),
        ...Object.fromEntries(scores.flatMap(entriesOf)),
        ...(scores.length > 0 && {
          sample_count: Object.fromEntries(scores.map((one) => [`${one.metric},${one.filter}`, one.count])),
        }),
      },
    ]),
  );
  const withScores = groups.filter(({ scores }) => scores.length > 0);
  const results: Record<string, unknown> = {
    results: Object.assign(
      Object.fromEntries(tasks.map((task) => [nameOf(task), taskResults(task)])),
      grouped,
    ),
  };
  if (withScores.length > 0) {
    results.groups = Object.fromEntries(withScores.map(({ group }) => [group.name, grouped[group.name]]));
  }
  results.group_subtasks = Object.fromEntries(
    groups.map(({ group }) => [
      group.name,
      group.members.map((one) => ("task" in one ? one.task : one.name)),
    ]),
  );
  results.configs = Object.fromEntries(sorted.map((task) => [nameOf(task), configOf(task).dump]));
  results.versions = Object.fromEntries(
    sorted.map((task) => [nameOf(task), configOf(task).metadata.version ?? "Yaml"]),
  );
  results["n-shot"] = Object.fromEntries(
    sorted.map((task) => [nameOf(task), configOf(task).numFewshot ?? 0]),
  );
  results.higher_is_better = Object.fromEntries(
    sorted.map(({ scored }) => [
      scored.config.task,
      Object.fromEntries(scored.scores.map(({ metric, higherIsBetter }) => [metric, higherIsBetter])),
    ]),
  );
  results["n-samples"] = Object.fromEntries(
    tasks.map(({ prepared, scored }) => [
      scored.config.task,
      { original: prepared.task.documents.length, effective: scored.count },
    ]),
  );
  results.config = configFacts(facts);
  Object.assign(results, facts.subject, {
    lm_eval_version: `baimo ${facts.version}`,
    model_source: "baimo",
    model_name: facts.model,
    model_name_sanitized: sanitizeModel(facts.model),
    system_instruction: facts.systemInstruction,
    system_instruction_sha: facts.systemInstruction && (await sha256(facts.systemInstruction)),
    fewshot_as_multiturn: facts.fewshotAsMultiturn,
    chat_template: facts.chatTemplate,
    chat_template_sha: facts.chatTemplate && (await sha256(facts.chatTemplate)),
    task_hashes: await taskHashes(tasks),
    baimo: await ownFacts(evaluation, facts),
  });
  return dumpJson(results, 2);
}

const nameOf = ({ scored }: EvaluatedTask): string => scored.config.task;
const configOf = ({ scored }: EvaluatedTask) => scored.config;
const compareNames = (a: string, b: string): number => (a < b ? -1 : 1);
/** A model's name as a folder's. */
export const sanitizeModel = (name: string): string => name.replace(/["<>:/|\\?*[\]]+/g, "__");

interface Scored extends PartialScore {
  readonly metric: string;
  readonly filter: string;
  readonly value: number;
  readonly error: number | null;
}

function entriesOf({ metric, filter, value, error, failed }: Scored): [string, unknown][] {
  // A score of which answers failed is withheld; its range stands among our own facts.
  const shown = failed > 0 ? "N/A" : float(value);
  const shownError = error === null || failed > 0 ? "N/A" : float(error);
  return [
    [`${metric},${filter}`, shown],
    [`${metric}_stderr,${filter}`, shownError],
  ];
}

function taskResults({ scored }: EvaluatedTask): Record<string, unknown> {
  const { config, scores, count } = scored;
  return Object.assign(
    { name: config.task, alias: config.alias ?? config.task, sample_len: count },
    Object.fromEntries(scores.flatMap(entriesOf)),
  );
}

async function taskHashes(tasks: readonly EvaluatedTask[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const task of tasks) {
    hashes[nameOf(task)] = await taskHash(
      task.answered.map(({ prepared }) => prepared),
      task.scored.notExtracted.size,
    );
  }
  return hashes;
}

function configFacts(facts: RunFacts): Record<string, unknown> {
  return {
    model: facts.model,
    model_args: null,
    batch_size: null,
    batch_sizes: [],
    device: facts.subject.device ?? null,
    use_cache: null,
    limit: facts.limit ?? null,
    bootstrap_iters: facts.resamples,
    gen_kwargs: facts.generationKwargs ?? null,
    random_seed: 0,
    numpy_seed: facts.seed,
    torch_seed: facts.seed,
    fewshot_seed: facts.fewshotSeed,
  };
}

/** What lm-evaluation-harness does not say: data, what was not found, what failed. */
async function ownFacts({ tasks, groups }: Evaluation, facts: RunFacts): Promise<Record<string, unknown>> {
  const ownTemplate = facts.ownTemplate && (await sha256(facts.ownTemplate));
  return {
    version: facts.version,
    model_identity: facts.identity,
    price: facts.price,
    tasks: Object.fromEntries(
      tasks.map(({ prepared, scored, failed, cost }) => [
        scored.config.task,
        {
          data: prepared.source,
          // As every prompt's where the run says so; of some tasks, which ask for it, theirs alone.
          chat_template_sha:
            facts.chatTemplate || scored.config.metadata.apply_chat_template ? ownTemplate : null,
          not_extracted: Object.fromEntries(scored.notExtracted),
          labels_missing: scored.labelsMissing,
          failed: prepared.documents
            .filter(({ id }) => failed.has(id))
            .map(({ id, hashes }) => ({ doc_id: id, doc_hash: hashes.document, reason: failed.get(id) })),
          ranges: rangesOf(scored.scores),
          prompt_tokens: cost.promptTokens,
          completion_tokens: cost.completionTokens,
          cost: facts.price && { amount: cost.amount ?? 0, currency: facts.price.currency },
          seconds: Number((cost.seconds ?? 0).toFixed(3)),
        },
      ]),
    ),
    groups: Object.fromEntries(
      groups.map(({ group, scores }) => [
        group.name,
        {
          aggregate_metric_list: group.metrics.map(({ metric, filters, weightBySize }) => ({
            metric,
            aggregation: "mean",
            filter_list: filters,
            weight_by_size: weightBySize,
          })),
          ranges: rangesOf(scores),
        },
      ]),
    ),
  };
}

/** What scores may be of which documents failed; undefined where none did. */
function rangesOf(scores: readonly Scored[]): Record<string, Interval> | undefined {
  const found = scores.flatMap(({ metric, filter, range }) =>
    range ? [[`${metric},${filter}`, range]] : [],
  );
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** An answer as results files have it: texts. */
function answerTexts(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(answerTexts);
  if (typeof answer === "number") return pythonText(float(answer));
  return typeof answer === "string" ? answer : pythonText(answer);
}

/** The lines of a task's samples file. */
export function samplesFile({ answered, scored }: EvaluatedTask): string {
  const byId = new Map(answered.map((document) => [document.prepared.id, document]));
  let out = "";
  for (const { id, filter, filtered, scores } of scored.samples) {
    const document = byId.get(id);
    if (!document) continue;
    const { prepared, answers } = document;
    const sample = {
      doc_id: id,
      doc: prepared.document,
      target: pythonText(prepared.target),
      arguments: Object.fromEntries(
        prepared.requests.map((request, i) => [
          `gen_args_${i}`,
          Object.fromEntries(argumentsOf(request).map((argument, j) => [`arg_${j}`, argument])),
        ]),
      ),
      resps: answers.map((all: readonly Answer[]) => all.map(answerTexts)),
      filtered_resps: filtered.map(answerTexts),
      filter,
      metrics: Object.keys(scores),
      doc_hash: prepared.hashes.document,
      prompt_hash: prepared.hashes.prompt,
      target_hash: prepared.hashes.target,
    };
    out += `${dumpJson(Object.assign(sample, scores))}\n`;
  }
  return out;
}
