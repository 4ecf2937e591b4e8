// Two runs of the same documents: how much they differ, how sure that is, and why.
import { isRecord } from "../../json.ts";
import { mean } from "../../statistics/moments.ts";
import type { Interval } from "../statistics/intervals.ts";
import { holm } from "../statistics/many-tests.ts";
import {
  differences,
  leastDifference,
  mcNemar,
  pairedBootstrap,
  pairedError,
  pairedT,
  pairTable,
} from "../statistics/paired.ts";
import type { StoredRun } from "./read-run.ts";
import { type DocumentValue, pairDocuments, type TaskValues, taskValues } from "./task-values.ts";

/** Why documents have another score. */
export type Change = "prompt" | "answer" | "extraction" | "tie";

/** A task in both runs. */
export interface TaskComparison {
  readonly task: string;
  readonly metric: string;
  readonly filter: string;
  /** Documents in both. */
  readonly pairs: number;
  /** Documents that only one of the runs has. */
  readonly unpaired: number;
  readonly a: number;
  readonly b: number;
  /** a - b. */
  readonly difference: number;
  readonly interval: Interval;
  /** McNemar's exact p where scores are right or wrong, else Student's. */
  readonly p: number;
  readonly test: "McNemar" | "t";
  /** p after Holm over the tasks. */
  readonly holm: number;
  /** The least difference that so many documents show in four cases of five. */
  readonly least: number;
  /** Documents with another score, by reason. */
  readonly changes: Readonly<Record<Change, readonly number[]>>;
  /** Documents with another prompt. */
  readonly otherPrompts: number;
  /** Where the first other prompt begins to differ. */
  readonly promptDifference?: PromptDifference;
}

/** Two prompts from a little before their first difference. */
export interface PromptDifference {
  readonly document: number;
  readonly at: number;
  readonly a: string;
  readonly b: string;
}

/** A setting that differs. */
export interface SettingDifference {
  readonly setting: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** The comparison. */
export interface RunComparison {
  readonly a: string;
  readonly b: string;
  readonly tasks: readonly TaskComparison[];
  /** What differs, the likeliest reason first. */
  readonly settings: readonly SettingDifference[];
  /** Tasks that only one run has. */
  readonly missing: readonly string[];
}

/** Leads of a choice below this are near a tie: 8-bit weights move a log-likelihood so far. */
const NEAR_TIE = 0.5;
const CONTEXT = 40;

/** Compares two stored runs, of this project or of lm-evaluation-harness. */
export function compareRuns(a: StoredRun, b: StoredRun): RunComparison {
  const other = new Map(b.tasks.map((task) => [task.name, task]));
  const found = a.tasks.flatMap((task) => {
    const same = other.get(task.name);
    if (!same) return [];
    const values = new Map(taskValues(same).map((one) => [`${one.metric},${one.filter}`, one]));
    return taskValues(task).flatMap((one) => {
      const match = values.get(`${one.metric},${one.filter}`);
      return match ? compareTask(one, match) : [];
    });
  });
  const adjusted = holm(found.map(({ p }) => p));
  const names = new Set(a.tasks.map(({ name }) => name));
  return {
    a: a.model,
    b: b.model,
    tasks: found.map((task, i) => ({ ...task, holm: adjusted[i] })),
    settings: settingDifferences(a, b),
    missing: [
      ...a.tasks.filter(({ name }) => !other.has(name)),
      ...b.tasks.filter(({ name }) => !names.has(name)),
    ].map(({ name }) => name),
  };
}

function compareTask(a: TaskValues, b: TaskValues): Omit<TaskComparison, "holm">[] {
  const pairs = pairDocuments(a, b);
  if (pairs.length < 2) return [];
  const [own, others] = [pairs.map(([one]) => one.value), pairs.map(([, one]) => one.value)];
  const isBinary = [...own, ...others].every((value) => value === 0 || value === 1);
  const error = pairedError(own, others);
  const p = isBinary ? mcNemar(pairTable(own, others)).exact : error === 0 ? 1 : pairedT(own, others).p;
  const changes: Record<Change, number[]> = { prompt: [], answer: [], extraction: [], tie: [] };
  for (const [one, other] of pairs) if (one.value !== other.value) changes[changeOf(one, other)].push(one.id);
  const otherPrompts = pairs.filter(([one, other]) => one.promptHash !== other.promptHash);
  return [
    {
      task: a.task,
      metric: a.label,
      filter: a.filter,
      pairs: pairs.length,
      unpaired: a.documents.length + b.documents.length - 2 * pairs.length,
      a: mean(own),
      b: mean(others),
      difference: mean(differences(own, others)),
      interval: pairedBootstrap(own, others).interval,
      p,
      test: isBinary ? "McNemar" : "t",
      least: leastDifference(error),
      changes,
      otherPrompts: otherPrompts.length,
      promptDifference: otherPrompts.length > 0 ? promptDifference(otherPrompts[0]) : undefined,
    },
  ];
}

function changeOf(a: DocumentValue, b: DocumentValue): Change {
  if (a.promptHash !== b.promptHash) return "prompt";
  if (a.margin !== undefined && b.margin !== undefined) {
    return Math.min(a.margin, b.margin) < NEAR_TIE ? "tie" : "answer";
  }
  return a.answer === b.answer ? "extraction" : "answer";
}

function promptDifference([a, b]: readonly [DocumentValue, DocumentValue]): PromptDifference {
  let at = 0;
  while (at < a.prompt.length && a.prompt[at] === b.prompt[at]) at++;
  const cut = (text: string) => text.slice(Math.max(0, at - CONTEXT), at + CONTEXT);
  return { document: a.id, at, a: cut(a.prompt), b: cut(b.prompt) };
}

/** Where a results file says what prompts and answers follow from, the likeliest reason first. */
const SETTINGS: readonly (readonly string[])[] = [
  ["chat_template_sha"],
  ["system_instruction"],
  ["fewshot_as_multiturn"],
  ["n-shot"],
  ["config", "fewshot_seed"],
  ["config", "gen_kwargs"],
  ["config", "limit"],
  ["versions"],
  ["tokenizer_bos_token"],
  ["tokenizer_eos_token"],
  ["max_length"],
  ["config", "torch_seed"],
  ["config", "model_dtype"],
  ["model_dtype"],
  ["model_name"],
  ["lm_eval_version"],
  ["transformers_version"],
];

function settingDifferences(a: StoredRun, b: StoredRun): SettingDifference[] {
  const read = (run: StoredRun, path: readonly string[]): unknown =>
    path.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key],
      run.results,
    ) ?? null;
  const shared = new Set(
    a.tasks.map(({ name }) => name).filter((name) => b.tasks.some((task) => task.name === name)),
  );
  /** Of values by task those of the tasks in both. */
  const ofShared = (value: unknown): unknown =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => shared.has(name))) : value;
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const found = SETTINGS.map((path) => {
    const [own, other] = [read(a, path), read(b, path)];
    const isByTask = path[0] === "n-shot" || path[0] === "versions";
    const [left, right] = isByTask ? [ofShared(own), ofShared(other)] : [own, other];
    return { setting: path.join("."), a: left, b: right };
  });
  const tasks = a.tasks.flatMap(({ name, config }) => {
    const other = b.tasks.find((task) => task.name === name)?.config.dump;
    if (!other) return [];
    const keys = [...new Set([...Object.keys(config.dump), ...Object.keys(other)])];
    return keys
      .filter((key) => key !== "metadata" && key !== "num_fewshot")
      .map((key) => ({ setting: `${name}: ${key}`, a: config.dump[key] ?? null, b: other[key] ?? null }));
  });
  return [...found.slice(0, 4), ...tasks, ...found.slice(4)].filter((one) => !same(one.a, one.b));
}
