// The text of evaluations on a terminal: scores, lists of tasks, what a run would ask.
import {
  type Board,
  boardNumber,
  type Change,
  type Evaluation,
  intervalOf,
  isShareRow,
  type ListedTask,
  type PlannedTask,
  type RunComparison,
  rankText,
  type TaskScore,
} from "../evaluate/index.ts";
import { grouped } from "../grouped.ts";
import { brief } from "../json.ts";
import type { Price } from "../upstream/price.ts";
import { formatTable } from "./table.ts";

const rounded = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(4));

/** A score with its interval of 95%. */
function scoreCells(score: TaskScore): string[] {
  const interval = intervalOf(score);
  const range = interval ? `${rounded(interval[0])} to ${rounded(interval[1])}` : "";
  return [`${score.metric}${score.higherIsBetter ? "" : " (less is better)"}`, rounded(score.value), range];
}

/** A table of scores, and what is to be said of them. */
export function evaluationLines({ tasks, groups }: Evaluation): string[] {
  const rows = [["task", "filter", "n", "metric", "score", "95%"]];
  const notes: string[] = [];
  for (const { scored, failed } of tasks) {
    const { task, alias } = scored.config;
    const name = alias === null || alias === task ? task : `${task} (${alias})`;
    for (const score of scored.scores) {
      const cells = scoreCells(score);
      if (failed.size > 0) cells.splice(1, 2, "withheld", "");
      rows.push([name, score.filter, String(score.count), ...cells]);
    }
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
      notes.push(`${task}: ${failed.size} documents failed, so the scores are withheld: ${reason}`);
  }
  for (const { group, count, scores } of groups) {
    for (const { metric, filter, value, error } of scores) {
      rows.push([
        group.name,
        filter,
        String(count),
        metric,
        rounded(value),
        error === null ? "" : `± ${rounded(1.96 * error)}`,
      ]);
    }
  }
  return [...formatTable(rows, { align: ["left", "left", "right", "left", "right"] }), ...notes];
}

/** Tasks, and why some do not run. */
export function listLines(list: readonly ListedTask[], width: number): string[] {
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

/** The board as a table. */
export function boardLines({ rows }: Board): string[] {
  const lines = [
    ["task", "metric", "model", "rank", "score", "95%", "n", "no answer", "differ", "s a document", "cost"],
  ];
  for (const row of rows) {
    const isShare = isShareRow(row);
    const show = (value: number) => boardNumber(value, isShare);
    for (const {
      model,
      ranks,
      score,
      interval,
      n,
      notExtracted,
      extractionsDiffer,
      seconds,
      cost,
    } of row.cells) {
      const range = `${show(interval[0])} to ${show(interval[1])}`;
      const metric = row.filter === "none" ? row.metric : `${row.metric}, ${row.filter}`;
      const missing = notExtracted > 0 ? boardNumber(notExtracted, true) : "";
      const paid = cost ? `${cost.amount.toPrecision(2)} ${cost.currency}` : "";
      lines.push([
        row.task,
        metric,
        model,
        rankText(ranks),
        show(score),
        range,
        String(n),
        missing,
        extractionsDiffer ? String(extractionsDiffer) : "",
        seconds?.toPrecision(2) ?? "",
        paid,
      ]);
    }
  }
  return formatTable(lines, {
    align: ["left", "left", "left", "right", "right", "left", "right", "right", "right", "right", "right"],
  });
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
    const { a, b, difference, interval, p, holm, least, pairs } = task;
    const range = `${rounded(interval[0])} to ${rounded(interval[1])}`;
    const metric = task.filter === "none" ? task.metric : `${task.metric}, ${task.filter}`;
    const numbers = [
      rounded(a),
      rounded(b),
      rounded(difference),
      range,
      p.toPrecision(3),
      holm.toPrecision(3),
    ];
    rows.push([task.task, metric, String(pairs), ...numbers, rounded(least)]);
  }
  const lines = [`A  ${comparison.a}`, `B  ${comparison.b}`, "", ...formatTable(rows), ""];
  if (comparison.settings.length > 0) lines.push("What differs, the likeliest reason first:");
  for (const { setting, a, b } of comparison.settings)
    lines.push(`  ${setting}: ${brief(a)} against ${brief(b)}`);
  for (const { task, changes, otherPrompts, promptDifference, unpaired } of comparison.tasks) {
    const reasons = Object.entries(changes).filter(([, ids]) => ids.length > 0);
    if (reasons.length === 0 && otherPrompts === 0 && unpaired === 0) continue;
    lines.push("", `${task}: documents with another score`);
    for (const [reason, ids] of reasons) {
      const shown = ids.slice(0, 12).join(", ") + (ids.length > 12 ? ", …" : "");
      lines.push(`  ${REASONS[reason as Change]}: ${ids.length} (${shown})`);
    }
    if (unpaired > 0) lines.push(`  only in one of the runs: ${unpaired}`);
    if (!promptDifference) continue;
    lines.push(
      `  ${otherPrompts} prompts differ; document ${promptDifference.document} from character ${promptDifference.at}:`,
    );
    lines.push(`    A ${JSON.stringify(promptDifference.a)}`, `    B ${JSON.stringify(promptDifference.b)}`);
  }
  if (comparison.missing.length > 0) lines.push("", `In one run alone: ${comparison.missing.join(", ")}`);
  return lines;
}
