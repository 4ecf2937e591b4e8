// Memory of training states: weights, gradients and optimiser, as ZeRO divides them.
import { inputsIn } from "../quantity/formula.ts";
import { type Computed, compute, defined, type Quantity, type Source } from "../quantity/quantity.ts";

const zeroPaper: Source = {
  title: "Rajbhandari et al., ZeRO, §3.1 and figure 1",
  url: "https://arxiv.org/abs/1910.02054",
  date: "2019-10-04",
};

/** 0: everything everywhere. 1: optimiser states divided, 2: also gradients, 3: also weights. */
export type ZeroStage = 0 | 1 | 2 | 3;
export const zeroStages: readonly ZeroStage[] = [0, 1, 2, 3];

/** Bytes a parameter of what training keeps. `optimiser` holds the fp32 copy of the weights where there is one. */
export interface StateBytes {
  readonly weights: Quantity<"byte/parameter">;
  readonly gradients: Quantity<"byte/parameter">;
  readonly optimiser: Quantity<"byte/parameter">;
}

/** Weights, gradients, optimiser states; and what they are. */
const sizes = {
  "adamw-mixed-fp32-master": [2, 2, 12, "16-bit weights and gradients; fp32 copy, two fp32 moments"],
  "adamw-mixed-fp32-grad": [2, 4, 12, "16-bit weights, fp32 gradients; fp32 copy, two fp32 moments"],
  "adamw-fp32": [4, 4, 8, "all fp32; two moments"],
  "adamw-8bit": [2, 2, 6, "16-bit weights and gradients; fp32 copy, two 8-bit moments"],
  "adafactor-bf16": [2, 2, 4, "16-bit weights and gradients; fp32 copy, moments by rows and columns"],
  "sgd-fp32": [4, 4, 0, "all fp32; no state"],
  "sgd-momentum-fp32": [4, 4, 4, "all fp32; one moment"],
  "muon-mixed": [2, 2, 8, "16-bit weights and gradients; fp32 copy, one fp32 moment"],
  "lion-mixed": [2, 2, 8, "16-bit weights and gradients; fp32 copy, one fp32 moment"],
} as const;

export type Optimiser = keyof typeof sizes;
export const optimisers = Object.keys(sizes) as Optimiser[];

/** What an optimiser keeps a parameter. */
export function stateBytes(optimiser: Optimiser): StateBytes {
  const [weights, gradients, states, what] = sizes[optimiser];
  const bytes = (name: string, count: number) =>
    defined(`bytes of ${name} a parameter`, count, "byte/parameter", `${optimiser}: ${what}`);
  return {
    weights: bytes("weights", weights),
    gradients: bytes("gradients", gradients),
    optimiser: bytes("optimiser states", states),
  };
}

const formulas = [
  "weights + gradients + optimiser",
  "weights + gradients + optimiser / dataParallel",
  "weights + (gradients + optimiser) / dataParallel",
  "(weights + gradients + optimiser) / dataParallel",
] as const;

/** Bytes a parameter on one of `dataParallel` ranks (arXiv 1910.02054 §3.1). */
export function bytesPerParameter(
  { weights, gradients, optimiser }: StateBytes,
  zero: ZeroStage,
  dataParallel: Quantity<"count">,
): Computed<"byte/parameter"> {
  const inputs = { weights, gradients, optimiser };
  return compute(
    `bytes a parameter with ZeRO ${zero}`,
    "byte/parameter",
    formulas[zero],
    zero === 0 ? inputs : { ...inputs, dataParallel },
    { source: zeroPaper },
  );
}

/** How parameters lie on GPUs. Experts share the data ranks: `expert` of them hold each a part. */
export interface Division {
  readonly tensor: Quantity<"count">;
  readonly pipeline: Quantity<"count">;
  readonly data: Quantity<"count">;
  readonly expert: Quantity<"count">;
}

const expertFormulas = [
  "(weights + gradients + optimiser) * held",
  "(weights + gradients) * held + optimiser * parameters / data",
  "weights * held + (gradients + optimiser) * parameters / data",
  "(weights + gradients + optimiser) * parameters / data",
] as const;

/**
 * Bytes of states on one GPU. A rank holds the dense parameters and its part of the experts; what ZeRO shards, it shards
 * over all data ranks, experts too, since their copies lie on data / expert ranks.
 */
export function statesPerGpu(
  parameters: Quantity<"parameter">,
  expertShare: Quantity<"ratio">,
  bytes: StateBytes,
  zero: ZeroStage,
  { tensor, pipeline, data, expert }: Division,
): Computed<"byte"> {
  const held = compute(
    "parameters that a rank works with, before tensor and pipeline parallelism",
    "parameter",
    "parameters * (1 - expertShare) + parameters * expertShare / expert",
    { parameters, expertShare, expert },
  );
  const { weights, gradients, optimiser } = bytes;
  const formula = `(${expertFormulas[zero]}) / (tensor * pipeline)`;
  const all: Record<string, Quantity> = {
    weights,
    gradients,
    optimiser,
    held,
    parameters,
    data,
    tensor,
    pipeline,
  };
  const inputs = inputsIn(formula, all);
  return compute("bytes of states a GPU", "byte", formula, inputs, { source: zeroPaper });
}
