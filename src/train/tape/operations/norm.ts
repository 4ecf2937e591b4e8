// Norms of rows or of heads, and the gradients of what they normalise and of their weights.
import type { Norm } from "../../../tensor/backend.ts";
import type { Operation } from "../operation.ts";
import type { Tape } from "../tape.ts";
import { type Value, vectorOf } from "../value.ts";

export interface NormOperation extends Operation {
  readonly output: Value;
}

/** y = norm(x) over each part of `size` values; the weight has `size` values, or one for each of a row. */
export function createNorm(tape: Tape, x: Value, norm: Norm, size: number): NormOperation {
  const { machine } = tape;
  const { width } = x;
  const heads = width / size;
  const [weight, bias] = [norm.weight && vectorOf(norm.weight), norm.bias && vectorOf(norm.bias)];
  const period = (weight ?? bias)?.length === width ? heads : 1;
  const gradients = [weight?.gradient ?? 0, bias?.gradient ?? 0] as const;
  const learns = x.learns || gradients.some((address) => address !== 0);
  const output = tape.value(width, learns);
  const stats = tape.value(2 * heads, false);
  const spare = tape.value(width, false);
  const layer = norm.kind === "layer" ? 1 : 0;
  return {
    name: "norm",
    reads: [x],
    writes: [output],
    keeps: [x],
    behind: learns ? [stats, ...(x.learns ? [] : [spare])] : [],
    output,
    forward() {
      const [from, to] = machine.share(x.rows);
      // Heads with one weight are rows; with a weight each, every head is a matrix of its own.
      const [parts, step] = period === heads ? [heads, width] : [1, size];
      const rows = period === heads ? to - from : (to - from) * heads;
      for (let part = 0; part < parts; part++) {
        const skip = 4 * (from * width + part * size);
        machine.kernels.norm(
          x.address + skip,
          step,
          rows,
          size,
          layer,
          norm.eps,
          weight ? weight.effective + 4 * part * size : 0,
          bias ? bias.address + 4 * part * size : 0,
          output.address + skip,
          step,
        );
      }
    },
    backward() {
      const { kernels } = machine;
      const [from, to] = machine.share(x.rows);
      const skip = 4 * from * width;
      // Where x learns nothing, only the statistics are wanted; what else is written goes where nobody looks.
      const into = x.learns ? x.gradient + skip : spare.address + skip;
      const add = x.learns && x.addsNext() ? 1 : 0;
      kernels.norm_backward(
        x.address + skip,
        output.gradient + skip,
        (to - from) * heads,
        size,
        layer,
        norm.eps,
        weight?.effective ?? 0,
        period,
        from * heads,
        into,
        add,
        stats.address + 8 * from * heads,
      );
      if (gradients.every((address) => address === 0)) return;
      machine.barrier();
      const [first, last] = machine.share(period * size, 4);
      kernels.norm_weights_backward(
        x.address,
        output.gradient,
        stats.address,
        x.rows * heads,
        size,
        period,
        first,
        last,
        ...gradients,
      );
    },
  };
}
