// The text of evaluations on a terminal: scores, lists of tasks, what a run would ask.
import {
  type Board,
  boardNumber,
  type Change,
  type Evaluation,
  intervalOf,
  isShareRow,
  type ListedTask,
  type PartialScore,
  type PlannedTask,
  type RunComparison,
  rankText,
  scoreText,
  sortedCells,
  type TaskComparison,
  type TaskScore,
} from "../evaluate/index.ts";
import { grouped } from "../grouped.ts";
import { brief } from "../json.ts";
import type { Price } from "../upstream/price.ts";
import { formatTable } from "./table.ts";

const rounded = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(4));

const span = ([low, high]: readonly [number, number], show = rounded): string =>
  `${show(low)} to ${show(high)}`;

/** A score; where documents failed, what it may be. */
const shownScore = ({ value, failed, range }: PartialScore & { readonly value: number }): string =>
  failed === 0 ? rounded(value) : range ? span(range) : "withheld";

/** A score with its interval of 95%. */
function scoreCells(score: TaskScore): string[] {
  const interval = score.failed > 0 ? undefined : intervalOf(score);
  const metric = `${score.metric}${score.higherIsBetter ? "" : " (less is better)"}`;
  return [metric, shownScore(score), interval ? span(interval) : ""];
}

/** A table of scores, and what is to be said of them. */
export function evaluationLines({ tasks, groups }: Evaluation): string[] {
  const rows = [["task", "filter", "n", "metric", "score", "95%"]];
  const notes: string[] = [];
  for (const { scored, failed } of tasks) {
    const { task, alias } = scored.config;
    const name = alias === null || alias === task ? task : `${task} (${alias})`;
    for (const score of scored.scores)
      rows.push([name, score.filter, String(score.count), ...scoreCells(score)]);
    for (const [filter, count] of scored.notExtracted) {
      if (count > 0)
        notes.push(
          `${task}, ${filter}: in ${count} of ${scored.count} documents no answer was found; they count as wrong`,
        );
    }
    if (scored.labelsMissing > 0)
      notes.push(
        `${task}: in ${scored.labelsMissing} documents no choice is the right one; they count as wrong`,
      );
    const [reason] = failed.values();
    if (reason !== undefined)
      notes.push(
        `${task}: ${failed.size} of ${failed.size + scored.count} documents failed, so a score is a range, from all of them wrong to all right, or withheld; the same command asks again: ${reason}`,
      );
  }
  for (const { group, count, scores } of groups) {
    for (const score of scores) {
      const { metric, filter, error, failed } = score;
      const around = error === null || failed > 0 ? "" : `± ${rounded(1.96 * error)}`;
      rows.push([group.name, filter, String(count), metric, shownScore(score), around]);
    }
  }
  return [...formatTable(rows, { align: ["left", "left", "right", "left", "right"] }), ...notes];
}

/** Tasks, and why some do not run. */
export function listLines(list: readonly ListedTask[], width: number | undefined): string[] {
  const rows = list.map(({ name, kind, outputType = "", refused }) => [
    name,
    kind,
    outputType,
    refused ?? "runs",
  ]);
  const runs = list.filter(({ refused }) => refused === undefined).length;
  return [...formatTable(rows, { width }), `${runs} of ${list.length} run here`];
}

/** What a run would ask, by task, how long that takes and what it costs. */
export function planLines(tasks: readonly PlannedTask[], price: Price | undefined): string[] {
  const sum = (value: (task: PlannedTask) => number) => tasks.reduce((all, task) => all + value(task), 0);
  const cells = tasks.map(({ task, outputType, documents, requests, tokens, answerTokens }) => [
    task,
    outputType,
    ...[documents, requests, tokens, answerTokens].map((count) => grouped(count)),
  ]);
  const table = formatTable(
    [["task", "kind", "documents", "requests", "tokens", "of answers, at most"], ...cells],
    { align: ["left", "left", "right", "right", "right", "right"] },
  );
  const tokens = `${grouped(sum((task) => task.tokens))} tokens of prompts`;
  const time = `about ${duration(sum(({ seconds = 0 }) => seconds))}`;
  const lines = [...table, `${tokens}; ${time}; the tasks themselves were not asked`];
  if (!price) return lines;
  const { currency, input, output, source = "no source", date = "no date" } = price;
  const cost = sum(({ amount = 0 }) => amount).toPrecision(3);
  return [
    ...lines,
    `about ${cost} ${currency} where answers are as long as they may be, at ${input} and ${output} for a million tokens read and written (${source}, ${date})`,
  ];
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const ALIGNED = new Set(["task", "asked by", "metric", "model", "95%"]);

/** The board as a table. */
export function boardLines({ rows, left }: Board): string[] {
  const lines = [
    [
      "task",
      "asked by",
      "metric",
      "model",
      "rank",
      "score",
      "95%",
      "n",
      "failed",
      "no answer",
      "differ",
      "s a document",
      "cost",
    ],
  ];
  for (const row of rows) {
    const isShare = isShareRow(row);
    for (const cell of sortedCells(row)) {
      const { model, ranks, interval, n, failed, notExtracted, extractionsDiffer, seconds, cost } = cell;
      const range = interval ? span(interval, (value) => boardNumber(value, isShare)) : "";
      const metric = row.filter === "none" ? row.metric : `${row.metric}, ${row.filter}`;
      const missing = notExtracted > 0 ? boardNumber(notExtracted, true) : "";
      const paid = cost ? `${cost.amount.toPrecision(2)} ${cost.currency}` : "";
      lines.push([
        row.task,
        row.asked === "PPL" ? "likelihood" : row.asked,
        metric,
        model,
        rankText(ranks),
        scoreText(cell, isShare, "en"),
        range,
        String(n),
        failed > 0 ? String(failed) : "",
        missing,
        extractionsDiffer ? String(extractionsDiffer) : "",
        seconds?.toPrecision(2) ?? "",
        paid,
      ]);
    }
  }
  // Columns that no model has anything in are left out.
  const used = lines[0].map((_, at) => lines.slice(1).some((line) => line[at] !== ""));
  const kept = <T>(cells: readonly T[]): T[] => cells.filter((_, at) => used[at]);
  const align = lines[0].map((name) => (ALIGNED.has(name) ? "left" : "right"));
  const table =
    rows.length === 0 ? ["There is no score to show."] : formatTable(lines.map(kept), { align: kept(align) });
  return [...table, ...left.map(({ model, task, why }) => `${model}, ${task} is not on the board: ${why}`)];
}

const REASONS: Readonly<Record<Change, string>> = {
  prompt: "another prompt",
  answer: "another answer",
  extraction: "another extraction of the same answer",
  tie: "choices near a tie",
};

/** Two runs compared. */
export function comparisonLines(comparison: RunComparison): string[] {
  const rows = [["task", "metric", "n", "A", "B", "A - B", "95%", "p", "Holm", "least shown"]];
  for (const task of comparison.tasks) {
    const { a, b, difference, interval, p, holm, least, pairs, lessIsBetter } = task;
    const named = task.filter === "none" ? task.metric : `${task.metric}, ${task.filter}`;
    const numbers = [
      rounded(a),
      rounded(b),
      rounded(difference),
      span(interval),
      p.toPrecision(3),
      holm.toPrecision(3),
    ];
    const metric = lessIsBetter ? `${named} (less is better)` : named;
    rows.push([task.task, metric, String(pairs), ...numbers, rounded(least)]);
  }
  const lines = [`A  ${comparison.a}`, `B  ${comparison.b}`, ""];
  if (comparison.tasks.length > 0) lines.push(...formatTable(rows));
  else lines.push("The runs share no task of which they have two documents.");
  lines.push(...whyLines(comparison));
  for (const task of comparison.tasks) lines.push(...changeLines(task));
  if (comparison.tooFew.length > 0)
    lines.push("", `Fewer than two documents are answered in both: ${comparison.tooFew.join(", ")}`);
  if (comparison.missing.length > 0) lines.push("", `In one run alone: ${comparison.missing.join(", ")}`);
  for (const { run, task, why } of comparison.left)
    lines.push(`${run.toUpperCase()}, ${task} is not compared: ${why}`);
  return lines;
}

/** The settings that differ, first what explains most of the documents with another score. */
function whyLines({ tasks, changed, settings }: RunComparison): string[] {
  if (tasks.length === 0) return [];
  const head = changed === 0 ? "No document has another score." : `${changed} documents have another score.`;
  if (settings.length === 0) return ["", `${head} No setting differs that both runs say.`];
  const width = String(changed).length;
  const counts = changed === 0 ? "" : ", and how many of them each can explain";
  return [
    "",
    `${head} Settings that differ${counts}:`,
    ...settings.map(({ setting, a, b, explains }) => {
      const count = changed === 0 ? "" : `${String(explains).padStart(width)}  `;
      return `  ${count}${setting}: ${brief(a)} against ${brief(b)}`;
    }),
  ];
}

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);

/** What changed in a task's documents. */
function changeLines({
  task,
  filter,
  changes,
  otherPrompts,
  unpaired,
  failed,
  ends,
  promptDifferences,
}: TaskComparison): string[] {
  const reasons = Object.entries(changes).filter(([, ids]) => ids.length > 0);
  if (reasons.length === 0 && otherPrompts === 0 && unpaired === 0 && failed === 0) return [];
  const lines = ["", filter === "none" ? task : `${task}, ${filter}`];
  for (const [reason, ids] of reasons) {
    const shown = ids.slice(0, 12).join(", ") + (ids.length > 12 ? ", …" : "");
    lines.push(`  another score, ${REASONS[reason as Change]}: ${ids.length} (${shown})`);
  }
  if (failed > 0)
    lines.push(
      `  failed in one of the runs: ${failed}; A - B lies ${ends ? `between ${span(ends)}` : "anywhere"}`,
    );
  if (unpaired > 0) lines.push(`  only in one of the runs: ${unpaired}`);
  if (otherPrompts > 0) lines.push(`  ${otherPrompts} prompts differ`);
  for (const { document, documents, stretches } of promptDifferences) {
    const shown = stretches.map((one) =>
      "same" in one ? quoted(one.same) : `[A ${JSON.stringify(one.a)}, B ${JSON.stringify(one.b)}]`,
    );
    lines.push(`    ${documents} of them as document ${document}: ${shown.join(" ")}`);
  }
  return lines;
}

/** The scores as a document of JSON. */
export const evaluationDocument = ({ tasks, groups }: Evaluation) => [
  ...tasks.map(({ scored, failed }) => ({
    task: scored.config.task,
    scores: scored.scores,
    documents: scored.count,
    failed: failed.size,
    labelsMissing: scored.labelsMissing,
    notExtracted: Object.fromEntries(scored.notExtracted),
  })),
  ...groups.map(({ group, scores, count }) => ({ group: group.name, scores, documents: count })),
];

/** A plan as a document of JSON. */
export const planDocument = (tasks: readonly PlannedTask[], price: Price | undefined) => ({ tasks, price });
