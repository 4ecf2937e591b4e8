// What a model weighs: parameters, bytes in the file, FLOPs a token.
import { byteLength } from "../tensor/dtype.ts";
import type { ModelConfig } from "./config/config.ts";
import type { WeightPlan } from "./weights/tensor-plan.ts";
import { type TensorPlan, tensorsOf } from "./weights/tensor-plan.ts";

/** The sizes of a loaded model. */
export interface Footprint {
  readonly parameters: number;
  /** Parameters that one token meets: fewer than all in a mixture of experts. */
  readonly activeParameters: number;
  /** Bytes of weights as the file holds them. */
  readonly fileBytes: number;
  /** Multiplications and additions of one token, attention over its context left out. */
  readonly flopsPerToken: number;
}

/** Values of a tensor, of a matrix's bias too. */
function valuesOf(tensor: TensorPlan): number {
  if (tensor.kind !== "matrix")
    return tensor.buckets ? tensor.stored.rows * tensor.stored.cols : tensor.length;
  return tensor.rows * tensor.cols + (tensor.bias?.length ?? 0);
}

/** The sizes of a model. */
export function footprint(config: ModelConfig, plan: WeightPlan): Footprint {
  let parameters = 0;
  let fileBytes = 0;
  let expertParameters = 0;
  for (const tensor of tensorsOf(plan)) {
    const values = valuesOf(tensor);
    const { dtype, rows, cols } = tensor.stored;
    parameters += values;
    fileBytes += byteLength(dtype, tensor.kind === "matrix" ? tensor.rows * tensor.cols : rows * cols);
    if (tensor.kind === "matrix" && tensor.expert) expertParameters += values;
  }
  const { experts } = config;
  const idle = experts ? (expertParameters * (experts.count - experts.perToken)) / experts.count : 0;
  const activeParameters = parameters - idle;
  const isLookedUp = plan.head !== undefined || !config.languageHead;
  const embedding = isLookedUp ? config.vocabSize * config.embeddingSize : 0;
  return { parameters, activeParameters, fileBytes, flopsPerToken: 2 * (activeParameters - embedding) };
}
