// The KV cache of one rank: where it lies in the first bank, storing, and attention over it.
import { areaBytes, type CacheType } from "../../kernels/attention/kv-store.ts";
import type { Attention, StoreKv } from "../../kernels/module/module.ts";
import type { AttentionOptions, KvCache, KvCacheShape } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bank } from "./bank.ts";
import { type Columns, type Rows, vectorOf } from "./rows.ts";

/** One KV head of the cache: per layer an area of keys and one of values. */
interface CachedHead {
  head: number;
  /** This rank's first query head that reads it, counted within the rank's own, and how many do. */
  firstQuery: number;
  queries: number;
  keys: readonly number[];
  values: readonly number[];
}

/** What the kernels call the storage types. */
export const cacheTypes = { F32: "f32", F16: "f16", Q8: "q8" } as const satisfies Record<
  KvCacheShape["dtype"],
  CacheType
>;

export class WasmCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly storeKeys: StoreKv;
  readonly storeValues: StoreKv;
  readonly attention: Attention;
  readonly heads: readonly CachedHead[];
  /** This rank's first query head. */
  readonly firstHead: number;
  readonly bytes: number;

  constructor(shape: KvCacheShape, rank: number, bank: Bank) {
    const { numHeads, numKvHeads, headDim, valueDim, numLayers, contextLength } = shape;
    this.shape = shape;
    const type = cacheTypes[shape.dtype];
    this.storeKeys = bank.kernels[`store_k_${type}`];
    this.storeValues = bank.kernels[`store_v_${type}`];
    this.attention = bank.kernels[`attention_${type}`];
    const group = numHeads / numKvHeads;
    const [from, to] = [shape.heads[rank], shape.heads[rank + 1]];
    const [keyBytes, valueBytes] = areaBytes(type, contextLength, { headDim, valueDim });
    const heads: CachedHead[] = [];
    for (let head = Math.floor(from / group); head * group < to; head++) {
      const firstQuery = Math.max(from, head * group);
      const queries = Math.min(to, (head + 1) * group) - firstQuery;
      const areas = (bytes: number) => Array.from({ length: numLayers }, () => bank.allocate(bytes));
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
    this.bytes = heads.length * numLayers * (keyBytes + valueBytes);
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
  { heads, shape, storeKeys, storeValues }: WasmCache,
  layer: number,
  keys: Rows,
  values: Rows,
  position: number,
): void {
  const { headDim, valueDim } = shape;
  for (let i = 0; i < heads.length; i++) {
    const { head, keys: keyAreas, values: valueAreas } = heads[i];
    const k = keys.address + (head * headDim - keys.first) * 4;
    const v = values.address + (head * valueDim - values.first) * 4;
    storeKeys(k, keys.stride, keys.tokens, headDim, keyAreas[layer], position);
    storeValues(v, values.stride, values.tokens, valueDim, valueAreas[layer], position);
  }
}

/** Attention of this rank's query heads. */
export function attend(
  { heads, shape, attention, firstHead }: WasmCache,
  layer: number,
  query: Columns,
  out: Columns,
  options: AttentionOptions,
  span: { position: number; length: number },
  scratch: number,
): void {
  const { headDim, valueDim } = shape;
  const { sinks, slopes, bias, window, scale, softcap } = options;
  const length = options.causal ? 0 : span.length;
  const reach = bias ? bias.reach : 0;
  const sinksAt = sinks ? vectorOf(sinks).address : 0;
  const slopesAt = slopes ? vectorOf(slopes).address : 0;
  const biasAt = bias ? vectorOf(bias.table).address : 0;
  for (let i = 0; i < heads.length; i++) {
    const { firstQuery, queries, keys, values } = heads[i];
    const head = firstHead + firstQuery;
    attention(
      query.address + firstQuery * headDim * 4,
      query.stride,
      query.tokens,
      queries,
      headDim,
      valueDim,
      keys[layer],
      values[layer],
      span.position,
      length,
      window,
      scale,
      softcap,
      sinks ? sinksAt + head * 4 : 0,
      slopes ? slopesAt + head * 4 : 0,
      bias ? biasAt + head * (2 * reach + 1) * 4 : 0,
      reach,
      out.address + firstQuery * valueDim * 4,
      out.stride,
      scratch,
    );
  }
}
