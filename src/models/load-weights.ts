// Loads the weights of a plan into a backend, one tensor after another, with progress.
import { throwIfAborted } from "../errors.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { Backend, Matrix } from "../tensor/backend.ts";
import type { Partition } from "../tensor/partition.ts";
import type { LayerWeights, MlpWeights, ModelPartitions, ModelWeights } from "./transformer.ts";
import {
  createWeightReader,
  type LayerPlan,
  type MlpPlan,
  type TensorPlan,
  type WeightPlan,
} from "./weight-plan.ts";

/** What `loadWeights` may be told. */
export interface LoadWeightsOptions {
  signal?: AbortSignal;
  /** Called after each tensor with the number of tensors done, and the bytes of a matrix that this rank holds. */
  onTensor?: (done: number, bytes: number) => void;
}

/** Tensors that `loadWeights` will load. */
export function countTensors(plan: WeightPlan): number {
  const perMlp = 3;
  return plan.layers.reduce(
    (sum, layer) =>
      sum +
      6 +
      (layer.queryNorm ? 2 : 0) +
      ("experts" in layer.mlp ? 1 + perMlp * layer.mlp.experts.length : perMlp),
    plan.head ? 3 : 2,
  );
}

/** Loads this rank's share of every weight. */
export async function loadWeights(
  backend: Backend,
  plan: WeightPlan,
  files: readonly ByteSource[],
  partitions: ModelPartitions,
  options: LoadWeightsOptions = {},
): Promise<ModelWeights> {
  const reader = createWeightReader(files);
  let done = 0;
  const finished = <T>(loaded: T, bytes = 0): T => {
    throwIfAborted(options.signal, "loading the model");
    options.onTensor?.(++done, bytes);
    return loaded;
  };
  const matrix = async (tensor: TensorPlan, partition: Partition): Promise<Matrix> => {
    const loaded = await backend.loadMatrix(reader.matrix(tensor), partition);
    return finished(loaded, loaded.bytes);
  };
  const vector = async (tensor: TensorPlan) => finished(await backend.loadVector(reader.vector(tensor)));
  const mlp = async ({ gate, up, down }: MlpPlan): Promise<MlpWeights> => ({
    gate: await matrix(gate, partitions.intermediate),
    up: await matrix(up, partitions.intermediate),
    down: await matrix(down, partitions.hidden),
  });
  const mixture = async (router: TensorPlan, plans: readonly MlpPlan[]) => {
    const loaded = await matrix(router, partitions.experts);
    const experts: MlpWeights[] = [];
    for (const expert of plans) experts.push(await mlp(expert));
    return { router: loaded, experts };
  };
  const layer = async (l: LayerPlan): Promise<LayerWeights> => ({
    attentionNorm: await vector(l.attentionNorm),
    query: await matrix(l.query, partitions.query),
    key: await matrix(l.key, partitions.keyValue),
    value: await matrix(l.value, partitions.keyValue),
    queryNorm: l.queryNorm && (await vector(l.queryNorm)),
    keyNorm: l.keyNorm && (await vector(l.keyNorm)),
    output: await matrix(l.output, partitions.hidden),
    mlpNorm: await vector(l.mlpNorm),
    mlp: "experts" in l.mlp ? await mixture(l.mlp.router, l.mlp.experts) : await mlp(l.mlp),
  });

  const embedding = await matrix(plan.embedding, partitions.vocab);
  const layers: LayerWeights[] = [];
  for (const l of plan.layers) layers.push(await layer(l));
  return {
    embedding,
    layers,
    finalNorm: await vector(plan.finalNorm),
    head: plan.head ? await matrix(plan.head, partitions.vocab) : embedding,
  };
}
