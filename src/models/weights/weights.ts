// The shape of a model's weights: filled with plans, then with handles once loaded.
import type { Matrix, Vector } from "../../tensor/backend.ts";

/** A norm's weights; none for a norm without parameters. */
export interface NormParts<V> {
  readonly weight?: V;
  readonly bias?: V;
}

/** The norms around a branch: of its input, of its answer before that is added, of the sum. */
export interface BranchNorms<V> {
  readonly before?: NormParts<V>;
  readonly end?: NormParts<V>;
  readonly after?: NormParts<V>;
}

/** Attention's projections. With `latent`, query reads its latent, and key and value that of keys and values. */
export interface AttentionParts<M, V> {
  readonly query: M;
  readonly key: M;
  readonly value: M;
  readonly output: M;
  readonly gate?: M;
  readonly queryNorm?: V;
  readonly keyNorm?: V;
  readonly sinks?: V;
  readonly latent?: LatentParts<M, V>;
}

/** What goes before the projections of multi-head latent attention. */
export interface LatentParts<M, V> {
  readonly query?: M;
  readonly queryNorm?: V;
  readonly keyValue: M;
  readonly keyValueNorm: V;
  /** The part of every key that turns. */
  readonly keyRope: M;
}

/** A gated delta net. */
export interface DeltaParts<M, V> {
  readonly query: M;
  readonly key: M;
  readonly value: M;
  readonly gate: M;
  readonly beta: M;
  readonly alpha: M;
  readonly output: M;
  readonly queryKernel: V;
  readonly keyKernel: V;
  readonly valueKernel: V;
  readonly decay: V;
  readonly decayBias: V;
  readonly norm: V;
}

/** down(activation(gate x) * up x), or down(activation(up x)) without a gate. */
export interface MlpParts<M> {
  readonly gate?: M;
  readonly up: M;
  readonly down: M;
}

/** A mixture of experts. */
export interface MixtureParts<M, F> {
  readonly router: M;
  readonly selectionBias?: F;
  readonly experts: readonly MlpParts<M>[];
  readonly shared?: MlpParts<M>;
  /** One row: the gate of the shared experts. */
  readonly sharedGate?: M;
}

/** One block. M: matrices, V: vectors, F: values that the main program reads itself. */
export interface LayerParts<M, V, F> {
  readonly mixerNorms: BranchNorms<V>;
  readonly attention?: AttentionParts<M, V>;
  readonly delta?: DeltaParts<M, V>;
  /** Attention over the encoder's answer. */
  readonly crossNorms?: BranchNorms<V>;
  readonly cross?: AttentionParts<M, V>;
  readonly mlpNorms: BranchNorms<V>;
  readonly mlp?: MlpParts<M>;
  readonly mixture?: MixtureParts<M, F>;
}

/** Blocks with what they share. */
export interface StackParts<M, V, F> {
  readonly layers: readonly LayerParts<M, V, F>[];
  readonly finalNorm?: NormParts<V>;
  /** Bias by distance, [heads, 2 * reach + 1]. */
  readonly relativeBias?: V;
}

/** A whole model. Without `head` the embedding matrix serves as one. */
export interface ModelParts<M, V, F> {
  readonly embedding: M;
  readonly positions?: M;
  readonly embeddingNorm?: NormParts<V>;
  readonly projectIn?: M;
  readonly projectOut?: M;
  readonly encoder?: StackParts<M, V, F>;
  readonly decoder: StackParts<M, V, F>;
  readonly head?: M;
}

/** Loaded weights. */
export type ModelWeights = ModelParts<Matrix, Vector, Float32Array>;
export type LayerWeights = LayerParts<Matrix, Vector, Float32Array>;
export type StackWeights = StackParts<Matrix, Vector, Float32Array>;
