// What a model weighs: parameters, bytes of weights, bytes of cache, FLOPs a token. Leans on the plan and the config.
import { byteLength } from "../tensor/dtype.ts";
import type { ModelConfig } from "./config.ts";
import { type TensorPlan, tensorsOf } from "./load-weights.ts";
import type { WeightPlan } from "./weight-plan.ts";

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

/** Values of a tensor, of a matrix's bias too. */
function valuesOf(tensor: TensorPlan): number {
  if (tensor.kind !== "matrix")
    return tensor.buckets ? tensor.stored.rows * tensor.stored.cols : tensor.length;
  return tensor.rows * tensor.cols + (tensor.bias?.length ?? 0);
}

/** Sizes at a context length, with keys and values of `cacheBytesPerValue` bytes (2 for f16, 4 for f32). */
export function footprint(
  config: ModelConfig,
  plan: WeightPlan,
  options: { contextLength: number; cacheBytesPerValue?: number },
): Footprint {
  let parameters = 0;
  let fileBytes = 0;
  let weightBytes = 0;
  let expertParameters = 0;
  for (const tensor of tensorsOf(plan)) {
    const values = valuesOf(tensor);
    const { dtype } = tensor.stored;
    parameters += values;
    if (tensor.kind !== "matrix") {
      fileBytes += byteLength(dtype, tensor.stored.rows * tensor.stored.cols);
      weightBytes += values * 4;
      continue;
    }
    const bytes = byteLength(dtype, tensor.rows * tensor.cols);
    fileBytes += bytes;
    weightBytes += ownForm.has(dtype) ? bytes : values * 2;
    if (tensor.expert) expertParameters += values;
  }
  const { experts } = config;
  const idle = experts ? (expertParameters * (experts.count - experts.perToken)) / experts.count : 0;
  const activeParameters = parameters - idle;
  const embedding = plan.head ? config.vocabSize * config.embeddingSize : 0;
  const attentionLayers = config.deltaLayers.filter((delta) => !delta).length;
  const caches = config.encoderLayers > 0 ? 2 : 1;
  const perToken =
    caches *
    attentionLayers *
    config.numKvHeads *
    (config.headDim + config.valueDim) *
    (options.cacheBytesPerValue ?? 2);
  return {
    parameters,
    activeParameters,
    fileBytes,
    weightBytes,
    cacheBytes: Math.ceil(options.contextLength / 32) * 32 * perToken,
    flopsPerToken: 2 * (activeParameters - embedding),
  };
}
