// The product with a weight matrix, and the gradients of input, weights and bias.
import type { Operation } from "../operation.ts";
import { multiplyColumns, multiplyRows } from "../products.ts";
import type { Tape } from "../tape.ts";
import type { TrainedMatrix, Value } from "../value.ts";

export interface Linear extends Operation {
  readonly output: Value;
}

/** y = x W^T (+ bias) */
export function createLinear(tape: Tape, x: Value, weight: TrainedMatrix): Linear {
  const { machine } = tape;
  const { rows: outputs, cols: inputs, bias } = weight;
  const output = tape.value(outputs, x.learns || weight.learns);
  return {
    name: "linear",
    reads: [x],
    writes: [output],
    keeps: weight.gradient === 0 ? [] : [x],
    output,
    forward() {
      const from = { address: x.address, stride: inputs };
      const to = { address: output.address, stride: outputs };
      multiplyRows(machine, from, weight, { rows: x.rows, y: to });
      if (!bias) return;
      if (weight.packed) machine.barrier();
      const { row, rows, column, columns } = machine.cut(x.rows, outputs);
      const address = output.address + 4 * (row * outputs + column);
      machine.kernels.add_rows(address, outputs, rows, columns, bias.address + 4 * column);
    },
    backward() {
      const upstream = { address: output.gradient, stride: outputs };
      if (x.learns) {
        const to = { address: x.gradient, stride: inputs };
        multiplyColumns(machine, upstream, weight, { rows: x.rows, x: to, add: x.addsNext() });
      }
      if (weight.gradient !== 0) {
        const of = { ...upstream, byColumns: true };
        const from = { address: x.address, stride: inputs, byColumns: true };
        const to = { address: weight.gradient, stride: inputs };
        machine.multiply(of, from, [outputs, inputs, x.rows], to, true);
      }
      if (bias && bias.gradient !== 0) {
        const [from, to] = machine.share(outputs, 4);
        const start = output.gradient + 4 * from;
        machine.kernels.add_columns(start, outputs, x.rows, to - from, bias.gradient + 4 * from);
      }
    },
  };
}
