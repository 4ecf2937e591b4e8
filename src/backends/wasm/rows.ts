// Activations and weight vectors in the first bank: their addresses and sizes; leans on the contract.
import type { Activation, Slice, Vector } from "../../tensor/backend.ts";
import type { Partition } from "../../tensor/partition.ts";
import { GROUP } from "./matrix.ts";

/** Floats from one row to the next: the width in whole row groups. */
export const strideOf = (width: number) => Math.ceil(width / GROUP) * GROUP;

/** f32 rows. */
export class Rows implements Activation {
  tokens = 0;
  readonly width: number;
  readonly stride: number;
  readonly address: number;

  constructor(width: number, address: number) {
    this.width = width;
    this.stride = strideOf(width);
    this.address = address;
  }
}

/** This rank's columns, and the room in which `gather` makes them whole. */
export class Columns extends Rows implements Slice {
  readonly partition: Partition;
  readonly first: number;
  readonly whole: Rows;

  constructor(partition: Partition, rank: number, address: number, whole: Rows | undefined) {
    super(partition[rank + 1] - partition[rank], address);
    this.partition = partition;
    this.first = partition[rank];
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
