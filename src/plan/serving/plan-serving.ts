// planServing: memory, speed, machines and money of inference, modelled and measured.
import { grouped } from "../../grouped.ts";
import { call, readOptions } from "../../options.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { type Answer, answerOf } from "../answer.ts";
import { deviceOf } from "../hardware/accelerators.ts";
import type { ModelShape } from "../model/shape.ts";
import { checkCurrency, doubtOf } from "../money/prices.ts";
import { selfOrApi } from "../money/self-or-api.ts";
import { type HostingVerdict, hostingVerdict } from "../money/verdict.ts";
import { inputOf } from "../quantity/estimate.ts";
import { type Computed, compute, defined, given, type Quantity, unknown } from "../quantity/quantity.ts";
import { type Distribution, isUncertain, simulate } from "../quantity/simulate.ts";
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
import {
  bytesOfValue,
  type ReadServing,
  type ServingOptions,
  servingTable,
  usual,
} from "./serving-options.ts";

export interface ServingAnswer extends Answer {
  /** Own machine or API, where both prices are given; also that the machine does not hold what is asked for. */
  readonly verdict?: HostingVerdict;
}

/**
 * Plans inference of a model.
 * @throws {BaimoError} `request` for an option that is unknown or out of its range
 */
export function planServing(model: ModelShape, options: ServingOptions = {}): ServingAnswer {
  const read = readOptions(options, servingTable, call("planServing"));
  checkCurrency("planServing", read.currency, { price: read.price, tariff: read.tariff, api: read.api });
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
  const distribution = isUncertain(target) ? simulate(target, { seed: read.seed }) : undefined;
  const sequences = sequencesThatFit(weights, cache, device, machine);
  const [held, asked] = [sequences.value, batch.value!]; // given, or assumed to be one
  const crowded = held !== null && held < asked ? { kind: "does-not-fit" as const, held, asked } : undefined;
  const answered = answerOf(
    {
      weights,
      cachePerToken: model.cache && cachePerToken(model.cache, bytesPerValue),
      cache,
      gpus,
      memoryHere: model.memoryHere,
      sequences,
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
      tooLong(model, context),
      ...doubtsOf(read.measured, weights, efficiency),
      doubtOf("price of the machine", read.price, read.today),
      doubtOf("price of the API", read.api, read.today),
      doubtOf("tariff", read.tariff, read.today),
    ],
    distribution,
  );
  return { ...answered, verdict: crowded ?? verdictOf(money, read.api?.value, distribution) };
}

/** What is to be said of a request that the model cannot read. */
function tooLong({ name, context }: ModelShape, { value }: Quantity<"token">): string | undefined {
  if (context === undefined || value === null || value <= context) return undefined;
  return `a request of ${grouped(value)} tokens is longer than the context of ${name}, ${grouped(context)}`;
}

/** What is to be said of a measurement that does not go with the plan. */
function doubtsOf(
  measured: Measurement | undefined,
  { value: planned }: Quantity<"byte">,
  { value: reached }: Quantity<"ratio">,
): string[] {
  const doubts: string[] = [];
  const weights = measured?.weights.value;
  if (weights && planned && Math.abs(weights / planned - 1) > 0.1)
    doubts.push(
      `measured was ${measured.model} of ${grouped(weights)} bytes, and the plan is of ${grouped(Math.round(planned))}`,
    );
  if (reached !== null && reached > 1)
    doubts.push("faster than the bound: the bandwidth or the peak that was given is too low");
  return doubts;
}

function verdictOf(
  { own, breakEvenUtilisation: need }: Record<string, Quantity>,
  api: number | undefined,
  distribution: Distribution | undefined,
): HostingVerdict | undefined {
  if (api === undefined || typeof own?.value !== "number" || typeof need?.value !== "number")
    return undefined;
  return hostingVerdict(own.value, api, need.value, distribution);
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
  read: ReadServing,
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
function machinesFor(read: ReadServing, { prefill, speed, answer, batch }: Served): Record<string, Quantity> {
  if (read.requestsPerSecond === undefined) return {};
  const arrivals = given("requests a second", read.requestsPerSecond, "request/second");
  const rate = compute(
    "requests a place serves",
    "request/second",
    "1 / (batch * (prefill + answer / speed))",
    { prefill, answer, batch, speed },
  );
  const share = defined("share of requests", 0.95, "ratio", "the usual quantile of waiting");
  const limit = inputOf("seconds that these may wait", read.wait, "second", {
    value: 1,
    why: "a person's patience",
  });
  const places = serversFor(arrivals, rate, share, limit);
  const isBeyond = places.value === null && rate.value !== null;
  const note = isBeyond ? "none: more than a million sequences at once would be needed" : undefined;
  const machines = compute("machines", "machine", "ceil(places / batch)", { places, batch }, { note });
  // All places of the last machine serve as well.
  const all = compute("places of all machines", "machine", "machines * batch", { machines, batch });
  const { utilisation, waitAt95 } = queueOf(arrivals, rate, all);
  return { machines, queueUtilisation: utilisation, waitAt95 };
}

/** How busy the machine is: given, else read from a log, else assumed. */
function utilisationOf(read: ReadServing, speed: Quantity<"token/second">): Quantity<"ratio"> {
  const name = "utilisation over the month";
  if (read.utilisation !== undefined || read.usage === undefined)
    return inputOf(name, read.utilisation, "ratio", usual.utilisation);
  return compute(name, "ratio", "used / speed", { used: read.usage, speed });
}

/** Money a million tokens, and break-even with an API. */
function moneyOf(
  read: ReadServing,
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
