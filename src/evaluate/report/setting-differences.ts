// Settings in which two runs differ, and how many of the changed documents each can explain.
import { isRecord } from "../../json.ts";
import type { ChangedDocument } from "./document-change.ts";
import type { StoredRun } from "./stored-run.ts";
import type { DocumentValue } from "./task-values.ts";

/** A setting that differs. */
export interface SettingDifference {
  readonly setting: string;
  readonly a: unknown;
  readonly b: unknown;
  /** Of the documents with another score, those that it can explain. */
  readonly explains: number;
}

/** What a setting can change of a document of a task; the values are the runs' own. */
type Explains = (changed: ChangedDocument, a: unknown, b: unknown) => boolean;

interface Setting {
  readonly name: string;
  /** Where results files say it, `*` for a task's name: the first place that is there counts. */
  readonly paths: readonly (readonly string[])[];
  readonly explains: Explains;
}

const ofPrompts: Explains = ({ change }) => change === "prompt";
/** Examples before a question. */
const ofExamples: Explains = ({ change, hasShots }) => change === "prompt" && hasShots;
/** The same prompt was answered otherwise, by much or little. */
const ofAnswers: Explains = ({ change }) => change === "answer" || change === "tie";
const ofDrawing: Explains = (changed) => ofAnswers(changed, 0, 0) && changed.a.margin === undefined;
const ofModel: Explains = (changed) => ofAnswers(changed, 0, 0);
/** A text that stands in the prompts of one run alone. */
const ofText: Explains = ({ change, a, b }, own, other) => {
  const stands = (text: unknown, { asked: [prompt = ""] }: DocumentValue) =>
    typeof text === "string" &&
    text !== "" &&
    (prompt.includes(text) || prompt.includes(JSON.stringify(text).slice(1, -1)));
  return change === "prompt" && (stands(own, a) || stands(other, b));
};
const ofTask =
  (explains: Explains): Explains =>
  (changed, a, b) =>
    !same(valueFor(a, changed.task), valueFor(b, changed.task)) && explains(changed, a, b);
/** A prompt is cut only where it has more tokens, so more bytes, than there is room for. */
const ofRoom: Explains = (changed, a, b) =>
  ofAnswers(changed, a, b) && Buffer.byteLength(changed.a.asked[0] ?? "") > Math.min(Number(a), Number(b));

/** Of two that explain as much, the more telling one first. */
const SETTINGS: readonly Setting[] = [
  {
    name: "chat_template",
    paths: [["baimo", "tasks", "*", "chat_template_sha"], ["chat_template_sha"]],
    explains: ofTask(ofPrompts),
  },
  { name: "system_instruction", paths: [["system_instruction"]], explains: ofText },
  { name: "num_fewshot", paths: [["n-shot", "*"]], explains: ofTask(ofPrompts) },
  { name: "fewshot_as_multiturn", paths: [["fewshot_as_multiturn"]], explains: ofExamples },
  { name: "fewshot_seed", paths: [["config", "fewshot_seed"]], explains: ofExamples },
  { name: "task version", paths: [["versions", "*"]], explains: ofTask(() => true) },
  { name: "gen_kwargs", paths: [["config", "gen_kwargs"]], explains: ofDrawing },
  { name: "seed", paths: [["config", "torch_seed"]], explains: ofDrawing },
  { name: "model", paths: [["model_name"], ["config", "model"]], explains: ofModel },
  {
    name: "model's file or address",
    paths: [
      ["baimo", "model_identity"],
      ["config", "model_sha"],
    ],
    explains: ofModel,
  },
  { name: "precision", paths: [["model_dtype"], ["config", "model_dtype"]], explains: ofModel },
  { name: "BOS", paths: [["tokenizer_bos_token"]], explains: ofModel },
  { name: "EOS", paths: [["tokenizer_eos_token"]], explains: ofDrawing },
  { name: "tokenizer", paths: [["tokenizer_pad_token"]], explains: ofModel },
  { name: "context length", paths: [["max_length"]], explains: ofRoom },
  { name: "device", paths: [["config", "device"]], explains: ({ change }) => change === "tie" },
  { name: "evaluator's version", paths: [["lm_eval_version"]], explains: ofModel },
  { name: "transformers' version", paths: [["transformers_version"]], explains: ofModel },
  { name: "limit", paths: [["config", "limit"]], explains: () => false },
];

/** Keys of a task that score an answer, choose it, or draw it; all others make its prompts. */
const SCORING = new Set([
  "metric_list",
  "filter_list",
  "eval_cfg",
  "process_results",
  "code",
  "doc_to_target",
]);
const DRAWING = new Set(["generation_kwargs", "repeats"]);
/** What tells nothing of a score. */
const SILENT = new Set([
  "metadata",
  "num_fewshot",
  "task_alias",
  "tag",
  "dataset_kwargs",
  "should_decontaminate",
]);
SILENT.add("doc_to_decontamination_query");

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const valueFor = (values: unknown, task: string): unknown =>
  (isRecord(values) ? values[task] : values) ?? null;

/** The differences, those first that explain most of the changed documents. What a run does not say is none. */
export function settingDifferences(
  a: StoredRun,
  b: StoredRun,
  changed: readonly ChangedDocument[],
): SettingDifference[] {
  const shared = a.tasks.map(({ name }) => name).filter((name) => b.tasks.some((task) => task.name === name));
  const found = SETTINGS.flatMap((setting): SettingDifference[] => {
    const [own, other] = valuesOf(setting, [a, b], shared);
    if (own === undefined || other === undefined || same(own, other)) return [];
    const explains = changed.filter((one) => setting.explains(one, own, other)).length;
    return [{ setting: setting.name, a: shownValue(own), b: shownValue(other), explains }];
  });
  const all = [...found, ...taskDifferences(a, b, changed)];
  // Sorting keeps the order of those that explain as much.
  return all.sort((one, other) => other.explains - one.explains);
}

/** Of values by task the one that all have. */
function shownValue(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const [first, ...others] = Object.values(value);
  return others.every((other) => same(other, first)) ? first : value;
}

/** A setting's values; where they stand by task, of the tasks that both say and in which they differ. */
function valuesOf(
  { paths }: Setting,
  runs: readonly [StoredRun, StoredRun],
  shared: readonly string[],
): [unknown, unknown] {
  const [a, b] = runs.map(({ results }) => results);
  if (!paths[0].includes("*")) return [readFirst(a, paths), readFirst(b, paths)];
  const found = shared
    .map((task) => ({ task, own: readFirst(a, paths, task), other: readFirst(b, paths, task) }))
    .filter(({ own, other }) => own !== undefined && other !== undefined && !same(own, other));
  return [
    Object.fromEntries(found.map(({ task, own }) => [task, own])),
    Object.fromEntries(found.map(({ task, other }) => [task, other])),
  ];
}

const readFirst = (results: Record<string, unknown>, paths: Setting["paths"], task = ""): unknown =>
  paths
    .map((path) =>
      path.reduce<unknown>(
        (value, key) => (isRecord(value) ? value[key === "*" ? task : key] : undefined),
        results,
      ),
    )
    .find((value) => value !== undefined);

/** Keys of the tasks' configurations that differ. */
function taskDifferences(
  a: StoredRun,
  b: StoredRun,
  changed: readonly ChangedDocument[],
): SettingDifference[] {
  if (a.isOpenCompass || b.isOpenCompass) return [];
  return a.tasks.flatMap(({ name, config }) => {
    const other = b.tasks.find((task) => task.name === name)?.config.dump;
    if (!other) return [];
    const own = changed.filter(({ task }) => task === name);
    const keys = new Set([...Object.keys(config.dump), ...Object.keys(other)]);
    return [...keys].flatMap((key): SettingDifference[] => {
      const [left, right] = [config.dump[key] ?? null, other[key] ?? null];
      if (SILENT.has(key) || same(left, right)) return [];
      const explains = own.filter((one) => explainsKey(key, one, left, right)).length;
      return [{ setting: `${name}: ${key}`, a: left, b: right, explains }];
    });
  });
}

function explainsKey(key: string, one: ChangedDocument, a: unknown, b: unknown): boolean {
  if (SCORING.has(key)) return one.change === "extraction";
  if (DRAWING.has(key)) return ofDrawing(one, a, b);
  if (key.startsWith("fewshot_")) return ofExamples(one, a, b);
  return key === "description" ? ofText(one, a, b) : ofPrompts(one, a, b);
}
