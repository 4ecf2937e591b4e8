// planServing: memory, speed, machines and money of inference, modelled and measured.
import { choice, kindOf, whole } from "../../option-kinds.ts";
import { call, isPlain, type OptionsOf, readOptions } from "../../options.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { type Answer, answerOf } from "../answer.ts";
import { deviceOf } from "../hardware/accelerators.ts";
import { deviceTable } from "../hardware/device-table.ts";
import type { ModelShape } from "../model/shape.ts";
import { doubtOf, moneyTable } from "../money/prices.ts";
import { selfOrApi } from "../money/self-or-api.ts";
import { type EstimateOption, estimate, inputOf } from "../quantity/estimate.ts";
import { type Computed, compute, defined, given, type Quantity, unknown } from "../quantity/quantity.ts";
import { isUncertain, simulate, simulateTable } from "../quantity/simulate.ts";
import type { Currency } from "../quantity/units.ts";
import { cacheAt, cachePerToken } from "./kv-cache.ts";
import type { Measurement } from "./measured.ts";
import { queueOf, serversFor } from "./queue.ts";
import {
  type DecodeLoad,
  decodeBound,
  flopsOfPrefill,
  gpusToHold,
  secondsOfPrefill,
  sequencesThatFit,
  weightBytes,
} from "./roofline.ts";
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
type Read = OptionsOf<typeof servingTable>;

function isUsage(value: unknown): value is Usage {
  return isPlain(value) && value.origin === "measured" && value.unit === "token/second";
}

function isMeasurement(value: unknown): value is Measurement {
  return isPlain(value) && "tokensPerSecond" in value && "context" in value;
}

const bytesOfValue = { F32: 4, F16: 2, Q8: 1 } as const;
const usual = {
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

/**
 * Plans inference of a model.
 * @throws {BaimoError} `request` for an option that is unknown or out of its range
 */
export function planServing(model: ModelShape, options: ServingOptions = {}): Answer {
  const read = readOptions(options, servingTable, call("planServing"));
  const device = deviceOf(read);
  const bytesPerWeight = bytesOfWeights(model, read.weights);
  const bytesPerValue = defined(
    "bytes a value of the cache",
    bytesOfValue[read.cache ?? "F16"],
    "byte/count",
    `${read.cache ?? "F16"}; scales of Q8 are left out`,
  );
  const prompt = inputOf("tokens of a prompt", read.promptTokens, "token", usual.prompt);
  const answer = inputOf("tokens of an answer", read.answerTokens, "token", usual.answer);
  const batch = inputOf("sequences at once", read.batch, "sequence", usual.batch);
  const context = compute("tokens of a request", "token", "prompt + answer", { prompt, answer });
  const cache: Quantity<"byte"> = model.cache
    ? cacheAt(model.cache, bytesPerValue, context)
    : unknown(
        "bytes of KV cache of one sequence",
        "byte",
        "layers and heads are not known; open the checkpoint",
      );
  const load: DecodeLoad = { batch, cache, bytesPerWeight };
  const weights = weightBytes(model, bytesPerWeight);
  const gpus = read.gpus === undefined ? gpusToHold(weights, load, device) : given("GPUs", read.gpus, "GPU");
  // Where nothing tells the memory of the device, one is meant.
  const machine =
    gpus.value === null ? inputOf("devices", undefined, "GPU", { value: 1, why: "one device" }) : gpus;
  const bound = decodeBound(model, load, device, machine);
  const one = defined("one sequence", 1, "sequence", "one alone");
  const alone = "tokens a second of one sequence, at most";
  const single = decodeBound(model, { ...load, batch: one }, device, machine, alone);
  const mfu = inputOf("share of the peak that prompts reach", read.mfu, "ratio", usual.mfu);
  const prefill = secondsOfPrefill(
    flopsOfPrefill(model, prompt, model.layers, model.hidden),
    device,
    machine,
    mfu,
  );
  const efficiency = efficiencyOf(model, read, bytesPerWeight, bytesPerValue);
  const speed = compute("tokens a second, expected", "token/second", "bound * efficiency", {
    bound: bound.tokensPerSecond,
    efficiency,
  });
  const utilisation = utilisationOf(read, speed);
  const money = moneyOf(read, speed, utilisation);
  const target = money.own ?? speed;
  return answerOf(
    {
      weights,
      cachePerToken: model.cache && cachePerToken(model.cache, bytesPerValue),
      cache,
      gpus,
      memoryHere: model.memoryHere,
      sequences: sequencesThatFit(weights, cache, device, machine),
      firstToken: prefill,
      single: single.tokensPerSecond,
      batched: bound.tokensPerSecond,
      measured: read.measured?.tokensPerSecond,
      efficiency,
      speed,
      ...machinesFor(read, { prefill, speed, answer, batch }),
      utilisation: read.price === undefined && read.usage === undefined ? undefined : utilisation,
      ...money,
    },
    [
      doubtOf("price of the machine", read.price, read.today),
      doubtOf("price of the API", read.api, read.today),
      doubtOf("tariff", read.tariff, read.today),
    ],
    isUncertain(target) ? simulate(target, { seed: read.seed }) : undefined,
  );
}

/** Bytes a parameter: of the type asked for, else as the file has them. */
function bytesOfWeights(model: ModelShape, type: DType | undefined): Quantity<"byte/parameter"> {
  if (type === undefined && model.fileBytes) {
    return compute("bytes a weight", "byte/parameter", "file / parameters", {
      file: model.fileBytes,
      parameters: model.parameters,
    });
  }
  const { bytes, elements } = dtypes[type ?? "BF16"];
  const why = `${type ?? "BF16"}: ${bytes} bytes for ${elements} weight${elements > 1 ? "s" : ""} (ggml-common.h)`;
  return type === undefined
    ? inputOf("bytes a weight", undefined, "byte/parameter", {
        value: 2,
        why: "weights in BF16, as most are published",
      })
    : defined("bytes a weight", bytes / elements, "byte/parameter", why);
}

/** Measured by bound where something was measured, at the measured context and one sequence. */
function efficiencyOf(
  model: ModelShape,
  read: Read,
  bytesPerWeight: Quantity<"byte/parameter">,
  bytesPerValue: Quantity<"byte/count">,
): Quantity<"ratio"> {
  const { measured } = read;
  if (!measured || read.efficiency !== undefined)
    return inputOf("share of the bound that decoding reaches", read.efficiency, "ratio", usual.efficiency);
  const one = defined("one sequence", 1, "sequence", "baimo bench measures one alone");
  const cache = model.cache
    ? cacheAt(model.cache, bytesPerValue, measured.context)
    : unknown("cache", "byte");
  const gpus = defined("one device", 1, "GPU", "baimo bench measures one machine");
  const load = { batch: one, cache, bytesPerWeight };
  const bound = decodeBound(model, load, deviceOf(read), gpus).tokensPerSecond;
  return compute("share of the bound that decoding reaches", "ratio", "measured / bound", {
    measured: measured.tokensPerSecond,
    bound,
  });
}

interface Served {
  readonly prefill: Computed<"second">;
  readonly speed: Computed<"token/second">;
  readonly answer: Quantity<"token">;
  readonly batch: Quantity<"sequence">;
}

/** Machines for a load: places in batches as servers of a queue. */
function machinesFor(read: Read, { prefill, speed, answer, batch }: Served): Record<string, Quantity> {
  if (read.requestsPerSecond === undefined) return {};
  const arrivals = given("requests a second", read.requestsPerSecond, "request/second");
  const rate = compute(
    "requests a place serves",
    "request/second",
    "1 / (prefill + answer * batch / speed)",
    {
      prefill,
      answer,
      batch,
      speed,
    },
  );
  const share = defined("share of requests", 0.95, "ratio", "the usual quantile of waiting");
  const limit = inputOf("seconds that these may wait", read.wait, "second", {
    value: 1,
    why: "a person's patience",
  });
  const places = serversFor(arrivals, rate, share, limit);
  const machines = compute("machines", "machine", "ceil(places / batch)", { places, batch });
  const { utilisation, waitAt95 } = queueOf(arrivals, rate, places);
  return { machines, queueUtilisation: utilisation, waitAt95 };
}

/** How busy the machine is: given, else read from a log, else assumed. */
function utilisationOf(read: Read, speed: Quantity<"token/second">): Quantity<"ratio"> {
  const name = "utilisation over the month";
  if (read.utilisation !== undefined || read.usage === undefined)
    return inputOf(name, read.utilisation, "ratio", usual.utilisation);
  return compute(name, "ratio", "used / speed", { used: read.usage, speed });
}

/** Money a million tokens, and break-even with an API. */
function moneyOf(
  read: Read,
  speed: Quantity<"token/second">,
  utilisation: Quantity<"ratio">,
): Record<string, Quantity> {
  const { currency } = read;
  if (currency === undefined || read.price === undefined) return {};
  const none = { value: 0, why: "in the price of the hour" };
  const result = selfOrApi(
    {
      price: given("an hour of the machine", read.price, `${currency}/hour`),
      power: inputOf("power", read.kilowatts, "kilowatt", none),
      tariff: inputOf("tariff", read.tariff, `${currency}/kilowatt-hour`, none),
      speed,
      utilisation,
    },
    inputOf("a million tokens of the API", read.api, `${currency}/million tokens`),
  );
  const { own, breakEvenTokens, breakEvenUtilisation, mostTokens } = result;
  return read.api === undefined ? { own } : { own, breakEvenTokens, mostTokens, breakEvenUtilisation };
}
