// Loads the weights of a plan into a backend, one tensor after another, with progress.
import { throwIfAborted } from "../../errors.ts";
import type { ByteSource } from "../../formats/sources/byte-source.ts";
import type { Backend } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import { cutFor } from "./partitions.ts";
import { isTensorPlan, type TensorPlan, tensorsOf, type WeightPlan } from "./tensor-plan.ts";
import { createWeightReader } from "./weight-reader.ts";
import { type LoadedWeights, mapLeaves } from "./weights.ts";

/** What `loadWeights` may be told. */
export interface LoadWeightsOptions {
  signal?: AbortSignal;
  /** Called after each tensor with the number of tensors done, and the bytes of a matrix that this rank holds. */
  onTensor?: (done: number, bytes: number) => void;
}

/** Loads this rank's share of every weight. */
export async function loadWeights(
  backend: Backend,
  plan: WeightPlan,
  config: ModelConfig,
  files: readonly ByteSource[],
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  const reader = createWeightReader(files);
  let done = 0;
  const loadLeaf = async (leaf: TensorPlan) => {
    throwIfAborted(options.signal, "loading the model");
    if (leaf.kind === "matrix") {
      const matrix = await backend.loadMatrix(reader.matrix(leaf), cutFor(config, backend.ranks, leaf));
      options.onTensor?.(++done, matrix.bytes);
      return matrix;
    }
    if (leaf.kind === "values") {
      const values = await reader.vector(leaf).read();
      options.onTensor?.(++done, 0);
      return values;
    }
    const vector = await backend.loadVector(reader.vector(leaf));
    options.onTensor?.(++done, 0);
    return vector;
  };
  const loaded = new Map<TensorPlan, unknown>();
  for (const leaf of tensorsOf(plan)) loaded.set(leaf, await loadLeaf(leaf));
  // Each MatrixPlan has become a Matrix, each vector a Vector, values a Float32Array.
  return mapLeaves(plan, isTensorPlan, (leaf) => loaded.get(leaf)) as LoadedWeights;
}
