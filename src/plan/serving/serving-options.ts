// Options of planServing, and what is assumed where they are left out.
import { choice, kindOf, whole } from "../../option-kinds.ts";
import { isPlain, type OptionsOf } from "../../options.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { deviceTable } from "../hardware/device-table.ts";
import { moneyTable } from "../money/prices.ts";
import { type EstimateOption, estimate } from "../quantity/estimate.ts";
import { simulateTable } from "../quantity/simulate.ts";
import type { Currency } from "../quantity/units.ts";
import type { Measurement } from "./measured.ts";
import type { Usage } from "./usage.ts";

/** How serving is planned. */
export interface ServingOptions {
  accelerator?: string;
  tflops?: number;
  gigabytes?: number;
  gigabytesPerSecond?: number;
  /** Of one machine. Default: as many as hold the weights and the cache of a batch. */
  gpus?: number;
  /** The type that weights are stored in. Default: what the file has, else BF16. */
  weights?: DType;
  cache?: "F32" | "F16" | "Q8";
  promptTokens?: number;
  answerTokens?: number;
  /** Sequences at once. */
  batch?: number;
  /** Share of the peak that a prompt reaches. */
  mfu?: EstimateOption;
  /** Share of the bound that decoding reaches. */
  efficiency?: EstimateOption;
  measured?: Measurement;
  /** Of `readUsageLog` or `readMetrics`: tells the utilisation. */
  usage?: Usage;
  requestsPerSecond?: EstimateOption;
  /** That 95% of the requests may wait, in seconds. */
  wait?: number;
  /** Of an hour of the machine, in `currency`. */
  price?: EstimateOption;
  kilowatts?: EstimateOption;
  tariff?: EstimateOption;
  /** Of a million tokens of an API. */
  api?: EstimateOption;
  utilisation?: EstimateOption;
  currency?: Currency;
  /** Of the draws. Default 1. */
  seed?: number;
  today?: string;
}

const ratio = estimate({ min: 0, above: true, max: 1 });
const positive = estimate({ min: 0, above: true });
const notNegative = estimate({ min: 0 });
const tokens = whole({ min: 1, max: 1e9 });
const types = Object.keys(dtypes) as DType[];

/** The same, declared. */
export const servingTable = {
  ...deviceTable,
  gpus: whole({ min: 1, max: 1e6 }),
  weights: choice(...types),
  cache: choice("F32", "F16", "Q8"),
  promptTokens: tokens,
  answerTokens: tokens,
  batch: whole({ min: 1, max: 1e6 }),
  mfu: ratio,
  efficiency: ratio,
  measured: kindOf("measurement", "what readMeasurement gives", isMeasurement),
  usage: kindOf("usage", "what readUsageLog or readMetrics gives", isUsage),
  requestsPerSecond: positive,
  wait: notNegative,
  price: notNegative,
  kilowatts: notNegative,
  tariff: notNegative,
  api: positive,
  utilisation: ratio,
  ...moneyTable,
  seed: simulateTable.seed,
};
/** The options as they were read. */
export type ReadServing = OptionsOf<typeof servingTable>;

function isUsage(value: unknown): value is Usage {
  return isPlain(value) && value.origin === "measured" && value.unit === "token/second";
}

function isMeasurement(value: unknown): value is Measurement {
  return isPlain(value) && "tokensPerSecond" in value && "context" in value;
}

/** Bytes a value of the cache. */
export const bytesOfValue = { F32: 4, F16: 2, Q8: 1 } as const;
/** What is assumed, and why. */
export const usual = {
  prompt: { value: 1024, why: "a question with some context" },
  answer: { value: 256, why: "an answer of a paragraph or two" },
  batch: { value: 1, why: "one request at a time" },
  mfu: {
    value: 0.4,
    range: { low: 0.2, high: 0.6 },
    why: "prompts reach 0.3 to 0.5 in common servers; measure yours",
  },
  efficiency: {
    value: 0.6,
    range: { low: 0.3, high: 0.85 },
    why: "a roofline is a bound; servers reach a third to most of it; --measured takes yours",
  },
  utilisation: {
    value: 0.3,
    range: { low: 0.05, high: 0.7 },
    why: "read it from your server's log: it decides",
  },
};
