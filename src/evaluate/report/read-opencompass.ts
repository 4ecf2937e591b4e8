// Reads runs that OpenCompass wrote: predictions/MODEL/TASK.json, and each answer of results/.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { brief, isRecord, recordOf, textOf } from "../../json.ts";
import { parsePythonJson, plainNumbers } from "../../python-json.ts";
import type { EvaluatedDocument } from "../run.ts";
import type { Answer } from "../score/score-task.ts";
import type { EvalRequest } from "../tasks/eval-request.ts";
import { readTask } from "../tasks/read-task.ts";
import type { StoredRun, StoredTask } from "./stored-run.ts";
import { OPENCOMPASS_FILTER } from "./task-values.ts";

type Item = Record<string, unknown>;

/** The runs of a folder, one for each model; undefined for what is no folder of OpenCompass's. */
export function readOpenCompass(folder: string): StoredRun[] | undefined {
  const all = join(folder, "predictions");
  // Of one model: its folder below predictions/.
  if (basename(dirname(resolve(folder))) === "predictions") return [readModel(resolve(folder))];
  if (!existsSync(all)) return undefined;
  const models = readdirSync(all, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return models.map(({ name }) => readModel(join(all, name))).sort((a, b) => (a.model < b.model ? -1 : 1));
}

function readModel(folder: string): StoredRun {
  const model = basename(folder);
  const results = join(dirname(dirname(folder)), "results", model);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json") && !name.startsWith("tmp_"));
  const tasks: StoredTask[] = [];
  const left: StoredRun["left"][number][] = [];
  for (const [task, parts] of partsByTask(names)) {
    const items = parts.flatMap((name) => itemsOf(join(folder, name)));
    const found = readTaskOf(task, items, join(results, `${task}.json`));
    if (typeof found === "string") left.push({ task, why: found });
    else tasks.push(found);
  }
  const name = basename(dirname(dirname(folder)));
  return { name, folder, model, results: {}, tasks, left, isOpenCompass: true };
}

/** Predictions of a large task lie in TASK_0.json, TASK_1.json and so on. */
function partsByTask(names: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const given = new Set(names);
  for (const name of [...names].sort()) {
    const [, base, part] = /^(.*)_(\d+)\.json$/.exec(name) ?? [];
    const isPart = base !== undefined && given.has(`${base}_0.json`) && !given.has(`${base}.json`);
    if (!isPart) found.set(name.slice(0, -".json".length), [name]);
    else if (part === "0") {
      const parts: string[] = [];
      for (let i = 0; given.has(`${base}_${i}.json`); i++) parts.push(`${base}_${i}.json`);
      found.set(base, parts);
    }
  }
  return found;
}

const readJsonFile = (path: string): Item =>
  recordOf(plainNumbers(parsePythonJson(textOf(readFileSync(path), path), path)), path);

/** The documents of a file in their order: it is called by their numbers. */
function itemsOf(path: string): Item[] {
  const entries = Object.entries(readJsonFile(path)).filter(([id]) => /^\d+$/.test(id));
  return entries
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([id, item]) => ({ id: Number(id), ...recordOf(item, `${path}: ${id}`) }));
}

/** One answer as the results say it. */
interface Judged {
  readonly extracted: string;
  readonly value: number;
}

/** A task, or why it cannot be shown. */
function readTaskOf(name: string, items: readonly Item[], path: string): StoredTask | string {
  const [first] = items;
  if (!first) return "its predictions are empty";
  const labels = labelsOf(first);
  const details = existsSync(path) ? detailsOf(readJsonFile(path)) : undefined;
  const judged = items.map((item, i) => judge(details?.(i), labels.length > 0 ? item : undefined));
  const lacking = judged.indexOf(undefined);
  if (lacking >= 0)
    return `${path} does not say which answers are right (document ${lacking}); OpenCompass writes it with --dump-eval-details`;
  const outputType = labels.length > 0 ? "multiple_choice" : "generate_until";
  const raw = { task: name, output_type: outputType, doc_to_text: "", doc_to_target: "", doc_to_choice: [] };
  const filter = labels.length > 0 ? "none" : OPENCOMPASS_FILTER;
  const documents = items.map((item, i) => documentOf(item, i, labels.length > 0));
  return {
    name,
    config: readTask(raw, `OpenCompass's task ${name}`),
    documents,
    notAgain: "OpenCompass's files do not say how its answers are read",
    failed: [],
    samples: documents.map(({ prepared: { id, target }, answers }, i) => {
      const { extracted, value } = judged[i] as Judged; // none of them lacks
      return {
        doc_id: id,
        filter,
        target,
        resps: answers,
        filtered_resps: [extracted],
        metrics: ["acc"],
        acc: value,
      };
    }),
  };
}

const LABEL = "label: ";

const labelsOf = (item: Item): string[] => Object.keys(item).filter((key) => key.startsWith(LABEL));

function documentOf(item: Item, id: number, isByLabel: boolean): EvaluatedDocument {
  const labels = labelsOf(item);
  const requests: EvalRequest[] = isByLabel
    ? labels.map((label) => ({
        kind: "prompt_loss",
        text: promptOf(recordOf(item[label], label).prompt),
        masked: "",
      }))
    : [{ kind: "generate_until", prompt: promptOf(item.origin_prompt), settings: {} }];
  const answers = isByLabel
    ? labels.map((label): Answer[] => {
        const { PPL, Loglikelihood } = recordOf(item[label], label);
        return [[Loglikelihood === undefined ? -Number(PPL) : Number(Loglikelihood), false]];
      })
    : [[item.prediction].flat().map(String)];
  const hashes = { document: "", prompt: "", target: "" };
  return { prepared: { id, document: {}, target: plainText(item.gold), requests, hashes }, answers };
}

const plainText = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined ? "" : (JSON.stringify(value) ?? "");

/** A prompt is a text, or rounds with their roles. */
function promptOf(prompt: unknown): string {
  if (typeof prompt === "string") return prompt;
  if (!Array.isArray(prompt)) return plainText(prompt);
  return prompt
    .map((turn) => (isRecord(turn) ? plainText(turn.prompt ?? turn.content) : plainText(turn)))
    .join("\n");
}

/** What the results say of each document: by its number, or a list. */
function detailsOf({ details }: Item): ((i: number) => Item | undefined) | undefined {
  if (Array.isArray(details)) return (i) => (isRecord(details[i]) ? details[i] : undefined);
  if (!isRecord(details)) return undefined;
  return (i) => {
    const detail = details[String(i)];
    return isRecord(detail) ? detail : undefined;
  };
}

/** Names that evaluators have for whether an answer is right, and for what they found in it. */
const RIGHT = ["correct", "is_correct", "cascade_correct"];
const FOUND = ["predictions", "pred", "prediction"];
const WANTED = ["references", "answer", "answers", "reference"];

/** Judges an answer; of perplexities the files need no results. */
function judge(detail: Item | undefined, byLabel: Item | undefined): Judged | undefined {
  const pick = (keys: readonly string[]): unknown =>
    keys.map((key) => detail?.[key]).find((one) => one !== undefined);
  const right = pick(RIGHT);
  const found = byLabel ? byLabel.prediction : pick(FOUND);
  const wanted = byLabel ? byLabel.gold : pick(WANTED);
  const extracted = plainText(Array.isArray(found) && found.length === 1 ? found[0] : found);
  // A list where the evaluation was done several times.
  if (right !== undefined) {
    const all = [right].flat().map(Number);
    if (all.some(Number.isNaN))
      throw new BaimoError("format", `an answer is ${brief(right)}; expected true or false`);
    return { extracted, value: all.reduce((sum, one) => sum + one, 0) / all.length };
  }
  if (found === undefined || wanted === undefined) return undefined;
  return { extracted, value: Number(plainText(found) === plainText(wanted)) };
}
