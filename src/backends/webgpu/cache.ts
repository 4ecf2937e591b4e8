// The KV cache on a GPU: a buffer of keys and one of values a layer, pages in and out.
import { keyDimOf } from "../../kernels/attention/kv-store.ts";
import { headPageWords } from "../../kernels/attention/kv-store.wgsl.ts";
import type { KvCache, KvCacheShape } from "../../tensor/backend.ts";
import type { Area, AreaPart, Gpu } from "./gpu.ts";

/** Keys and values of a layer. */
interface Layer {
  readonly keys: Area;
  readonly values: Area;
}

/** Bytes of a page's keys in one layer, and of its values. */
export function layerPageBytes(shape: KvCacheShape): [keys: number, values: number] {
  const { dtype, numKvHeads, valueDim } = shape;
  const bytes = (dim: number) => numKvHeads * headPageWords(dtype, dim) * 4;
  return [bytes(keyDimOf(shape)), bytes(valueDim)];
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
  /** [layer][keys, then values] of a page: where its parts lie. */
  #partsOf(page: number): AreaPart[] {
    const [keyBytes, valueBytes] = layerPageBytes(this.shape);
    return this.layers.flatMap(({ keys, values }) => [
      { area: keys, at: page * keyBytes, bytes: keyBytes },
      { area: values, at: page * valueBytes, bytes: valueBytes },
    ]);
  }
  copyPage(from: number, to: number): void {
    this.#gpu.copyParts(this.#partsOf(from), this.#partsOf(to), this.#between);
  }
  async readPage(page: number): Promise<Uint8Array> {
    return new Uint8Array(await this.#gpu.read(this.#partsOf(page)));
  }
  writePage(page: number, bytes: Uint8Array): void {
    this.#gpu.overwrite(this.#partsOf(page), bytes);
  }
}
