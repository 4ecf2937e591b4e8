// The inputs of each plan: option, the quantity's name, unit, and between what a slider moves.
import type { CountedScenario, EstimateOption } from "../../../src/plan/index.ts";

/** An input that a person gives. `$` in a unit stands for the plan's currency. */
export interface Field {
  /** The option of the library. */
  readonly key: string;
  /** The quantity's name, by which explanations and influences call it. */
  readonly name: string;
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  /** Whether the slider moves by factors. */
  readonly byFactors?: boolean;
  readonly whole?: boolean;
  /** Whether it may be a range. */
  readonly ranged?: boolean;
}

const count = (key: string, name: string, unit: string, least: number, most: number): Field => ({
  key,
  name,
  unit,
  least,
  most,
  byFactors: true,
  whole: true,
});
const range = (key: string, name: string, unit: string, least: number, most: number): Field => ({
  key,
  name,
  unit,
  least,
  most,
  ranged: true,
});
const wide = (key: string, name: string, unit: string, least: number, most: number): Field => ({
  key,
  name,
  unit,
  least,
  most,
  ranged: true,
  byFactors: true,
});

/** Of one kind of work. */
export const workFields: readonly Field[] = [
  wide("tasksPerMonth", "tasks a month", "task/month", 10, 1e7),
  wide("minutesPerTask", "minutes a task", "minute/task", 0.1, 480),
  wide("hourlyWage", "wage", "$/hour", 1, 500),
  range("overhead", "overhead", "factor", 1, 3),
  wide("modelCostPerTask", "cost of the model a task", "$/task", 0.0001, 100),
  range("acceptance", "acceptance", "ratio", 0, 1),
  wide("reviewMinutes", "minutes of review", "minute/task", 0.01, 120),
  range("errorRate", "rate of accepted errors", "ratio", 0, 0.3),
  wide("errorCost", "price of an error", "$/task", 0.01, 100_000),
];

/** Of a whole plan. */
export const planFields: Readonly<Record<CountedScenario["plan"], readonly Field[]>> = {
  roi: [wide("fixedPerMonth", "fixed cost of the model", "$/month", 10, 1e7)],
  serve: [
    count("gpus", "GPUs", "GPU", 1, 1024),
    count("promptTokens", "tokens of a prompt", "token", 16, 1e6),
    count("answerTokens", "tokens of an answer", "token", 1, 1e5),
    count("batch", "sequences at once", "sequence", 1, 1024),
    range("efficiency", "share of the bound that decoding reaches", "ratio", 0.01, 1),
    range("mfu", "share of the peak that prompts reach", "ratio", 0.01, 1),
    range("utilisation", "utilisation over the month", "ratio", 0.01, 1),
    wide("requestsPerSecond", "requests a second", "request/second", 0.001, 10_000),
    wide("price", "an hour of the machine", "$/hour", 0.01, 1000),
    wide("api", "a million tokens of the API", "$/million tokens", 0.01, 200),
  ],
  train: [
    wide("tokens", "tokens", "token", 1e9, 1e14),
    count("gpus", "GPUs", "GPU", 1, 65_536),
    range("mfu", "model FLOPs utilisation", "ratio", 0.01, 1),
    range("goodput", "goodput", "ratio", 0.1, 1),
    wide("price", "price of a GPU-hour", "$/GPU-hour", 0.1, 20),
    count("sequence", "tokens of a sequence", "token", 128, 1_048_576),
    count("globalBatch", "sequences a step", "sequence", 1, 65_536),
  ],
};

/** Of a model by plain numbers. */
export const shapeFields: readonly Field[] = [
  count("parameters", "parameters", "parameter", 1e6, 1e13),
  count("activeParameters", "parameters a token meets", "parameter", 1e6, 1e13),
  count("numLayers", "layers", "count", 1, 200),
  count("hiddenSize", "hidden size", "count", 64, 32_768),
  count("numHeads", "heads", "count", 1, 256),
  count("numKvHeads", "KV heads", "count", 1, 256),
];

/** Positions of a slider. */
export const STEPS = 1000;

/** The value at a position of the slider, with three digits. */
export function valueAt({ least, most, byFactors, whole }: Field, position: number): number {
  const part = position / STEPS;
  const value = byFactors ? least * (most / least) ** part : least + part * (most - least);
  const short = Number(value.toPrecision(3));
  return whole ? Math.max(1, Math.round(short)) : short;
}

/** The position of a value. */
export function positionOf({ least, most, byFactors }: Field, value: number): number {
  const inside = Math.min(most, Math.max(least, value));
  const part = byFactors
    ? Math.log(inside / least) / Math.log(most / least)
    : (inside - least) / (most - least);
  return Math.round(STEPS * part);
}

/** Low, likely and high of an input; all the same where it is one number. */
export interface Spread {
  readonly low: number;
  readonly value: number;
  readonly high: number;
}

/** The spread of an input as it was given. */
export function spreadOf(given: EstimateOption): Spread {
  if (typeof given === "number") return { low: given, value: given, high: given };
  const { value, low = value, high = value } = given;
  return { low, value, high };
}
