// The KV cache of one rank: where it lies in the first bank, storing, and attention over it.
import { headPageBytes, kernelSuffix, keyDimOf } from "../../kernels/attention/kv-store.ts";
import type { Attention, StoreKv } from "../../kernels/module/module.ts";
import type { AttentionOptions, KvCache, KvCacheShape, Run } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Bank } from "./bank.ts";
import { type Columns, type Rows, vectorOf } from "./rows.ts";
import type { Unit } from "./whole-bytes.ts";

/** One KV head of the cache: per layer the addresses of its pages of keys and of values. */
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
  /** Of one page of one head. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly bytes: number;
  readonly #bank: Bank;
  /** The bank's memory as it is when nothing grows any more. */
  #words = new Int32Array(0);
  /** The page tables of the runs of the last call, one after another. */
  readonly #tables: number;
  #tablesOf: readonly Run[] = [];
  #tableOf: number[] = [];

  constructor(shape: KvCacheShape, rank: number, bank: Bank) {
    const { numHeads, numKvHeads, numLayers, pages } = shape;
    this.shape = shape;
    const type = kernelSuffix(shape.dtype);
    this.storeKeys = bank.kernels[`store_k_${type}`];
    this.storeValues = bank.kernels[`store_v_${type}`];
    this.attention = bank.kernels[`attention_${type}`];
    const group = numHeads / numKvHeads;
    const [from, to] = [shape.heads[rank], shape.heads[rank + 1]];
    const [keyBytes, valueBytes] = headPageBytes(shape.dtype, shape);
    const heads: CachedHead[] = [];
    for (let head = Math.floor(from / group); head * group < to; head++) {
      const firstQuery = Math.max(from, head * group);
      const queries = Math.min(to, (head + 1) * group) - firstQuery;
      const areas = (bytes: number) => Array.from({ length: numLayers }, () => bank.allocate(pages * bytes));
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
    this.bytes = heads.length * numLayers * pages * (keyBytes + valueBytes);
    this.#bank = bank;
    this.#tables = bank.allocate(shape.namedPages * 4);
  }

  get pages(): number {
    return this.shape.pages;
  }

  /** Addresses of the page tables of some runs, which every layer of a pass asks for again. */
  tablesOf(runs: readonly Run[]): readonly number[] {
    if (runs === this.#tablesOf) return this.#tableOf;
    const { buffer } = this.#bank.memory;
    if (this.#words.buffer !== buffer) this.#words = new Int32Array(buffer);
    let end = this.#tables;
    this.#tableOf = runs.map(({ sequence: { pages } }) => {
      const start = end;
      this.#words.set(pages, start / 4);
      end += pages.length * 4;
      return start;
    });
    this.#tablesOf = runs;
    return this.#tableOf;
  }

  /** Copies one page to another, in all layers. */
  copyPage(from: number, to: number): void {
    const copy = (area: number, bytes: number) => {
      const start = area + from * bytes;
      this.#bank.u8.copyWithin(area + to * bytes, start, start + bytes);
    };
    for (const { keys, values } of this.heads) {
      for (const area of keys) copy(area, this.keyBytes);
      for (const area of values) copy(area, this.valueBytes);
    }
  }

  get pageBytes(): number {
    const { numLayers, numKvHeads } = this.shape;
    return numLayers * numKvHeads * (this.keyBytes + this.valueBytes);
  }

  /** A page: [layer][head][keys, then values]. */
  unitsOf(page: number): Unit[] {
    const { numLayers, numKvHeads } = this.shape;
    const { keyBytes, valueBytes } = this;
    return Array.from({ length: numLayers * numKvHeads }, (_, i) => {
      const layer = Math.floor(i / numKvHeads);
      const own = this.heads.find(({ head }) => head === i % numKvHeads);
      const parts = own && [
        { address: own.keys[layer] + page * keyBytes, size: keyBytes, from: 0 },
        { address: own.values[layer] + page * valueBytes, size: valueBytes, from: keyBytes },
      ];
      return { size: keyBytes + valueBytes, parts: parts ?? [] };
    });
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
  cache: WasmCache,
  layer: number,
  keys: Rows,
  values: Rows,
  runs: readonly Run[],
): void {
  const { heads, shape, storeKeys, storeValues } = cache;
  const { valueDim } = shape;
  const keyDim = keyDimOf(shape);
  const tables = cache.tablesOf(runs);
  for (let r = 0; r < runs.length; r++) {
    const { first, rows, position } = runs[r];
    for (let i = 0; i < heads.length; i++) {
      const { head, keys: keyAreas, values: valueAreas } = heads[i];
      const k = keys.address + (first * keys.stride + head * keyDim - keys.first) * 4;
      const v = values.address + (first * values.stride + head * valueDim - values.first) * 4;
      storeKeys(k, keys.stride, rows, keyDim, keyAreas[layer], tables[r], position);
      storeValues(v, values.stride, rows, valueDim, valueAreas[layer], tables[r], position);
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
  const { heads, shape, attention, firstHead } = cache;
  const { headDim, valueDim } = shape;
  const { sinks, slopes, bias, window, scale, softcap } = options;
  const reach = bias ? bias.reach : 0;
  const sinksAt = sinks ? vectorOf(sinks).address : 0;
  const slopesAt = slopes ? vectorOf(slopes).address : 0;
  const biasAt = bias ? vectorOf(bias.table).address : 0;
  const tables = cache.tablesOf(runs);
  for (let r = 0; r < runs.length; r++) {
    const { first, rows, position, length } = runs[r];
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
        shape.valueInKey ? 1 : 0,
        keys[layer],
        values[layer],
        tables[r],
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
