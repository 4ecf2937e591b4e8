// The one forward pass: every family, every backend, prefill and decode. Knobs come from ModelConfig.
import type { Activation, Backend, KvCache, Matrix, Slice, Vector } from "../tensor/backend.ts";
import { cutEvenly, type Partition, scalePartition } from "../tensor/partition.ts";
import type { ModelConfig } from "./config.ts";
import { type RopeFrequencies, ropeAngles, ropeFrequencies } from "./rope.ts";
import { routeTokens } from "./router.ts";

/** How rows and heads of one model are shared among the ranks. */
export interface ModelPartitions {
  readonly heads: Partition;
  readonly query: Partition;
  readonly keyValue: Partition;
  readonly hidden: Partition;
  readonly intermediate: Partition;
  readonly vocab: Partition;
  readonly experts: Partition;
}

/** Cuts a model for a number of ranks. Query heads stay whole; rows of products go by groups of four. */
export function partitionModel(config: ModelConfig, ranks: number): ModelPartitions {
  const heads = cutEvenly(config.numHeads, ranks);
  return {
    heads,
    query: scalePartition(heads, config.headDim),
    keyValue: cutEvenly(config.numKvHeads * config.headDim, ranks, 4),
    hidden: cutEvenly(config.hiddenSize, ranks, 4),
    intermediate: cutEvenly(config.intermediateSize, ranks, 4),
    vocab: cutEvenly(config.vocabSize, ranks, 4),
    experts: cutEvenly(config.numExperts, ranks, 4),
  };
}

/** A gated MLP: down(silu(gate(x)) * up(x)). */
export interface MlpWeights {
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
}

/** The weights of one block. */
export interface LayerWeights {
  readonly attentionNorm: Vector;
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
  readonly queryNorm?: Vector;
  readonly keyNorm?: Vector;
  readonly output: Matrix;
  readonly mlpNorm: Vector;
  readonly mlp: MlpWeights | { readonly router: Matrix; readonly experts: readonly MlpWeights[] };
}

/** All weights of a model. With tied embeddings, `head` is the embedding matrix itself. */
export interface ModelWeights {
  readonly embedding: Matrix;
  readonly layers: readonly LayerWeights[];
  readonly finalNorm: Vector;
  readonly head: Matrix;
}

/** The activations of a forward pass, allocated once a model. */
export interface Workspace {
  readonly hidden: Activation;
  readonly normed: Activation;
  readonly query: Slice;
  readonly key: Slice;
  readonly value: Slice;
  readonly attended: Slice;
  readonly projected: Slice;
  readonly gate: Slice;
  readonly up: Slice;
  readonly router?: Slice;
  readonly expertInput: Activation;
  readonly mixed: Activation;
  readonly headInput: Activation;
  readonly logits: Slice;
  readonly rope: RopeFrequencies;
}

/** Rows whose logits are computed at a time. */
export const LOGIT_ROWS = 8;

/** Allocates what `forward` writes to. */
export function createWorkspace(
  backend: Backend,
  config: ModelConfig,
  partitions: ModelPartitions,
): Workspace {
  const hidden = () => backend.allocate(config.hiddenSize);
  const moe = config.numExperts > 0;
  return {
    hidden: hidden(),
    normed: hidden(),
    query: backend.allocateSlice(partitions.query),
    key: backend.allocateSlice(partitions.keyValue),
    value: backend.allocateSlice(partitions.keyValue),
    attended: backend.allocateSlice(partitions.query),
    projected: backend.allocateSlice(partitions.hidden),
    gate: backend.allocateSlice(partitions.intermediate),
    up: backend.allocateSlice(partitions.intermediate),
    router: moe ? backend.allocateSlice(partitions.experts) : undefined,
    expertInput: backend.allocate(config.hiddenSize, moe ? backend.maxTokens : 1),
    mixed: backend.allocate(config.hiddenSize, moe ? backend.maxTokens : 1),
    headInput: backend.allocate(config.hiddenSize, LOGIT_ROWS),
    logits: backend.allocateSlice(partitions.vocab, LOGIT_ROWS),
    rope: ropeFrequencies(config),
  };
}

/** A model ready to run on one rank. */
export interface Transformer {
  readonly backend: Backend;
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly cache: KvCache;
  readonly workspace: Workspace;
}

/** What a forward pass may be asked to show on its way. */
export interface ForwardOptions {
  /** Called with the input of each block (by `forward`) and the output of the final norm (by `logitsOf`). */
  onHidden?: (layer: number, hidden: Float32Array) => void;
}

/**
 * Runs tokens at `position`, `position` + 1, … through all blocks; their keys and values join the cache.
 * The hidden state stays in the workspace for `logitsOf`.
 *
 * tokens  [tokens] ids, at most backend.maxTokens
 * @returns false when a stop was asked for; the cache is then unchanged before `position` and undefined after it
 */
export function forward(
  model: Transformer,
  tokens: Int32Array,
  position: number,
  options: ForwardOptions = {},
): boolean {
  const { backend: b, config, weights, cache, workspace: w } = model;
  const { cos, sin } = ropeAngles(w.rope, position, tokens.length);
  b.setAngles(cos, sin, config.headDim / 2);
  b.embed(weights.embedding, tokens, w.hidden);

  for (const [l, layer] of weights.layers.entries()) {
    if (b.stopRequested()) return false;
    options.onHidden?.(l, b.read(w.hidden));

    b.rmsNorm(w.hidden, layer.attentionNorm, config.normEps, w.normed);
    b.linear(w.normed, [layer.query, w.query], [layer.key, w.key], [layer.value, w.value]);
    const key = b.gather(w.key);
    const value = b.gather(w.value);
    if (layer.queryNorm) b.headNorm(w.query, layer.queryNorm, config.normEps);
    if (layer.keyNorm) b.headNorm(key, layer.keyNorm, config.normEps);
    b.rope(w.query, config.headDim);
    b.rope(key, config.headDim);
    b.storeKeysValues(cache, l, key, value, position);
    b.attention(cache, l, w.query, w.attended, position, config.slidingWindow[l]);
    b.linear(b.gather(w.attended), [layer.output, w.projected]);
    b.add(w.hidden, b.gather(w.projected));

    b.rmsNorm(w.hidden, layer.mlpNorm, config.normEps, w.normed);
    if ("experts" in layer.mlp) {
      b.linear(w.normed, [layer.mlp.router, w.router!]);
      mixExperts(model, layer.mlp.experts, b.read(b.gather(w.router!)));
      b.add(w.hidden, w.mixed);
    } else {
      b.add(w.hidden, runMlp(model, layer.mlp, w.normed));
    }
  }
  return true;
}

/** down(silu(gate(x)) * up(x)); valid until the next product into the same workspace. */
function runMlp({ backend: b, workspace: w }: Transformer, mlp: MlpWeights, x: Activation): Activation {
  b.linear(x, [mlp.gate, w.gate], [mlp.up, w.up]);
  b.siluMul(w.gate, w.up);
  b.linear(b.gather(w.gate), [mlp.down, w.projected]);
  return b.gather(w.projected);
}

/** mixed = the sum of the chosen experts' answers, added in the order of experts. */
function mixExperts(model: Transformer, experts: readonly MlpWeights[], routerLogits: Float32Array): void {
  const { backend: b, config, workspace: w } = model;
  const shape = { tokens: w.normed.tokens, experts: experts.length, perToken: config.numExpertsPerToken };
  b.clear(w.mixed, w.normed);
  for (const { expert, rows, weights } of routeTokens(routerLogits, shape)) {
    b.takeRows(w.normed, rows, w.expertInput);
    b.addRows(w.mixed, runMlp(model, experts[expert], w.expertInput), rows, weights);
  }
}

/**
 * Logits of rows [first, first + rows) of the last forward pass, at most LOGIT_ROWS of them.
 * @returns on rank 0 a view [rows, vocabSize], valid until the next operation; elsewhere empty
 */
export function logitsOf(
  model: Transformer,
  first: number,
  rows: number,
  options: ForwardOptions = {},
): Float32Array {
  const { backend: b, config, weights, workspace: w } = model;
  b.takeRows(
    w.hidden,
    Int32Array.from({ length: rows }, (_, i) => first + i),
    w.headInput,
  );
  b.rmsNorm(w.headInput, weights.finalNorm, config.normEps, w.headInput);
  options.onHidden?.(weights.layers.length, b.read(w.headInput));
  b.linear(w.headInput, [weights.head, w.logits]);
  return b.collect(w.logits);
}
