// The Backend contract: the operations that the forward pass is made of, over handles that only the backend can open.
import type { DType } from "./dtype.ts";
import type { Partition } from "./partition.ts";

/** Where the rows of a weight matrix come from. Reading stays in the file's own form until the backend packs it. */
export interface MatrixSource {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** Added to the product, one value a row. */
  readonly bias?: VectorSource;
  /** Fills `target` with rows [firstRow, firstRow + rows) in file form. */
  read(firstRow: number, rows: number, target: Uint8Array): void | Promise<void>;
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

/** Keys and values of one sequence, the heads that this rank reads. */
export interface KvCache {
  readonly contextLength: number;
  /** Bytes that this rank holds. */
  readonly bytes: number;
}

/** What a KV cache must hold. */
export interface KvCacheShape {
  numLayers: number;
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  contextLength: number;
  /** Storage type of keys and values. */
  dtype: "F32" | "F16";
  /** Query heads of each rank; a rank keeps the KV heads that they read. */
  heads: Partition;
}

/**
 * Every rank runs the same forward pass over the same calls; a rank computes its own rows of each product and `gather`
 * makes them whole. All operations work on the first `tokens` rows and are finished when they return.
 */
export interface Backend {
  readonly rank: number;
  readonly ranks: number;
  /** Most tokens that one call can hold. */
  readonly maxTokens: number;

  /** Loads this rank's rows. @throws {BaimoError} `memory` when they do not fit, `shape` on impossible sizes */
  loadMatrix(source: MatrixSource, partition: Partition): Promise<Matrix>;
  loadVector(source: VectorSource): Promise<Vector>;
  /** Activations with room for maxTokens rows, or `tokens`. */
  allocate(width: number, tokens?: number): Activation;
  allocateSlice(partition: Partition, tokens?: number): Slice;
  allocateCache(shape: KvCacheShape): KvCache;
  /** Called once, after the last load or allocation and before the first operation. */
  finishLoading(): void;

  /** out[t] = row tokens[t] of the table. */
  embed(table: Matrix, tokens: Int32Array, out: Activation): void;
  /** out = x / rms(x) * weight (arXiv:1910.07467), each row; x and out may be the same. */
  rmsNorm(x: Activation, weight: Vector, eps: number, out: Activation): void;
  /** The same over each head of `weight.length` values, in place. */
  headNorm(x: Activation | Slice, weight: Vector, eps: number): void;
  /** y = x W^T (+ bias), this rank's rows of each matrix; x is prepared once for all. */
  linear(x: Activation, ...products: readonly (readonly [weight: Matrix, y: Slice])[]): void;
  /** Makes a slice whole on every rank. The result is overwritten by the next gather of the same slice. */
  gather(x: Slice): Activation;
  /** cos and sin for the next tokens: [tokens, pairs] each. Used by `rope` until set again. */
  setAngles(cos: Float32Array, sin: Float32Array, pairs: number): void;
  /** Rotates pairs i, i + pairs of each head by the angles set (RoPE, arXiv:2104.09864), in place. */
  rope(x: Activation | Slice, headDim: number): void;
  /** Writes the keys and values of tokens at `position`, `position` + 1, … of one layer. */
  storeKeysValues(
    cache: KvCache,
    layer: number,
    keys: Activation,
    values: Activation,
    position: number,
  ): void;
  /**
   * Causal attention of this rank's heads, reading keys and values from the cache alone. Query t stands at
   * position + t and sees the last `window` positions up to its own, or all when window is 0.
   */
  attention(cache: KvCache, layer: number, query: Slice, out: Slice, position: number, window: number): void;
  /** gate = silu(gate) * up, in place. */
  siluMul(gate: Slice, up: Slice): void;
  /** x += y */
  add(x: Activation, y: Activation): void;
  /** out[i] = x[rows[i]] */
  takeRows(x: Activation, rows: Int32Array, out: Activation): void;
  /** out = 0, with as many rows as `like`. */
  clear(out: Activation, like: Activation): void;
  /** out[rows[i]] += weights[i] * y[i] */
  addRows(out: Activation, y: Activation, rows: Int32Array, weights: Float32Array): void;
  /** A copy of the values, [tokens, width]. */
  read(x: Activation): Float32Array;
  /** Makes rows whole on rank 0 alone: a view [tokens, width] there, valid until the next call; empty elsewhere. */
  collect(x: Slice): Float32Array;
  /** True when the caller has asked to stop; the answer is the same on all ranks. Costs no extra barrier. */
  stopRequested(): boolean;
}
