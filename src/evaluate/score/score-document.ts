// The metrics of one document from the filtered answers to its requests.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { lengthOf } from "../../tokenizers/chat-template/jinja/text.ts";
import { keyOf, NO_VERDICTS, programOf, type Verdicts } from "../code/program.ts";
import type { Program } from "../code/sandbox.ts";
import { countWords } from "../python/text.ts";
import { float, isInt, pythonEquals, pythonText } from "../python/values.ts";
import { passAtK } from "../statistics/intervals.ts";
import type { Document } from "../tasks/document.ts";
import type { OpenTask } from "../tasks/open-task.ts";
import { createExactMatch } from "./exact-match.ts";
import { argmax, softmax } from "./likeliest.ts";
import { type Metric, passesOf } from "./metrics.ts";

/** A log-likelihood, and whether every token was the likeliest. */
export type Likelihood = readonly [logprob: number, isGreedy: boolean];

/** A document's values by metric, as Python has them: a float without a fraction is a `Number` object. */
export type DocumentScores = Record<string, unknown>;

/** A document's scores, and what is to be said of them. */
export interface ScoredDocument {
  readonly scores: DocumentScores;
  /** The right answer is none of the choices: it counts as wrong. */
  readonly labelMissing: boolean;
}

/** Scores a document. */
export type DocumentScorer = (document: Document, answers: readonly unknown[]) => ScoredDocument;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
/** A label that is none of the choices. */
const MISSING = -100;

/** What scores the documents of a task. */
export function createDocumentScorer(
  task: OpenTask,
  metrics: readonly Metric[],
  verdicts: Verdicts = NO_VERDICTS,
): DocumentScorer {
  const { code } = task.config;
  if (code)
    return (document, [answers]) => ({
      scores: scorePrograms(
        metrics,
        [answers].flat().map((answer) => programOf(task, code, document, answer)),
        verdicts,
      ),
      labelMissing: false,
    });
  const { processResults } = task.config;
  if (processResults)
    return (document, answers) => ({ scores: processResults(document, answers), labelMissing: false });
  switch (task.config.outputType) {
    case "loglikelihood":
      return (_document, [answer]) => {
        const [logprob, isGreedy] = likelihoodOf(answer);
        return scored(metrics, { perplexity: float(logprob), acc: Number(isGreedy), bypass: null });
      };
    case "loglikelihood_rolling":
      return (document, [answer]) => scoreRolling(task, metrics, document, Number(answer));
    case "multiple_choice":
      return (document, answers) => scoreChoices(task, metrics, document, answers.map(likelihoodOf));
    case "generate_until":
      return createTextScorer(task, metrics);
  }
}

/** Those of the values that the task asks for, in the order in which they are found. */
function scored(metrics: readonly Metric[], values: DocumentScores, labelMissing = false): ScoredDocument {
  const names = new Set(metrics.map(({ name }) => name));
  return {
    scores: Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name))),
    labelMissing,
  };
}

function likelihoodOf(answer: unknown): Likelihood {
  if (Array.isArray(answer) && typeof answer[0] === "number" && typeof answer[1] === "boolean")
    return [answer[0], answer[1]];
  throw new BaimoError(
    "format",
    `an answer must be a log-likelihood and true or false but is ${brief(answer)}`,
  );
}

function scorePrograms(
  metrics: readonly Metric[],
  programs: readonly Program[],
  verdicts: Verdicts,
): DocumentScores {
  const passed = programs.filter((program) => {
    const verdict = verdicts.get(keyOf(program));
    if (verdict) return verdict.outcome === "passed";
    throw new BaimoError("request", "the answers are programs that were not run; run them, then score");
  }).length;
  return Object.fromEntries(
    metrics.map(({ name }) => [name, float(passAtK(programs.length, passed, passesOf(name) ?? 1))]),
  );
}

function scoreRolling(
  task: OpenTask,
  metrics: readonly Metric[],
  document: Document,
  logprob: number,
): ScoredDocument {
  const text = String(task.fields.target(document));
  const words = countWords(text);
  const bytes = bytesOf(text);
  const sum = float(logprob);
  return scored(metrics, {
    word_perplexity: [sum, words],
    byte_perplexity: [sum, bytes],
    bits_per_byte: [sum, bytes],
  });
}

function scoreChoices(
  task: OpenTask,
  metrics: readonly Metric[],
  document: Document,
  answers: readonly Likelihood[],
): ScoredDocument {
  const choices = task.fields.choices(document);
  const all = answers.map(([logprob]) => logprob);
  const isMutual =
    metrics.some(({ name }) => name === "acc_mutual_info") && all.length === 2 * choices.length;
  const logprobs = isMutual ? all.slice(0, choices.length) : all;
  const label = task.choicesAsked ? task.fields.text(document) : task.fields.target(document);
  const gold = Array.isArray(label) ? label.map((one) => labelOf(one, choices)) : labelOf(label, choices);
  const best = argmax(logprobs);
  const perLetter = argmax(logprobs.map((logprob, i) => logprob / lengthOf(choices[i])));
  const perByte = argmax(logprobs.map((logprob, i) => logprob / bytesOf(choices[i])));
  const isRight = (choice: number): boolean =>
    task.manyTargets ? [gold].flat().includes(choice) : choice === gold;
  const right = (choice: number): unknown => float(Number(isRight(choice)));
  const isGreedy = (one: number): boolean => one !== MISSING && (answers.at(one)?.[1] ?? false);
  const values: DocumentScores = {
    acc: right(best),
    f1: [gold, best],
    mcc: [gold, best],
    acc_norm: right(perLetter),
    acc_bytes: right(perByte),
    exact_match: Number([gold].flat().some(isGreedy)),
    brier_score: [gold, softmax(logprobs)],
    likelihood: [gold, logprobs],
    bypass: null,
  };
  if (isMutual)
    values.acc_mutual_info = right(argmax(logprobs.map((logprob, i) => logprob - all[choices.length + i])));
  const outside = (one: number): boolean => one === MISSING || one < 0;
  return scored(metrics, values, [gold].flat().some(outside));
}

/** The number of the right choice; a text is looked up. A negative number stays one and is never right. */
function labelOf(label: unknown, choices: readonly string[]): number {
  if (typeof label === "string") {
    const at = choices.indexOf(label);
    return at < 0 ? MISSING : at;
  }
  const number = typeof label === "boolean" || label instanceof Number ? Number(label) : label;
  if (!isInt(number)) return MISSING;
  return number < choices.length ? Number(number) : MISSING;
}

function createTextScorer(task: OpenTask, metrics: readonly Metric[]): DocumentScorer {
  const { config, fields, manyTargets } = task;
  const matchers = new Map(metrics.map((metric) => [metric, createExactMatch(metric.options, config.where)]));

  function targetOf(document: Document): { target: unknown; labelMissing: boolean } {
    const target = fields.target(document);
    if (config.docToChoice === null) return { target, labelMissing: false };
    const choices = fields.choices(document);
    const at = labelOf(target, choices);
    return { target: choices.at(at) ?? null, labelMissing: at < 0 };
  }

  return (document, [answer]) => {
    const { target, labelMissing } = targetOf(document);
    const scores: DocumentScores = {};
    for (const metric of metrics) {
      const { name } = metric;
      if (name === "exact_match") {
        const isMatch = matchers.get(metric) as (answer: string, target: string) => boolean;
        const targets = manyTargets ? [target].flat().map(pythonText) : [pythonText(target)];
        // A list is what no filter made one answer of: the score is the share of those that match.
        const answers = Array.isArray(answer) ? answer : [answer];
        const share = (one: string) =>
          answers.filter((own) => own !== null && isMatch(pythonText(own), one)).length / answers.length;
        const best = manyTargets ? Math.max(...targets.map(share)) : share(targets[0]);
        scores.exact_match = float(manyTargets ? Number(best > 0) : best);
      } else if (name === "bypass") scores.bypass = null;
      else if (manyTargets || typeof answer !== "string") {
        throw new BaimoError("request", `${config.where}: ${name} compares one answer with one text`);
      } else scores[name] = [pythonEquals(target, null) ? "None" : pythonText(target), answer];
    }
    return { scores, labelMissing };
  };
}
