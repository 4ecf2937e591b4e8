// The shape of a model's weights: filled with plans, then with handles once loaded.
import type { Matrix, Vector } from "../../tensor/backend.ts";

/** A norm's weights; none for a norm without parameters. */
export interface NormWeights<V> {
  readonly weight?: V;
  readonly bias?: V;
}

/** The norms around a branch: of its input, of its answer before that is added, of the sum. */
export interface BranchNorms<V> {
  readonly before?: NormWeights<V>;
  readonly end?: NormWeights<V>;
  readonly after?: NormWeights<V>;
}

/** Attention's projections. */
export interface AttentionWeights<M, V> {
  readonly query: M;
  readonly key: M;
  readonly value: M;
  readonly output: M;
  readonly gate?: M;
  readonly queryNorm?: V;
  readonly keyNorm?: V;
  readonly sinks?: V;
}

/** Multi-head latent attention, absorbed: keys are the latent itself, and values, too. */
export interface LatentWeights<M, V> {
  /** Queries through a latent of their own. */
  readonly queryDown?: { readonly project: M; readonly norm: V };
  readonly query: M;
  readonly keyValueDown: M;
  readonly keyValueNorm: V;
  /** The part of every key that RoPE turns, shared by all heads. */
  readonly keyRope: M;
  /** [heads, latent, part of a query]: a head's query as the latent is asked. */
  readonly key: M;
  /** [heads, value, latent]: a head's answer. */
  readonly value: M;
  readonly output: M;
}

/** A gated delta net. */
export interface DeltaWeights<M, V> {
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
export interface MlpWeights<M> {
  readonly gate?: M;
  readonly up: M;
  readonly down: M;
}

/** A mixture of experts. */
export interface MixtureWeights<M, F> {
  readonly router: M;
  readonly selectionBias?: F;
  readonly experts: readonly MlpWeights<M>[];
  /** Experts that every token meets; `gate` is one row. */
  readonly shared?: { readonly weights: MlpWeights<M>; readonly gate?: M };
}

/** What lets the tokens of a layer see each other. */
export type MixerWeights<M, V> =
  | { readonly kind: "attention"; readonly weights: AttentionWeights<M, V> }
  | { readonly kind: "latent"; readonly weights: LatentWeights<M, V> }
  | { readonly kind: "delta"; readonly weights: DeltaWeights<M, V> };

/** What each token of a layer passes alone. */
export type FeedWeights<M, F> =
  | { readonly kind: "mlp"; readonly weights: MlpWeights<M> }
  | { readonly kind: "mixture"; readonly weights: MixtureWeights<M, F> };

/** One block. M: matrices, V: vectors, F: values that the main program reads itself. */
export interface LayerWeights<M, V, F> {
  readonly mixerNorms: BranchNorms<V>;
  readonly mixer: MixerWeights<M, V>;
  /** Attention over the encoder's answer. */
  readonly cross?: { readonly norms: BranchNorms<V>; readonly weights: AttentionWeights<M, V> };
  readonly feedNorms: BranchNorms<V>;
  readonly feed: FeedWeights<M, F>;
}

/** Blocks with what they share. */
export interface StackWeights<M, V, F> {
  readonly layers: readonly LayerWeights<M, V, F>[];
  readonly finalNorm?: NormWeights<V>;
  /** Bias by distance, [heads, 2 * reach + 1]. */
  readonly relativeBias?: V;
}

/** A matrix and a bias that the main program applies itself. */
export interface LinearValues<F> {
  /** [out, in] */
  readonly weight: F;
  readonly bias?: F;
}

/** What makes scores of a pooled state. */
export interface ClassifierWeights<F> {
  readonly dense?: LinearValues<F>;
  readonly norm?: NormWeights<F>;
  readonly scores: LinearValues<F>;
}

/** A whole model. Without `head` the embedding matrix serves as one, where there is a head at all. */
export interface WeightTree<M, V, F> {
  readonly embedding: M;
  readonly positions?: M;
  readonly tokenTypes?: M;
  readonly embeddingNorm?: NormWeights<V>;
  readonly projectIn?: M;
  readonly projectOut?: M;
  readonly encoder?: StackWeights<M, V, F>;
  readonly decoder: StackWeights<M, V, F>;
  readonly head?: M;
  readonly classifier?: ClassifierWeights<F>;
}

/** Loaded weights. */
export type LoadedWeights = WeightTree<Matrix, Vector, Float32Array>;
export type LoadedStack = StackWeights<Matrix, Vector, Float32Array>;

/** Whether a part of a tree is a leaf. */
type IsLeaf<Leaf> = (part: object) => part is Leaf & object;

/** The leaves of a tree of weights with the keys that lead to them, in order. */
export function leavesOf<Leaf>(
  tree: object,
  isLeaf: IsLeaf<Leaf>,
  path: readonly string[] = [],
): { path: readonly string[]; leaf: Leaf }[] {
  if (isLeaf(tree)) return [{ path, leaf: tree }];
  return Object.entries(tree).flatMap(([key, part]) =>
    typeof part === "object" && part !== null ? leavesOf(part, isLeaf, [...path, key]) : [],
  );
}

/** The part of a tree to which keys lead. */
export function partAt(tree: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], tree);
}

/** A tree of the same shape whose leaves are others. The caller names its type: it knows what each leaf becomes. */
export function mapLeaves<Leaf>(tree: object, isLeaf: IsLeaf<Leaf>, map: (leaf: Leaf) => unknown): unknown {
  const visit = (part: unknown): unknown => {
    if (typeof part !== "object" || part === null) return part;
    if (isLeaf(part)) return map(part);
    if (Array.isArray(part)) return part.map(visit);
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, visit(inner)]));
  };
  return visit(tree);
}
