// Rows of a table: looked up, and their gradients added up.
import type { Operation } from "../operation.ts";
import { rowAt } from "../products.ts";
import type { Tape } from "../tape.ts";
import type { TrainedMatrix, Value } from "../value.ts";

export interface Embedding extends Operation {
  readonly output: Value;
  /** The rows that this pass looks up. */
  ids: Int32Array;
}

/** out[t] = table[ids[t]] */
export function createEmbedding(tape: Tape, table: TrainedMatrix): Embedding {
  const { machine } = tape;
  const output = tape.value(table.cols, table.learns);
  const { cols } = table;
  return {
    name: "embed",
    reads: [],
    writes: [output],
    keeps: [],
    output,
    ids: new Int32Array(0),
    forward() {
      const { f32 } = machine;
      const [from, to] = machine.share(this.ids.length);
      for (let t = from; t < to; t++) {
        const to = output.address + 4 * t * cols;
        const row = rowAt(machine, table, this.ids[t], to) / 4;
        if (!table.packed) f32.copyWithin(to / 4, row, row + cols);
      }
    },
    backward() {
      if (table.gradient === 0) return;
      const [from, to] = machine.share(cols, 4);
      if (from >= to) return;
      for (let t = 0; t < this.ids.length; t++) {
        const row = table.gradient + 4 * (this.ids[t] * cols + from);
        machine.kernels.add(row, output.gradient + 4 * (t * cols + from), to - from);
      }
    },
  };
}
