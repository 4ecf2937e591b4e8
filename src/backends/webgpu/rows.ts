// Activations and weight vectors on a GPU.
import { strideOf } from "../../kernels/module/wgsl.ts";
import type { Activation, Slice, Vector } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import type { Area, Gpu } from "./gpu.ts";

/** Activations f32 [tokens, stride], whole; what lies between width and stride is zero. */
export class Rows implements Activation, Slice {
  tokens = 0;
  readonly width: number;
  readonly stride: number;
  readonly area: Area;

  constructor(gpu: Gpu, width: number, tokens: number) {
    this.width = width;
    this.stride = strideOf(width);
    this.area = gpu.allocate(this.stride * tokens * 4);
  }
  get partition(): Partition {
    return [0, this.width];
  }
  /** Values of so many rows, with what lies between them. */
  valuesOf(tokens: number): number {
    return tokens * this.stride;
  }
}

/** Every handle of activations that comes in was made by `allocate` or `allocateSlice`. */
export const rowsOf = (x: Activation | Slice): Rows => x as Rows;

/** A weight vector: where it begins among all of them. */
export interface GpuVector extends Vector {
  readonly at: number;
}

/** Every vector that comes in was made by `loadVector`. */
export const vectorAt = (vector: Vector): number => (vector as GpuVector).at;

/** All weight vectors of a model in one buffer. */
export class Vectors {
  readonly #gpu: Gpu;
  #values = new Float32Array(1024);
  #end = 0;
  #area: Area | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }
  add(values: Float32Array): GpuVector {
    const at = this.#end;
    this.#end += values.length;
    if (this.#end > this.#values.length) {
      const grown = new Float32Array(2 * this.#end);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values.set(values, at);
    if (this.#area) this.#gpu.freeLater(this.#area);
    this.#area = undefined;
    return { at, length: values.length };
  }
  /** The buffer; it is written when it is first asked for. */
  get area(): Area {
    if (this.#area) return this.#area;
    this.#area = this.#gpu.allocate(this.#end * 4);
    this.#gpu.write(this.#area, 0, this.#values.subarray(0, this.#end));
    return this.#area;
  }
  get bytes(): number {
    return this.#end * 4;
  }
}
