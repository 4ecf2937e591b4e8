// The text of evaluations on a terminal: scores, lists of tasks, what a run would ask.
import {
  type Evaluation,
  intervalOf,
  type ListedTask,
  type PreparedRun,
  type Subject,
  type TaskScore,
} from "../evaluate/index.ts";
import { grouped } from "../grouped.ts";
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

/** What a run would ask, by task. */
export function planLines({ tasks }: PreparedRun, subject: Subject) {
  const rows = tasks.map(({ task, documents }) => {
    const { repeats, task: name, outputType } = task.config;
    const requests = documents.flatMap((document) => document.requests);
    const tokens = requests.reduce((sum, request) => {
      if (request.kind === "loglikelihood")
        return sum + subject.countTokens(request.context + request.continuation);
      return sum + subject.countTokens(request.kind === "generate_until" ? request.prompt : request.text);
    }, 0);
    return {
      task: name,
      outputType,
      documents: documents.length,
      requests: requests.length * repeats,
      tokens: tokens * repeats,
    };
  });
  const total = rows.reduce((sum, { tokens }) => sum + tokens, 0);
  const cells = rows.map(({ task, outputType, documents, requests, tokens }) =>
    [task, outputType, documents, requests, tokens].map((cell) =>
      typeof cell === "number" ? grouped(cell) : cell,
    ),
  );
  const text = formatTable([["task", "kind", "documents", "requests", "tokens"], ...cells], {
    align: ["left", "left", "right", "right", "right"],
  });
  return { rows, text: [...text, `${grouped(total)} tokens of prompts; nothing was asked`] };
}
