// Files of a run as OpenCompass writes them: predictions/, results/, and the summary.
import { isRecord } from "../../json.ts";
import { pythonText } from "../python/values.ts";
import type { EvaluatedDocument, EvaluatedTask, Evaluation } from "../run.ts";
import { isShareMetric } from "../score/failed-documents.ts";
import { argmax } from "../score/likeliest.ts";
import { CORRECTED_EXTRACTION, OPENCOMPASS_VERSION, OWN_EXTRACTION } from "../score/opencompass/options.ts";
import type { Answer, TaskScore } from "../score/score-task.ts";
import { type EvalRequest, wholeText } from "../tasks/eval-request.ts";
import { sanitizeModel } from "./lm-eval-files.ts";
import type { RunFacts } from "./run-facts.ts";

/** A file by its path below the run's folder. */
export interface NamedFile {
  readonly path: string;
  readonly text: string;
}

/** How OpenCompass calls the ways in which tasks are asked. */
type Mode = "gen" | "ppl" | "ll";

/** A task that OpenCompass has a form for. */
interface Shown {
  readonly task: EvaluatedTask;
  readonly mode: Mode;
  readonly name: string;
}

/** Writes the files of the tasks that OpenCompass has a form for: all but the likelihoods of whole texts. */
export function openCompassFiles({ tasks }: Evaluation, facts: RunFacts): NamedFile[] {
  const shown = tasks.flatMap((task): Shown[] => {
    const mode = modeOf(task);
    return mode ? [{ task, mode, name: task.scored.config.task.replace(/[/\\]/g, "_") }] : [];
  });
  if (shown.length === 0) return [];
  const model = sanitizeModel(facts.model);
  const files = shown.flatMap(({ task, mode, name }) => [
    { path: `predictions/${model}/${name}.json`, text: json(predictionsOf(task, mode)) },
    { path: `results/${model}/${name}.json`, text: json(resultsOf(task, mode, facts)) },
  ]);
  const table = tableOf(shown, facts);
  const date = facts.started.slice(0, 19).replace(/[-:]/g, "").replace("T", "_");
  const csv = table.map((row) => row.map((cell) => cell.replaceAll(",", " ")).join(",")).join("\n");
  const markdown = table.map((row) => `| ${row.join(" | ")} |`);
  const rule = `|${table[0].map(() => " ----- ").join("|")}|`;
  return [
    ...files,
    { path: `summary/summary_${date}.csv`, text: `${csv}\n` },
    { path: `summary/summary_${date}.md`, text: `${[markdown[0], rule, ...markdown.slice(1)].join("\n")}\n` },
  ];
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

function modeOf({ prepared, scored }: EvaluatedTask): Mode | undefined {
  const [request] = prepared.documents[0]?.requests ?? [];
  if (request?.kind === "generate_until") return "gen";
  if (request?.kind === "prompt_loss") return "ppl";
  return scored.config.outputType === "multiple_choice" ? "ll" : undefined;
}

const LABEL = "label: ";

/** A document's entry in the predictions. */
type Prediction = Readonly<Record<string, unknown>>;

/** What was asked and answered, by the documents' numbers. */
function predictionsOf(task: EvaluatedTask, mode: Mode): Record<string, Prediction> {
  return Object.fromEntries(
    task.answered.map((document) => {
      const { prepared, answers } = document;
      const gold = goldOf(document, task);
      if (mode === "gen") {
        const [request] = prepared.requests;
        const texts = answers[0].map(String);
        const prediction = texts.length === 1 ? texts[0] : texts;
        return [prepared.id, { origin_prompt: wholeText(request), prediction, gold }];
      }
      const choices = choicesOf(document, task);
      const [first] = prepared.requests;
      const byLabel = choices.map(({ label, request, value }) => [
        LABEL + label,
        {
          "testing input": wholeText(request),
          prompt: wholeText(request),
          ...(mode === "ppl" ? { PPL: -value } : { Loglikelihood: value }),
        },
      ]);
      return [
        prepared.id,
        {
          origin_prompt: wholeText(first),
          ...Object.fromEntries(byLabel),
          prediction: likeliest(choices),
          gold,
        },
      ];
    }),
  );
}

interface Choice {
  readonly label: string;
  readonly request: EvalRequest;
  /** Its log-likelihood, or the negative of its perplexity's logarithm. */
  readonly value: number;
}

/** The choices by their labels; of two that read the same the later one has its number behind it. */
function choicesOf(
  { prepared, answers }: EvaluatedDocument,
  { prepared: { task } }: EvaluatedTask,
): Choice[] {
  const labels = task.fields.choices(prepared.document);
  const isNormalised = prepared.requests.some((one) => one.kind === "prompt_loss" && one.masked !== "");
  const valueAt = (at: number) => numberOf(answers[at][0]);
  return labels.map((label, i) => ({
    label: labels.indexOf(label) === i ? label : `${label} (${i})`,
    request: prepared.requests[i],
    value: isNormalised ? valueAt(i) - valueAt(labels.length + i) : valueAt(i),
  }));
}

const numberOf = (answer: Answer): number => Number(Array.isArray(answer) ? answer[0] : answer);
const likeliest = (choices: readonly Choice[]): string =>
  choices[argmax(choices.map(({ value }) => value))].label;

/** The right answer as the predictions have it: of choices the text of the right one. */
function goldOf({ prepared }: EvaluatedDocument, { prepared: { task } }: EvaluatedTask): unknown {
  const right = task.choicesAsked ? task.fields.text(prepared.document) : prepared.target;
  const isNumber = typeof right === "number" || right instanceof Number;
  if (task.config.outputType !== "multiple_choice" || !isNumber) return right;
  return task.fields.choices(prepared.document).at(Number(right)) ?? right;
}

/** The scores, in percent where they are shares, with each answer; an error where documents failed. */
function resultsOf(task: EvaluatedTask, mode: Mode, facts: RunFacts): Record<string, unknown> {
  const { scored, failed, prepared } = task;
  const own = {
    version: facts.version,
    model_identity: facts.identity,
    started: facts.started,
    seed: facts.seed,
    fewshot_seed: facts.fewshotSeed,
    num_fewshot: scored.config.numFewshot ?? 0,
    price: facts.price,
    data: prepared.source,
    extractions: scored.samples.some(({ filter }) => filter === OWN_EXTRACTION)
      ? OPENCOMPASS_VERSION
      : undefined,
  };
  if (failed.size > 0) {
    const [reason] = failed.values();
    const ranges = scored.scores.flatMap(({ metric, filter, range }) =>
      range ? [{ metric, filter, range }] : [],
    );
    const error = `${failed.size} of ${failed.size + scored.count} documents failed: ${reason}`;
    return { error, ranges, details: detailsOf(task, mode), baimo: own };
  }
  const shown = scored.scores.map((score) => [nameOf(score, task), inPercent(score)]);
  return { ...Object.fromEntries(shown), details: detailsOf(task, mode), baimo: own };
}

const inPercent = ({ metric, value }: TaskScore): number =>
  isShareMetric(metric) || CIRCULAR.test(metric) ? 100 * value : value;
const CIRCULAR = /^(acc|perf|more_\d+)_(origin|circular)$/;

/** OpenCompass's name of the share of right answers; that of another filter than the first has it behind. */
function nameOf({ metric, filter }: TaskScore, { scored }: EvaluatedTask): string {
  const name = metric === "acc" ? "accuracy" : metric;
  return filter === scored.samples[0]?.filter ? name : `${name}_${filter}`;
}

/** Each answer as OpenCompass's results have it. */
function detailsOf(task: EvaluatedTask, mode: Mode): Record<string, unknown> {
  const { scored, answered } = task;
  const [first] = scored.samples;
  if (!first) return { type: mode === "gen" ? "GEN" : "PPL" };
  const own = scored.samples.filter(({ filter }) => filter === first.filter);
  const corrected = new Map(
    scored.samples
      .filter(({ filter }) => filter === CORRECTED_EXTRACTION)
      .map((sample) => [sample.id, sample]),
  );
  const main = Object.keys(first.scores).find(isShareMetric);
  const asked = predictionsOf(task, mode);
  const entries = own.map(({ id, filtered, scores }, i) => {
    const document = answered[i];
    const gold = goldOf(document, task);
    const references = typeof gold === "string" ? gold : pythonText(gold);
    const choices = mode === "gen" ? [] : choicesOf(document, task);
    const predictions = mode === "gen" ? filtered[0] : likeliest(choices);
    const circular = scores.perf_circular as { prediction?: unknown; reference?: unknown } | undefined;
    const correct = circular
      ? circular.prediction === circular.reference
      : main === undefined
        ? undefined
        : rightness(Number(scores[main]));
    const other = corrected.get(id)?.filtered[0];
    const shown = { predictions, references, correct, predictions_corrected: other };
    if (mode !== "gen") return [id, { origin_prediction: originOf(asked[id]), ...shown }];
    const [request] = document.prepared.requests;
    const [texts] = document.answers;
    return [
      id,
      { prompt: wholeText(request), origin_prediction: texts.length === 1 ? texts[0] : texts, ...shown },
    ];
  });
  return { type: mode === "gen" ? "GEN" : "PPL", ...Object.fromEntries(entries) };
}

/** What was asked and found of choices, as OpenCompass's evaluation shows it: by the bare labels. */
const originOf = (prediction: Prediction): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(prediction).flatMap(([key, value]) => {
      if (key === "prediction") return [];
      if (!key.startsWith(LABEL) || !isRecord(value)) return [[key, value]];
      const { "testing input": _, ...shown } = value;
      return [[key.slice(LABEL.length), shown]];
    }),
  );

/** True or false, or the share of answers to one document that are right. */
const rightness = (value: number): boolean | number => (value === 0 || value === 1 ? value === 1 : value);

/** The summary: a line for each task and score; of a task that has none, since documents failed, one line of "-". */
function tableOf(shown: readonly Shown[], facts: RunFacts): string[][] {
  const rows = shown.flatMap(({ task, mode, name }) => {
    const { scored, failed } = task;
    if (failed.size > 0) return [[name, "-", "-", "-", "-"]];
    const version = String(scored.config.metadata.version ?? "-");
    return scored.scores.map((score) => [
      name,
      version,
      nameOf(score, task),
      mode,
      inPercent(score).toFixed(2),
    ]);
  });
  return [["dataset", "version", "metric", "mode", sanitizeModel(facts.model)], ...rows];
}
