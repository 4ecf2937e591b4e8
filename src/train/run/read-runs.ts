// Runs of a folder as their logs tell them: how far each is, its curves, samples of its answers.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { BaimoError } from "../../errors.ts";
import { isRecord } from "../../json.ts";

/** A run, and where it stands. */
export interface LoggedRun {
  readonly name: string;
  readonly stage: string;
  readonly model: string;
  readonly steps: number;
  readonly done: number;
  readonly loss: number | null;
  readonly heldOut: number | null;
  readonly tokensPerSecond: number | null;
}

/** What is drawn of a run. */
const SERIES = {
  loss: "train/loss",
  heldOut: "eval/loss",
  rate: "train/lr",
  gradNorm: "train/grad_norm",
  tokensPerSecond: "train/tokens_per_second",
  reward: "train/reward",
} as const;

export type SeriesName = keyof typeof SERIES;

/** An answer that was drawn at a step. */
export interface LoggedSample {
  readonly step: number;
  readonly prompt: string;
  readonly answer: string;
  readonly reward: number | null;
}

/** A run's curves: each has the steps at which it has a value. */
export interface RunCurves {
  readonly series: Readonly<Record<SeriesName, { steps: number[]; values: number[] }>>;
  readonly samples: readonly LoggedSample[];
}

/** The runs of a folder, read anew at each call. */
export interface LoggedRuns {
  list(): LoggedRun[];
  has(name: string): boolean;
  /** @throws {BaimoError} `request` for a name that is none */
  curves(name: string): RunCurves;
}

/** Those of a folder. @throws {BaimoError} when they are read, `request` where there is no such folder */
export const openLoggedRuns = (folder: string): LoggedRuns => ({
  list: () => listRuns(folder),
  has: (name) => placesOf(folder).some((place) => place.name === name),
  curves: (name) => readCurves(folder, name),
});

const LOG = "log.jsonl";
/** A log that is longer is no log of a run. */
const MOST_BYTES = 1 << 28;
/** Points of a curve, and samples, that are told. */
const MOST_POINTS = 500;
const MOST_SAMPLES = 20;

/** The runs of a folder: itself where it is one, else those in it. @throws {BaimoError} `request` where there is no such folder */
export function listRuns(folder: string): LoggedRun[] {
  return placesOf(folder).map(({ name, path }) => {
    const lines = readLog(path);
    const last = (key: string) => lines.findLast((line) => typeof line[key] === "number")?.[key];
    const about = readAbout(path);
    return {
      name,
      stage: textOf(about.stage),
      model: textOf(about.model),
      steps: numberOf(about.steps) ?? 0,
      done: numberOf(last("_step")) ?? 0,
      loss: numberOf(last(SERIES.loss)),
      heldOut: numberOf(last(SERIES.heldOut)),
      tokensPerSecond: numberOf(last(SERIES.tokensPerSecond)),
    };
  });
}

/** The curves of a run, of long ones every so many steps. @throws {BaimoError} `request` for a name that is none */
export function readCurves(folder: string, name: string): RunCurves {
  const place = placesOf(folder).find((one) => one.name === name);
  if (!place) throw new BaimoError("request", `${folder} has no run ${JSON.stringify(name.slice(0, 100))}`);
  const lines = readLog(place.path);
  const seriesOf = (key: string) => {
    const points = lines.flatMap(({ _step, [key]: value }) =>
      typeof _step === "number" && typeof value === "number" ? [{ step: _step, value }] : [],
    );
    const every = Math.ceil(points.length / MOST_POINTS);
    const kept = points.filter((_, i) => (points.length - 1 - i) % every === 0);
    return { steps: kept.map(({ step }) => step), values: kept.map(({ value }) => value) };
  };
  const samples = lines.flatMap((line) =>
    typeof line["sample/answer"] === "string"
      ? {
          step: numberOf(line._step) ?? 0,
          prompt: textOf(line["sample/prompt"]),
          answer: line["sample/answer"],
          reward: numberOf(line["sample/reward"]),
        }
      : [],
  );
  const names = Object.entries(SERIES) as [SeriesName, string][]; // as it is declared above
  const series = Object.fromEntries(names.map(([series, key]) => [series, seriesOf(key)]));
  return { series: series as RunCurves["series"], samples: samples.slice(-MOST_SAMPLES) };
}

function placesOf(folder: string): { name: string; path: string }[] {
  if (existsSync(join(folder, LOG))) return [{ name: basename(resolve(folder)), path: folder }];
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => ({ name, path: join(folder, name) }))
      .filter(({ path }) => existsSync(join(path, LOG)));
  } catch (cause) {
    throw new BaimoError("request", `${folder}: there is no such folder of runs`, { cause });
  }
}

/** The lines of a log; one that is being written is not there yet. */
function readLog(path: string): Record<string, unknown>[] {
  const log = join(path, LOG);
  if (statSync(log).size > MOST_BYTES)
    throw new BaimoError("request", `${log}: is longer than ${MOST_BYTES} bytes`);
  return readFileSync(log, "utf8").split("\n").flatMap(objectOf);
}

const readAbout = (path: string): Record<string, unknown> =>
  existsSync(join(path, "run.json")) ? (objectOf(readFileSync(join(path, "run.json"), "utf8"))[0] ?? {}) : {};

function objectOf(text: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}

const numberOf = (value: unknown) => (typeof value === "number" ? value : null);
const textOf = (value: unknown) => (typeof value === "string" ? value : "");
