// What a model weighs: parameters, bytes of weights, bytes of cache, FLOPs a token. Leans on the plan and the config.
import { byteLength } from "../tensor/dtype.ts";
import type { ModelConfig } from "./config.ts";
import type { TensorPlan, WeightPlan } from "./weight-plan.ts";

/** Every tensor of a plan. */
export function tensorsOf(plan: WeightPlan): TensorPlan[] {
  const list: (TensorPlan | undefined)[] = [plan.embedding, plan.finalNorm, plan.head];
  for (const { mlp, ...rest } of plan.layers) {
    list.push(...Object.values(rest));
    if ("experts" in mlp) list.push(mlp.router, ...mlp.experts.flatMap((expert) => Object.values(expert)));
    else list.push(mlp.gate, mlp.up, mlp.down);
  }
  return list.flatMap((tensor) => (tensor ? (tensor.bias ? [tensor, tensor.bias] : [tensor]) : []));
}

/** The sizes of a loaded model. */
export interface Footprint {
  readonly parameters: number;
  /** Parameters that one token meets: fewer than all in a mixture of experts. */
  readonly activeParameters: number;
  /** Bytes of weights as the file holds them. */
  readonly fileBytes: number;
  /** Bytes of weights in memory: types without kernels of their own take two bytes a value. */
  readonly weightBytes: number;
  /** Bytes of keys and values at `contextLength` tokens. */
  readonly cacheBytes: number;
  /** Multiplications and additions of one token, attention over its context left out. */
  readonly flopsPerToken: number;
}

const ownForm = new Set(["F32", "F16", "BF16", "Q8_0", "Q4_0"]);

/** Sizes at a context length, with keys and values of `cacheBytesPerValue` bytes (2 for f16, 4 for f32). */
export function footprint(
  config: ModelConfig,
  plan: WeightPlan,
  options: { contextLength: number; cacheBytesPerValue?: number },
): Footprint {
  let parameters = 0;
  let fileBytes = 0;
  let weightBytes = 0;
  for (const { rows, cols, dtype } of tensorsOf(plan)) {
    const values = rows * cols;
    parameters += values;
    fileBytes += byteLength(dtype, values);
    weightBytes +=
      rows === 1 || cols === 1 ? values * 4 : ownForm.has(dtype) ? byteLength(dtype, values) : values * 2;
  }
  const expert = 3 * config.hiddenSize * config.intermediateSize;
  const idle =
    config.numLayers * (config.numExperts - config.numExpertsPerToken) * (config.numExperts > 0 ? expert : 0);
  const activeParameters = parameters - idle;
  const embedding = plan.head ? config.vocabSize * config.hiddenSize : 0;
  const perToken =
    config.numLayers * 2 * config.numKvHeads * config.headDim * (options.cacheBytesPerValue ?? 2);
  return {
    parameters,
    activeParameters,
    fileBytes,
    weightBytes,
    cacheBytes: Math.ceil(options.contextLength / 32) * 32 * perToken,
    flopsPerToken: 2 * (activeParameters - embedding),
  };
}
