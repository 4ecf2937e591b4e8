// planTraining: FLOPs, GPU-hours, days, money and memory of a training run.
import { choice, whole } from "../../option-kinds.ts";
import { call, type OptionsOf, readOptions } from "../../options.ts";
import { type Answer, answerOf } from "../answer.ts";
import { deviceOf } from "../hardware/accelerators.ts";
import { deviceTable } from "../hardware/device-table.ts";
import { type ModelShape, toTrained } from "../model/shape.ts";
import { checkCurrency, doubtOf, moneyTable } from "../money/prices.ts";
import { type EstimateOption, estimate, inputOf } from "../quantity/estimate.ts";
import { compute, given, unknown } from "../quantity/quantity.ts";
import { isUncertain, simulate, simulateTable } from "../quantity/simulate.ts";
import type { Currency } from "../quantity/units.ts";
import { billedHours, costOfTraining, daysOfTraining, flopsOfTraining, hoursOfTraining } from "./compute.ts";
import { enumeratePlans, MOST_GPUS, type Plans } from "./enumerate.ts";
import { type Optimiser, optimisers, stateBytes, type ZeroStage } from "./states.ts";

/** How a run is planned. */
export interface TrainingOptions {
  /** Default: those of the model's own training, where known. */
  tokens?: EstimateOption;
  accelerator?: string;
  tflops?: number;
  gigabytes?: number;
  gigabytesPerSecond?: number;
  gpus?: number;
  /** Model FLOPs utilisation. */
  mfu?: EstimateOption;
  /** The share of paid time that trains. */
  goodput?: EstimateOption;
  /** Of a GPU-hour, in `currency`. */
  price?: EstimateOption;
  currency?: Currency;
  optimiser?: Optimiser;
  zero?: ZeroStage;
  sequence?: number;
  /** Sequences a step. */
  globalBatch?: number;
  seed?: number;
  today?: string;
}

const ratio = estimate({ min: 0, above: true, max: 1 });

/** The same, declared. */
export const trainingTable = {
  tokens: estimate({ min: 1, max: 1e18 }),
  ...deviceTable,
  gpus: whole({ min: 1, max: MOST_GPUS }),
  mfu: ratio,
  goodput: ratio,
  price: estimate({ min: 0 }),
  ...moneyTable,
  optimiser: choice(...optimisers),
  zero: whole({ min: 0, max: 3 }),
  sequence: whole({ min: 1, max: 1e8 }),
  globalBatch: whole({ min: 1, max: 1e8 }),
  seed: simulateTable.seed,
};

export interface TrainingAnswer extends Answer {
  /** Absent where the number of GPUs or the model's layers and heads are not known. */
  readonly plans?: Plans;
}

const usualMfu = {
  value: 0.4,
  range: { low: 0.2, high: 0.5 },
  why: "published runs reach 0.16 to 0.48 (baimo plan runs lists them); measure yours",
};
const usualGoodput = {
  value: 0.9,
  range: { low: 0.8, high: 1 },
  why: "Llama 3.1 405B had over 0.9 (arXiv 2407.21783 §3.3.4)",
};

/**
 * Plans a training run.
 * @throws {BaimoError} `request` for an option that is unknown or out of its range
 */
export function planTraining(model: ModelShape, options: TrainingOptions = {}): TrainingAnswer {
  const read = readOptions(options, trainingTable, call("planTraining"));
  const device = deviceOf(read);
  const tokens = read.tokens
    ? given("tokens", read.tokens, "token")
    : (model.tokens ?? unknown("tokens", "token"));
  const mfu = inputOf("model FLOPs utilisation", read.mfu, "ratio", usualMfu);
  const goodput = inputOf("goodput", read.goodput, "ratio", usualGoodput);
  const gpus = inputOf("GPUs", read.gpus, "GPU");
  const flops = flopsOfTraining(model.activeParameters, tokens);
  const hours = hoursOfTraining(flops, device.peak, mfu);
  const billed = billedHours(hours, goodput);
  const days = daysOfTraining(hours, gpus, goodput);
  const { currency, price, today } = read;
  checkCurrency("planTraining", currency, { price });
  const cost = costOfTraining(
    billed,
    inputOf("price of a GPU-hour", price, `${currency ?? "USD"}/GPU-hour`), // which without a price is unknown
  );
  const target = cost.value === null ? billed : cost;
  const memory = memoryOf(model, read);
  const best = memory.plans?.feasible[0];
  return {
    ...answerOf(
      {
        flops,
        hours,
        billed,
        days,
        cost,
        states: memory.states,
        perGpu: best?.memory,
        bubble: best?.bubble ?? undefined,
      },
      [doubtOf("price of a GPU-hour", price, today)],
      isUncertain(target) ? simulate(target, { seed: read.seed }) : undefined,
      memory.inputs,
    ),
    plans: memory.plans,
  };
}

/** Bytes of states of the whole model, and the plans that fit the GPUs. */
function memoryOf(model: ModelShape, read: OptionsOf<typeof trainingTable>) {
  const { optimiser = "adamw-mixed-fp32-master", gpus } = read;
  const bytes = stateBytes(optimiser);
  const states = compute(
    "bytes of weights, gradients and optimiser states",
    "byte",
    "parameters * (weights + gradients + states)",
    {
      parameters: model.parameters,
      weights: bytes.weights,
      gradients: bytes.gradients,
      states: bytes.optimiser,
    },
  );
  const known = [model.parameters, model.layers, model.heads, model.hidden].every(
    ({ value }) => value !== null,
  );
  if (gpus === undefined || !known) return { states, inputs: [] };
  const sequence = inputOf("tokens of a sequence", read.sequence, "token", {
    value: 4096,
    why: "a usual context of pre-training",
  });
  const globalBatch = inputOf("sequences a step", read.globalBatch, "sequence", {
    value: 1024,
    why: "a usual batch of pre-training: 4 million tokens at 4,096",
  });
  const plans = enumeratePlans(toTrained(model), bytes, deviceOf(read), {
    gpus,
    hidden: model.hidden,
    sequence,
    globalBatch,
    zero: read.zero as ZeroStage | undefined, // a whole number from 0 to 3
  });
  return { states, plans, inputs: [sequence, globalBatch] };
}
