// What a pass computes: values with their gradients, and the handles that the forward pass holds.

import { GROUP, packedBytes, type WeightType } from "../../kernels/module/module.ts";
import type { Activation, Matrix, Slice, Vector } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";

/** Rows [tokens, width] f32 without gaps. An operation writes a value once a pass. */
export class Value {
  readonly width: number;
  /** Rows that there is room for. */
  readonly maxRows: number;
  /** Whether anything that learns lies behind it. */
  readonly learns: boolean;
  rows = 0;
  /** Where the plan has put it, and its gradient; 0: nowhere. */
  address = 0;
  gradient = 0;
  /** Nothing has been added to the gradient in this pass. */
  isFresh = true;

  constructor(width: number, maxRows: number, learns: boolean) {
    this.width = width;
    this.maxRows = maxRows;
    this.learns = learns;
  }

  get bytes(): number {
    return this.width * this.maxRows * 4;
  }

  /** Floats in use. */
  get count(): number {
    return this.rows * this.width;
  }

  /** Whether the next part of the gradient is added to what is there. The caller writes it. */
  addsNext(): boolean {
    const adds = !this.isFresh;
    this.isFresh = false;
    return adds;
  }
}

/** A place in the forward pass: which value stands there changes with every operation that writes it. */
export class Place implements Activation, Slice {
  tokens = 0;
  readonly width: number;
  #value: Value | undefined;

  constructor(width: number) {
    this.width = width;
  }

  get partition(): Partition {
    return [0, this.width];
  }

  get value(): Value {
    if (!this.#value) throw new Error("an activation was read before it was written");
    return this.#value;
  }

  put(value: Value): void {
    this.#value = value;
    this.tokens = value.rows;
  }
}

/** A vector or the rows of a matrix among parameters: gradient 0 where it is frozen. */
export interface Weights {
  readonly address: number;
  readonly gradient: number;
}

/** Rows that stay as their file has them, packed for the kernels of their type. */
export interface PackedRows {
  readonly type: WeightType;
  readonly address: number;
}

/** A weight matrix [rows, cols]: f32, row after row, or frozen in its file's own form. */
export class TrainedMatrix implements Matrix, Weights {
  readonly rows: number;
  readonly cols: number;
  /** Of the first row; 0 where rows are packed. */
  readonly address: number;
  readonly gradient: number;
  readonly bias?: Weights;
  readonly packed?: PackedRows;

  constructor(
    { rows, cols }: { rows: number; cols: number },
    weights: Weights & { readonly packed?: PackedRows },
    bias?: Weights,
  ) {
    this.rows = rows;
    this.cols = cols;
    this.address = weights.address;
    this.gradient = weights.gradient;
    this.packed = weights.packed;
    this.bias = bias;
  }
  get partition(): Partition {
    return [0, this.rows];
  }
  get bytes(): number {
    const { packed, rows, cols } = this;
    return packed ? packedBytes(packed.type, Math.ceil(rows / GROUP), cols) : rows * cols * 4;
  }
  get learns(): boolean {
    return this.gradient !== 0 || (this.bias?.gradient ?? 0) !== 0;
  }
}

/** A weight vector. */
export class TrainedVector implements Vector, Weights {
  readonly length: number;
  readonly address: number;
  readonly gradient: number;
  /** What the forward pass reads, where that is not what is stored: 1 + it. */
  readonly effective: number;

  constructor(length: number, { address, gradient }: Weights, effective = address) {
    this.length = length;
    this.address = address;
    this.gradient = gradient;
    this.effective = effective;
  }
}

// Every handle that comes in was made for the tape, so each is of the class that its opener names.
export const placeOf = (handle: Activation | Slice) => handle as Place;
export const valueAt = (handle: Activation | Slice) => (handle as Place).value;
export const matrixOf = (handle: Matrix) => handle as TrainedMatrix;
export const vectorOf = (handle: Vector) => handle as TrainedVector;
