// The Backend contract: the ops of the forward pass over opaque handles.
import type { DType } from "./dtype.ts";
import type { Partition } from "./partition.ts";

/** Bytes of one of a model's files. */
export interface FileRange {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/** Where the rows of a weight matrix come from. Reading stays in the file's own form until the backend packs it. */
export interface MatrixSource {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** Added to the product, one value a row. */
  readonly bias?: VectorSource;
  /** One of many experts, of which a token meets few: may stay in the file until it is needed. */
  readonly expert?: boolean;
  /** Fills `target` with rows [firstRow, firstRow + rows) in file form. */
  read(firstRow: number, rows: number, target: Uint8Array): void | Promise<void>;
  /** What `read` would read, where that is one piece of a file. */
  range?(firstRow: number, rows: number): FileRange | undefined;
}

/** Where a weight vector comes from. */
export interface VectorSource {
  readonly name: string;
  readonly length: number;
  read(): Promise<Float32Array>;
}

/** A weight matrix in the backend's own form; each rank holds its rows of `partition`. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly partition: Partition;
  /** Bytes that this rank holds. */
  readonly bytes: number;
}

/** Two thin matrices beside a weight matrix W: B A is added to it (LoRA, arXiv:2106.09685). */
export interface LowRankSource {
  readonly rank: number;
  /** Where W's heads are multiplied apart (`linearHeads`): how many. */
  readonly heads?: number;
  /** A, [rank, W's cols], or one of a head after another. */
  readonly down: Float32Array;
  /** B, [W's rows, rank] */
  readonly up: Float32Array;
}

/** The same in the backend's own form: A whole on every rank, of B the rows that a rank has of W. */
export type LowRank = object;

/** A weight vector, whole on every rank. */
export interface Vector {
  readonly length: number;
}

/** Activations f32 [tokens, width], whole on every rank. */
export interface Activation {
  readonly width: number;
  /** Rows in use; set by the operation that writes them. */
  tokens: number;
}

/** Activations f32 [tokens, width] of which each rank holds its own columns. */
export interface Slice {
  readonly partition: Partition;
  tokens: number;
}

/** Storage types of keys and values. Q8: 8-bit with a scale per token and head. */
export type CacheType = "F32" | "F16" | "Q8";

/** Positions whose keys and values lie together, in a page of the cache. */
export const PAGE = 32;

/** Where a sequence's keys, values and recurrent states lie: the same on every rank. */
export interface Sequence {
  /** Which of the recurrent states that were allocated. */
  readonly slot: number;
  /** Numbers of pages: the first has positions [0, PAGE), the next those that follow. */
  readonly pages: Int32Array;
}

/** Rows [first, first + rows) of a call. */
export interface RowSpan {
  readonly first: number;
  readonly rows: number;
}

/** An adapter by its number, and what its answers are multiplied with. */
export interface AdapterUse {
  readonly adapter: number;
  readonly scale: number;
}

/** Rows [first, first + rows) of a call: tokens of one sequence, at positions from `position` on. */
export interface Run extends RowSpan {
  readonly sequence: Sequence;
  readonly position: number;
  /** Tokens of the whole sequence: what attention sees where it is not causal, and what some angles depend on. */
  readonly length: number;
  /** Of a pair of texts: the position from which on tokens are of the second type. Default: none is. */
  readonly second?: number;
  /** What is added to the products of its rows, in this order. */
  readonly adapters?: readonly AdapterUse[];
}

/** A pool of pages of keys and values, the heads that this rank reads. */
export interface KvCache {
  readonly pages: number;
  /** Bytes of one page, all layers and the heads of all ranks. */
  readonly pageBytes: number;
  /** Bytes that this rank holds. */
  readonly bytes: number;
}

/** What a KV cache must hold. */
export interface KvCacheShape {
  numLayers: number;
  numHeads: number;
  numKvHeads: number;
  /** Of keys. */
  headDim: number;
  valueDim: number;
  /** Keys end with their values, which are kept once: what is stored as a key is only what comes before. */
  valueInKey?: boolean;
  pages: number;
  /** Most pages that the runs of one call name together. */
  namedPages: number;
  dtype: CacheType;
  /** Query heads of each rank; a rank keeps the KV heads that they read. */
  heads: Partition;
}

/** "rms": x / rms(x) (arXiv:1910.07467); "layer": (x - mean) / deviation (arXiv:1607.06450). */
export type NormKind = "rms" | "layer";

/** A norm: its kind, and the weights that it has. Without any, x is only normalised. */
export interface Norm {
  readonly kind: NormKind;
  readonly eps: number;
  /** Multiplies. */
  readonly weight?: Vector;
  /** Added. */
  readonly bias?: Vector;
}

/**
 * "gelu": x Φ(x) by erf; "gelu-tanh": its tanh form; "quick-gelu": x sigmoid(1.702 x); "relu2": relu(x)²;
 * "clipped-swiglu": GPT-OSS's, quick-gelu of the gate clipped from above times (1 + up clipped to ±limit).
 */
export type ActivationKind =
  | "silu"
  | "gelu"
  | "gelu-tanh"
  | "quick-gelu"
  | "relu"
  | "relu2"
  | "clipped-swiglu";

/** How a layer's attention differs from softmax(scale q k) v. */
export interface AttentionOptions {
  readonly scale: number;
  /** A query sees positions up to its own; otherwise all that the cache holds. */
  readonly causal: boolean;
  /** A query sees this many last positions, its own included, and where it is not causal as many ahead; 0: all. */
  readonly window: number;
  /** score = cap tanh(score / cap); 0: not. Before any bias. */
  readonly softcap: number;
  /** One score a head that joins the softmax's sum and has no value. */
  readonly sinks?: Vector;
  /** ALiBi, one a head: score -= slope * (query position - key position). */
  readonly slopes?: Vector;
  /** [heads, 2 * reach + 1]: score += table[head, clamp(key position - query position, ±reach) + reach]. */
  readonly bias?: { readonly table: Vector; readonly reach: number };
}

/** How often an expert's matrix was in memory when it was needed, and how often it had to be read. */
export interface PageCounts {
  hits: number;
  misses: number;
  /** Of the misses, those that had been read ahead, from the disk into the system's memory. */
  readAhead: number;
}

/** The states of recurrent mixers of some sequences, this rank's heads. */
export interface DeltaState {
  /** Bytes of one state, all layers and the heads of all ranks. */
  readonly stateBytes: number;
  /** Bytes that this rank holds. */
  readonly bytes: number;
}

/** Sizes of gated delta nets. Value head h reads key head floor(h * keyHeads / valueHeads). */
export interface DeltaShape {
  numLayers: number;
  /** How many states. */
  sequences: number;
  keyHeads: number;
  valueHeads: number;
  keyDim: number;
  valueDim: number;
  /** Width of the causal convolution. */
  kernel: number;
  /** Key heads of each rank; a rank keeps the value heads that read them. */
  heads: Partition;
}

/** What one gated delta net reads: slices cut at the same heads, and its small weights, whole on every rank. */
export interface DeltaInputs {
  /** [tokens, keyHeads * keyDim] */
  readonly query: Slice;
  readonly key: Slice;
  /** [tokens, valueHeads * valueDim] */
  readonly value: Slice;
  /** [tokens, valueHeads]; sigmoid of it is the step size. */
  readonly beta: Slice;
  /** [tokens, valueHeads]; with `decay` and `decayBias` it makes the state's decay. */
  readonly alpha: Slice;
  /** Depthwise causal convolutions, [channels, kernel]; silu follows. */
  readonly queryKernel: Vector;
  readonly keyKernel: Vector;
  readonly valueKernel: Vector;
  /** A_log and dt_bias, [valueHeads]: the state decays by exp(-exp(A_log) softplus(alpha + dt_bias)). */
  readonly decay: Vector;
  readonly decayBias: Vector;
}

/** How tokens choose experts (arXiv:2101.03961). */
export interface RouterConfig {
  readonly count: number;
  readonly perToken: number;
  /** How router logits become scores; "sparsemixer" is Phi-3.5-MoE's (arXiv:2409.12136), with `jitter`. */
  readonly score: "softmax" | "sigmoid" | "sparsemixer";
  readonly jitter: number;
  /** Experts are chosen from the best groups only (DeepSeek-V2 and V3); 1 group: from all. */
  readonly groups: number;
  readonly groupsPerToken: number;
  /** A group's rank: its best score, or the sum of its two best. */
  readonly groupScore: "max" | "top2";
  /** The p of the norm that the chosen weights are divided by; 0 leaves them. */
  readonly normalize: number;
  /** Added to that norm. */
  readonly normalizeEps: number;
  readonly scale: number;
}

/** What all mixtures of experts of a model have in common. */
export interface MixtureShape {
  readonly router: RouterConfig;
  readonly hiddenSize: number;
  readonly activation: ActivationKind;
  readonly activationLimit: number;
  /** Each rank's rows of an expert's inner matrices, and of its last. */
  readonly inner: Partition;
  readonly outer: Partition;
}

/** Room in which a model's mixtures of experts work, one after another. */
export interface Mixture {
  readonly shape: MixtureShape;
}

/** The experts of one layer: down(activation(gate x) * up x), or down(activation(up x)) without a gate. */
export interface Experts {
  readonly experts: readonly { readonly gate?: Matrix; readonly up: Matrix; readonly down: Matrix }[];
  /** [experts], added to scores for the choice alone (arXiv:2408.15664). */
  readonly selectionBias?: Float32Array;
}

/** The largest values of a row, in the order of their columns, and what all of its values weigh. */
export interface Largest {
  readonly columns: Int32Array;
  readonly values: Float32Array;
  /** The sum of exp(factor * (value - largest value)), relative error below 2e-5. */
  readonly mass: number;
}

/** A product: the weights, and where this rank's rows of it go. */
export type Product = readonly [weight: Matrix, y: Slice];

/**
 * Every rank runs the same forward pass over the same calls; a rank computes its own rows of each product and `gather`
 * makes them whole. All operations work on the first `tokens` rows, in the order of the calls; what they wrote is there
 * when `read` or `collect` has answered.
 */
export interface Backend {
  readonly rank: number;
  readonly ranks: number;
  /** Most tokens that one call can hold. */
  readonly maxTokens: number;
  /** Resolves, with what to say of it, when the device is gone and nothing more can be computed. */
  readonly lost?: Promise<Error>;
  /** Where experts are read as they are needed: this rank's counts since the model was loaded. */
  readonly pages?: Readonly<PageCounts>;

  /** Loads this rank's rows. @throws {BaimoError} `memory` when they do not fit, `shape` on impossible sizes */
  loadMatrix(source: MatrixSource, partition: Partition): Promise<Matrix>;
  loadVector(source: VectorSource): Promise<Vector>;
  /** Activations with room for maxTokens rows, or `tokens`. */
  allocate(width: number, tokens?: number): Activation;
  allocateSlice(partition: Partition, tokens?: number): Slice;
  allocateCache(shape: KvCacheShape): KvCache;
  allocateDeltaState(shape: DeltaShape): DeltaState;
  allocateMixture(shape: MixtureShape): Mixture;
  /** Called once, after the last load or allocation and before the first operation. */
  finishLoading(): void;

  /** out[t] = row tokens[t] of the table. */
  embed(table: Matrix, tokens: Int32Array, out: Activation): void;
  /** out = norm(x), each row; x and out may be the same. */
  norm(x: Activation, norm: Norm, out: Activation): void;
  /** The same over each head of `headDim` values, in place. The weight has headDim values, or one for each of the width. */
  headNorm(x: Activation | Slice, norm: Norm, headDim: number): void;
  /** y = x W^T (+ bias), this rank's rows of each matrix; x is prepared once for all. */
  linear(x: Activation, products: readonly Product[]): void;
  /** Has every product's input and weights shown before it is computed, those inside other operations too; or no more. */
  observeProducts(observer: ((x: Activation, weights: readonly Matrix[]) => void) | undefined): void;
  /**
   * Loads low-rank matrices beside weights, between two operations; what they take is free when their handles are.
   * @throws {BaimoError} `memory`
   */
  loadLowRank(sources: readonly (readonly [weight: Matrix, source: LowRankSource])[]): LowRank[];
  /** y += factor * B (A x) in some rows of a finished product, `linear`'s or `linearHeads`', this rank's columns. */
  addLowRank(x: Activation | Slice, low: LowRank, y: Slice, span: RowSpan, factor: number): void;
  /** Makes a slice whole on every rank. The result is overwritten by the next gather of the same slice. */
  gather(x: Slice): Activation;
  /** Keys or values with all heads that this rank's part of the cache wants: the slice itself, or gathered. */
  gatherHeads(x: Slice, cache: KvCache): Activation | Slice;
  /** out = this rank's columns of x. */
  keepOwn(x: Activation, out: Slice): void;
  /** cos and sin for the next tokens: [tokens, pairs] each; kept under a small number for `rope` until set again. */
  setAngles(angles: number, cos: Float32Array, sin: Float32Array, pairs: number): void;
  /** Rotates pairs i, i + pairs of each head by the angles set (RoPE, arXiv:2104.09864), in place. */
  rope(x: Activation | Slice, headDim: number, angles: number): void;
  /**
   * The last values of each of `heads` heads, times the head's own rows of the weights: y[t, h] = [what comes before,
   * W_h x[t, h]'s last]. All are cut at heads, so that a rank needs nothing of another.
   */
  linearHeads(x: Slice, weight: Matrix, y: Slice, heads: number): void;
  /** Writes the keys and values of one layer into the pages of each run's sequence: whole ones, or `gatherHeads`'. */
  storeKeysValues(
    cache: KvCache,
    layer: number,
    keys: Activation | Slice,
    values: Activation | Slice,
    runs: readonly Run[],
  ): void;
  /** Copies one page to another, in all layers. */
  copyPage(cache: KvCache, from: number, to: number): void;
  /** A page with all layers and heads, on rank 0 alone: the same bytes for any number of ranks. Empty elsewhere. */
  readPage(cache: KvCache, page: number): Uint8Array | Promise<Uint8Array>;
  /** Writes what `readPage` gave into a page; rank 0's bytes count. */
  writePage(cache: KvCache, page: number, bytes: Uint8Array): void;
  /**
   * Attention of this rank's heads, each run over its own sequence, reading keys and values from the cache alone. Where it
   * is not causal it sees positions [0, run.length).
   */
  attention(
    cache: KvCache,
    layer: number,
    query: Slice,
    out: Slice,
    options: AttentionOptions,
    runs: readonly Run[],
  ): void;
  /** Copies one state over another, in all layers. */
  copyState(state: DeltaState, from: number, to: number): void;
  /** A state and its way back: as of pages. */
  readState(state: DeltaState, slot: number): Uint8Array | Promise<Uint8Array>;
  writeState(state: DeltaState, slot: number, bytes: Uint8Array): void;
  /**
   * Gated delta net (arXiv:2412.06464): convolutions and silu, l2-normalised keys and queries (eps 1e-6, queries times
   * keyDim^-0.5), then token by token S = decay S + beta (v - S k) k^T and out = S q. A run starts from nothing at
   * position 0, else from the state that the token before its position left.
   */
  gatedDelta(state: DeltaState, layer: number, inputs: DeltaInputs, out: Slice, runs: readonly Run[]): void;
  /**
   * out = the weighted sum of the answers of each token's chosen experts, added in the order of experts.
   *
   * x       [tokens, hiddenSize]
   * router  [tokens, experts] the router's logits
   */
  experts(x: Activation, router: Slice, layer: Experts, mixture: Mixture, out: Activation): void;
  /** gate = activation(gate) * up, or activation(gate) where there is no up, in place. limit: see ActivationKind. */
  activate(kind: ActivationKind, gate: Slice, up: Slice | undefined, limit: number): void;
  /** x = x * sigmoid(gate); gate may be one column that multiplies a whole row. */
  sigmoidMul(x: Activation | Slice, gate: Activation | Slice): void;
  /** x = min(max(x, -limit), limit) */
  clip(x: Activation | Slice, limit: number): void;
  /** x = x * factor, or row by row its factors. */
  scale(x: Activation | Slice, factor: number | Float32Array): void;
  /** x += factor * y */
  add(x: Activation, y: Activation, factor: number): void;
  /** out[i] = x[rows[i]] */
  takeRows(x: Activation, rows: Int32Array, out: Activation): void;
  /** out[rows[i]] = x[i] */
  putRows(x: Activation, rows: Int32Array, out: Activation): void;
  /** A copy of the values, [tokens, width]. */
  read(x: Activation): Float32Array | Promise<Float32Array>;
  /** Makes rows whole on rank 0 alone: a view [tokens, width] there, valid until the next call; empty elsewhere. */
  collect(x: Slice): Float32Array | Promise<Float32Array>;
  /** A view of this rank's columns of a row, valid until the next call. */
  columns(x: Slice, row: number): Float32Array;
  /**
   * Of a device of one rank that reads little back: the `count` largest values of each row, NaN and plus infinity before all, of
   * equal ones those of the lowest columns.
   *
   * factors  [tokens], for `mass`; 0: it is not wanted
   */
  largest?(x: Slice, count: number, factors: Float32Array): Promise<Largest[]>;
  /** Called between steps: begins what has been enqueued and nobody has waited for, and answers when it is done. */
  settle?(): Promise<void>;
  /** True when the caller has asked to stop; the answer is the same on all ranks. Costs no extra barrier. */
  stopRequested(): boolean;
}
