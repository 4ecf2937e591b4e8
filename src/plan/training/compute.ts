// Compute of training: FLOPs, GPU-hours, days, money, and utilisation read back from hours.
import { hoursPerDay, kaplan, secondsPerHour, trainingFlops } from "../constants.ts";
import { type Computed, compute, type Quantity } from "../quantity/quantity.ts";
import type { Currency, Per } from "../quantity/units.ts";

/**
 * FLOPs of a training run: 6 N D, of a mixture of experts by the parameters that one token meets (arXiv 2001.08361 §2.1).
 * Attention's own products and recomputation are left out.
 */
export const flopsOfTraining = (
  activeParameters: Quantity<"parameter">,
  tokens: Quantity<"token">,
): Computed<"FLOP"> =>
  compute(
    "FLOPs of training",
    "FLOP",
    "flopsPerParameterAndToken * activeParameters * tokens",
    { flopsPerParameterAndToken: trainingFlops, activeParameters, tokens },
    { source: kaplan, note: "without attention's own products and without recomputation" },
  );

/** GPU-hours of so many FLOPs. mfu: the share of the dense peak that a run reaches (model FLOPs utilisation). */
export const hoursOfTraining = (
  flops: Quantity<"FLOP">,
  peak: Quantity<"FLOP/second">,
  mfu: Quantity<"ratio">,
): Computed<"GPU-hour"> =>
  compute("GPU-hours of work", "GPU-hour", "flops / (secondsPerHour * peak * mfu)", {
    flops,
    secondsPerHour,
    peak,
    mfu,
  });

/** The utilisation that published hours imply. */
export const utilisationOf = (
  flops: Quantity<"FLOP">,
  gpuHours: Quantity<"GPU-hour">,
  peak: Quantity<"FLOP/second">,
): Computed<"ratio"> =>
  compute(
    "model FLOPs utilisation",
    "ratio",
    "flops / (gpuHours * secondsPerHour * peak)",
    { flops, gpuHours, secondsPerHour, peak },
    { note: "published hours may cover more than the final run" },
  );

/** Hours that are paid: restarts, failures and waiting included. goodput: the share of time that trains. */
export const billedHours = (hours: Quantity<"GPU-hour">, goodput: Quantity<"ratio">): Computed<"GPU-hour"> =>
  compute("GPU-hours paid", "GPU-hour", "hours / goodput", { hours, goodput });

export const daysOfTraining = (
  hours: Quantity<"GPU-hour">,
  gpus: Quantity<"GPU">,
  goodput: Quantity<"ratio">,
): Computed<"day"> =>
  compute("days", "day", "hours / (gpus * hoursPerDay * goodput)", { hours, gpus, hoursPerDay, goodput });

export const costOfTraining = <C extends Currency>(
  billed: Quantity<"GPU-hour">,
  price: Quantity<Per<C, "GPU-hour">>,
): Computed<C> =>
  compute(
    "cost of the GPUs",
    currencyOf(price),
    "billed * price",
    { billed, price },
    {
      note: "the final run alone: no trials, no people, no storage",
    },
  );

/** The money in which a price is. */
export const currencyOf = <C extends Currency>(price: Quantity<Per<C, "GPU-hour" | "hour">>): C =>
  price.unit.slice(0, price.unit.indexOf("/")) as C; // a unit of this type begins with its currency
