// The KV cache on a GPU: a buffer of keys and one of values a layer, pages in and out.
import { foursOf, headPageWords } from "../../kernels/attention/kv-store.wgsl.ts";
import type { KvCache, KvCacheShape } from "../../tensor/backend.ts";
import type { Area, Gpu } from "./gpu.ts";

/** Keys and values of a layer. */
interface Layer {
  readonly keys: Area;
  readonly values: Area;
}

/** Bytes of a page's keys in one layer, and of its values. */
export function layerPageBytes({
  dtype,
  numKvHeads,
  headDim,
  valueDim,
}: KvCacheShape): [keys: number, values: number] {
  return [headDim, valueDim].map((dim) => numKvHeads * headPageWords(dtype, dim) * 4) as [number, number];
}

export class GpuCache implements KvCache {
  readonly shape: KvCacheShape;
  readonly layers: readonly Layer[];
  readonly #gpu: Gpu;
  /** A page on its way to another, since a buffer is not copied to itself. */
  readonly #between: Area;

  constructor(gpu: Gpu, shape: KvCacheShape) {
    this.shape = shape;
    this.#gpu = gpu;
    const [keys, values] = layerPageBytes(shape);
    this.layers = Array.from({ length: shape.numLayers }, () => ({
      keys: gpu.allocate(shape.pages * keys),
      values: gpu.allocate(shape.pages * values),
    }));
    this.#between = gpu.allocate(Math.max(keys, values));
  }
  get pages(): number {
    return this.shape.pages;
  }
  get pageBytes(): number {
    const [keys, values] = layerPageBytes(this.shape);
    return this.shape.numLayers * (keys + values);
  }
  get bytes(): number {
    return this.pages * this.pageBytes;
  }
  /** Fours of a key and of a value. */
  get fours(): number {
    return foursOf(this.shape.headDim) + foursOf(this.shape.valueDim);
  }
  /** [layer][keys, then values] of a page: where its parts lie. */
  #partsOf(page: number): { area: Area; at: number; bytes: number }[] {
    const [keyBytes, valueBytes] = layerPageBytes(this.shape);
    return this.layers.flatMap(({ keys, values }) => [
      { area: keys, at: page * keyBytes, bytes: keyBytes },
      { area: values, at: page * valueBytes, bytes: valueBytes },
    ]);
  }
  copyPage(from: number, to: number): void {
    const targets = this.#partsOf(to);
    for (const [i, { area, at, bytes }] of this.#partsOf(from).entries()) {
      this.#gpu.copy(area, at, this.#between, 0, bytes);
      this.#gpu.copy(this.#between, 0, area, targets[i].at, bytes);
    }
  }
  async readPage(page: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#gpu.read(this.#partsOf(page)));
  }
  writePage(page: number, bytes: Uint8Array): void {
    this.#gpu.submit(); // what is recorded still sees the page as it was
    let from = 0;
    for (const { area, at, bytes: length } of this.#partsOf(page)) {
      this.#gpu.write(area, at, Uint8Array.from(bytes.subarray(from, from + length)));
      from += length;
    }
  }
}
