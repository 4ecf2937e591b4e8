// Bounds of inference: what memory bandwidth and the dense peak allow, prefill and decode.
import { attentionFlops, inferenceFlops, usableMemory } from "../constants.ts";
import type { Accelerator } from "../hardware/accelerators.ts";
import { type Computed, compute, type Quantity, type Source } from "../quantity/quantity.ts";

const roofline: Source = {
  title: "Williams et al., Roofline",
  url: "https://doi.org/10.1145/1498765.1498785",
  date: "2009-04",
};

/** What of a model inference meets. `experts`: of a mixture. */
export interface ServedModel {
  readonly parameters: Quantity<"parameter">;
  readonly activeParameters: Quantity<"parameter">;
  readonly experts?: {
    readonly count: Quantity<"count">;
    readonly perToken: Quantity<"count">;
    readonly parameters: Quantity<"parameter">;
  };
}

/** What a step does: sequences at once, and what each keeps. */
export interface DecodeLoad {
  readonly batch: Quantity<"sequence">;
  /** Of one sequence. */
  readonly cache: Quantity<"byte">;
  readonly bytesPerWeight: Quantity<"byte/parameter">;
}

export const weightBytes = (
  { parameters }: ServedModel,
  bytesPerWeight: Quantity<"byte/parameter">,
): Computed<"byte"> =>
  compute("bytes of weights", "byte", "parameters * bytesPerWeight", { parameters, bytesPerWeight });

/** GPUs that hold weights and cache, were they divided perfectly. */
export const gpusToHold = (
  weights: Quantity<"byte">,
  { cache, batch }: DecodeLoad,
  { memory }: Accelerator,
): Computed<"GPU"> =>
  compute("GPUs that hold weights and cache", "GPU", "ceil((weights + cache * batch) / (usable * memory))", {
    weights,
    cache,
    batch,
    usable: usableMemory,
    memory,
  });

/** Bytes read for one token of every sequence: weights once, of experts those that the batch meets, and the cache. */
export function bytesOfStep(
  model: ServedModel,
  { batch, cache, bytesPerWeight }: DecodeLoad,
): Computed<"byte"> {
  const { parameters, experts } = model;
  const weights = experts
    ? compute(
        "parameters read in a step",
        "parameter",
        "parameters - expertParameters + expertParameters * (1 - (1 - perToken / experts) ^ batch)",
        {
          parameters,
          expertParameters: experts.parameters,
          perToken: experts.perToken,
          experts: experts.count,
          batch,
        },
        { note: "experts that a batch meets, if every expert is equally likely" },
      )
    : parameters;
  return compute("bytes read in a step", "byte", "weights * bytesPerWeight + cache * batch", {
    weights,
    bytesPerWeight,
    cache,
    batch,
  });
}

/** Bounds of decoding. */
export interface DecodeBound {
  readonly byBandwidth: Computed<"second">;
  readonly byPeak: Computed<"second">;
  readonly seconds: Computed<"second">;
  readonly tokensPerSecond: Computed<"token/second">;
  readonly bound: "bandwidth" | "compute" | "unknown";
}

/**
 * The least time of a step, and the most tokens a second: no communication, no launches, everything at its peak. An upper
 * bound, not a forecast.
 */
export function decodeBound(
  model: ServedModel,
  load: DecodeLoad,
  { peak, bandwidth }: Accelerator,
  gpus: Quantity<"GPU">,
  name = "tokens a second, at most",
): DecodeBound {
  const bytes = bytesOfStep(model, load);
  const { batch } = load;
  const byBandwidth = compute("seconds a step by bandwidth", "second", "bytes / (gpus * bandwidth)", {
    bytes,
    gpus,
    bandwidth,
  });
  const byPeak = compute(
    "seconds a step by the peak",
    "second",
    "flops * activeParameters * batch / (gpus * peak)",
    {
      flops: inferenceFlops,
      activeParameters: model.activeParameters,
      batch,
      gpus,
      peak,
    },
  );
  // A device whose peak nobody published is still bound by its bandwidth, which decides for small batches.
  const known = byPeak.value === null && byBandwidth.value !== null;
  const about = { source: roofline, note: "an upper bound, not a forecast" };
  const seconds = known
    ? compute("seconds a step, at least", "second", "byBandwidth", { byBandwidth }, about)
    : compute(
        "seconds a step, at least",
        "second",
        "max(byBandwidth, byPeak)",
        { byBandwidth, byPeak },
        about,
      );
  const tokensPerSecond = compute(name, "token/second", "batch / seconds", {
    batch,
    seconds,
  });
  const bound =
    byBandwidth.value === null
      ? "unknown"
      : byPeak.value !== null && byPeak.value > byBandwidth.value
        ? "compute"
        : "bandwidth";
  return { byBandwidth, byPeak, seconds, tokensPerSecond, bound };
}

/** FLOPs of reading a prompt: products with weights, and attention's own, of which the causal mask leaves half. */
export const flopsOfPrefill = (
  { activeParameters }: ServedModel,
  tokens: Quantity<"token">,
  layers: Quantity<"count">,
  hidden: Quantity<"count">,
): Computed<"FLOP"> =>
  compute(
    "FLOPs of the prompt",
    "FLOP",
    "flops * activeParameters * tokens + attention * layers * tokens * tokens * hidden",
    { flops: inferenceFlops, activeParameters, tokens, attention: attentionFlops, layers, hidden },
  );

export const secondsOfPrefill = (
  flops: Quantity<"FLOP">,
  { peak }: Accelerator,
  gpus: Quantity<"GPU">,
  mfu: Quantity<"ratio">,
): Computed<"second"> =>
  compute("time to the first token", "second", "flops / (gpus * peak * mfu)", { flops, gpus, peak, mfu });

/** Sequences that fit beside the weights. */
export const sequencesThatFit = (
  weights: Quantity<"byte">,
  cache: Quantity<"byte">,
  { memory }: Accelerator,
  gpus: Quantity<"GPU">,
): Computed<"sequence"> =>
  compute("sequences that fit", "sequence", "max(0, floor((usable * memory * gpus - weights) / cache))", {
    usable: usableMemory,
    memory,
    gpus,
    weights,
    cache,
  });
