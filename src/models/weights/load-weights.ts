// Loads the weights of a plan into a backend, one tensor after another, with progress.
import { throwIfAborted } from "../../errors.ts";
import type { ByteSource } from "../../formats/sources/byte-source.ts";
import type { Backend } from "../../tensor/backend.ts";
import type { ModelConfig } from "../config/config.ts";
import { cutFor } from "./partitions.ts";
import type { MatrixPlan, VectorPlan, WeightPlan } from "./weight-plan.ts";
import { createWeightReader } from "./weight-reader.ts";
import type { ModelWeights } from "./weights.ts";

/** What `loadWeights` may be told. */
export interface LoadWeightsOptions {
  signal?: AbortSignal;
  /** Called after each tensor with the number of tensors done, and the bytes of a matrix that this rank holds. */
  onTensor?: (done: number, bytes: number) => void;
}

/** A leaf of a plan. */
export type TensorPlan = MatrixPlan | VectorPlan;

/** The tensors of a plan or of a part of one, in the order in which they are loaded. Biases belong to their matrices. */
export function tensorsOf(part: unknown): TensorPlan[] {
  if (isLeaf(part)) return [part];
  return typeof part === "object" && part !== null ? Object.values(part).flatMap(tensorsOf) : [];
}

/** The matrices among them. */
export function matricesOf(part: unknown): MatrixPlan[] {
  return tensorsOf(part).flatMap((tensor) => (tensor.kind === "matrix" ? [tensor] : []));
}

function isLeaf(part: unknown): part is TensorPlan {
  return typeof part === "object" && part !== null && "kind" in part;
}

/** Loads this rank's share of every weight. */
export async function loadWeights(
  backend: Backend,
  plan: WeightPlan,
  config: ModelConfig,
  files: readonly ByteSource[],
  options: LoadWeightsOptions = {},
): Promise<ModelWeights> {
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
  /** The same shape with every leaf loaded. */
  const loadPart = async (part: unknown): Promise<unknown> => {
    if (isLeaf(part)) return loadLeaf(part);
    if (typeof part !== "object" || part === null) return part;
    if (Array.isArray(part)) {
      const list: unknown[] = [];
      for (const item of part) list.push(await loadPart(item));
      return list;
    }
    const record: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(part)) record[key] = await loadPart(value);
    return record;
  };
  // loadPart keeps the shape and turns MatrixPlan into Matrix, vectors into Vector, values into Float32Array
  return (await loadPart(plan)) as ModelWeights;
}
