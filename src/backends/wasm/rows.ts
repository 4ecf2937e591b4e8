// Activations and weight vectors in the first bank: their addresses and sizes.
import { GROUP } from "../../kernels/module/module.ts";
import type { Activation, Slice, Vector } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";

/** Floats from one row to the next: the width in whole row groups. */
export const strideOf = (width: number) => Math.ceil(width / GROUP) * GROUP;

/** Views of one place in arrays that come again and again, made once for each: the memory, the halves of the bus. */
class Views {
  readonly #start: number;
  readonly #length: number;
  #last: Float32Array;
  #lastOf: Float32Array | undefined;
  #other: Float32Array;
  #otherOf: Float32Array | undefined;

  constructor(start: number, length: number) {
    this.#start = start;
    this.#length = length;
    this.#last = this.#other = new Float32Array(0);
  }

  of(array: Float32Array): Float32Array {
    if (this.#lastOf === array) return this.#last;
    const view =
      this.#otherOf === array ? this.#other : array.subarray(this.#start, this.#start + this.#length);
    this.#other = this.#last;
    this.#otherOf = this.#lastOf;
    this.#last = view;
    this.#lastOf = array;
    return view;
  }
}

/** f32 rows. */
export class Rows implements Activation {
  tokens = 0;
  readonly width: number;
  readonly stride: number;
  readonly address: number;
  /** The first of a slice's columns among all. */
  readonly first: number;
  /** The first row in the memory. */
  readonly row: Views;
  /** The first row in a half of the bus. */
  readonly incoming: Views;

  constructor(width: number, address: number, first = 0) {
    this.width = width;
    this.stride = strideOf(width);
    this.address = address;
    this.first = first;
    this.row = new Views(address / 4, width);
    this.incoming = new Views(0, width);
  }
}

/** This rank's columns, and the room in which `gather` makes them whole. */
export class Columns extends Rows implements Slice {
  readonly partition: Partition;
  readonly whole: Rows;

  constructor(partition: Partition, rank: number, address: number, whole: Rows | undefined) {
    super(partition[rank + 1] - partition[rank], address, partition[rank]);
    this.partition = partition;
    this.whole = whole ?? this;
  }
}

export class WasmVector implements Vector {
  readonly length: number;
  readonly address: number;
  constructor(length: number, address: number) {
    this.length = length;
    this.address = address;
  }
}

// Every handle that comes in was made by this backend, so each is of the class that its opener names.
export const rowsOf = (handle: Activation | Slice) => handle as Rows;
export const columnsOf = (handle: Slice) => handle as Columns;
export const vectorOf = (handle: Vector) => handle as WasmVector;
