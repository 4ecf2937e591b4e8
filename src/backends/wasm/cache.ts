// The KV cache of one rank: where it lies in the first bank, storing, and attention over it.
import { areaBytes, kernelSuffix } from "../../kernels/attention/kv-store.ts";
import type { Attention, StoreKv } from "../../kernels/module/module.ts";
import type { AttentionOptions, KvCache, KvCacheShape, Run } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bank } from "./bank.ts";
import { type Columns, type Rows, vectorOf } from "./rows.ts";

/** One KV head of the cache: per layer the areas of keys and of values, one sequence after another. */
interface CachedHead {
  head: number;
  /** This rank's first query head that reads it, counted within the rank's own, and how many do. */
  firstQuery: number;
  queries: number;
  keys: readonly number[];
  values: readonly number[];
}

export class WasmCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly storeKeys: StoreKv;
  readonly storeValues: StoreKv;
  readonly attention: Attention;
  readonly heads: readonly CachedHead[];
  /** This rank's first query head. */
  readonly firstHead: number;
  /** Of one sequence's area. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly bytes: number;

  constructor(shape: KvCacheShape, rank: number, bank: Bank) {
    const { numHeads, numKvHeads, headDim, valueDim, numLayers, contextLength, sequences } = shape;
    this.shape = shape;
    const type = kernelSuffix(shape.dtype);
    this.storeKeys = bank.kernels[`store_k_${type}`];
    this.storeValues = bank.kernels[`store_v_${type}`];
    this.attention = bank.kernels[`attention_${type}`];
    const group = numHeads / numKvHeads;
    const [from, to] = [shape.heads[rank], shape.heads[rank + 1]];
    const [keyBytes, valueBytes] = areaBytes(shape.dtype, contextLength, { headDim, valueDim });
    const heads: CachedHead[] = [];
    for (let head = Math.floor(from / group); head * group < to; head++) {
      const firstQuery = Math.max(from, head * group);
      const queries = Math.min(to, (head + 1) * group) - firstQuery;
      const areas = (bytes: number) =>
        Array.from({ length: numLayers }, () => bank.allocate(sequences * bytes));
      heads.push({
        head,
        firstQuery: firstQuery - from,
        queries,
        keys: areas(keyBytes),
        values: areas(valueBytes),
      });
    }
    this.heads = heads;
    this.firstHead = from;
    this.keyBytes = keyBytes;
    this.valueBytes = valueBytes;
    this.bytes = heads.length * numLayers * sequences * (keyBytes + valueBytes);
  }

  get contextLength(): number {
    return this.shape.contextLength;
  }

  /** Whether every rank that has these columns of keys or values has the heads that it reads. */
  isCutAlike(columns: Partition): boolean {
    const { numHeads, numKvHeads, heads } = this.shape;
    const ranks = heads.length - 1;
    const [group, dim] = [numHeads / numKvHeads, columns[ranks] / numKvHeads];
    for (let rank = 0; rank < ranks; rank++) {
      if (columns[rank] > Math.floor(heads[rank] / group) * dim) return false;
      if (columns[rank + 1] < Math.ceil(heads[rank + 1] / group) * dim) return false;
    }
    return true;
  }
}

/** Writes the keys and values of the heads that this rank reads. */
export function storeKeysValues(
  { heads, shape, keyBytes, valueBytes, storeKeys, storeValues }: WasmCache,
  layer: number,
  keys: Rows,
  values: Rows,
  runs: readonly Run[],
): void {
  const { headDim, valueDim } = shape;
  for (let r = 0; r < runs.length; r++) {
    const { first, rows, position, sequence } = runs[r];
    for (let i = 0; i < heads.length; i++) {
      const { head, keys: keyAreas, values: valueAreas } = heads[i];
      const k = keys.address + (first * keys.stride + head * headDim - keys.first) * 4;
      const v = values.address + (first * values.stride + head * valueDim - values.first) * 4;
      storeKeys(k, keys.stride, rows, headDim, keyAreas[layer] + sequence.slot * keyBytes, position);
      storeValues(v, values.stride, rows, valueDim, valueAreas[layer] + sequence.slot * valueBytes, position);
    }
  }
}

/** One call of attention. */
export interface AttentionCall {
  readonly cache: WasmCache;
  readonly layer: number;
  readonly query: Columns;
  readonly out: Columns;
  readonly options: AttentionOptions;
  readonly runs: readonly Run[];
  readonly scratch: number;
}

/** Attention of this rank's query heads. */
export function attend({ cache, layer, query, out, options, runs, scratch }: AttentionCall): void {
  const { heads, shape, attention, firstHead, keyBytes, valueBytes } = cache;
  const { headDim, valueDim } = shape;
  const { sinks, slopes, bias, window, scale, softcap } = options;
  const reach = bias ? bias.reach : 0;
  const sinksAt = sinks ? vectorOf(sinks).address : 0;
  const slopesAt = slopes ? vectorOf(slopes).address : 0;
  const biasAt = bias ? vectorOf(bias.table).address : 0;
  for (let r = 0; r < runs.length; r++) {
    const { first, rows, position, length, sequence } = runs[r];
    for (let i = 0; i < heads.length; i++) {
      const { firstQuery, queries, keys, values } = heads[i];
      const head = firstHead + firstQuery;
      attention(
        query.address + (first * query.stride + firstQuery * headDim) * 4,
        query.stride,
        rows,
        queries,
        headDim,
        valueDim,
        keys[layer] + sequence.slot * keyBytes,
        values[layer] + sequence.slot * valueBytes,
        position,
        options.causal ? 0 : length,
        window,
        scale,
        softcap,
        sinks ? sinksAt + head * 4 : 0,
        slopes ? slopesAt + head * 4 : 0,
        bias ? biasAt + head * (2 * reach + 1) * 4 : 0,
        reach,
        out.address + (first * out.stride + firstQuery * valueDim) * 4,
        out.stride,
        scratch,
      );
    }
  }
}
