// LoRA, rsLoRA and DoRA beside a product: what they add, and their gradients.
import { BaimoError } from "../../../errors.ts";
import type { Machine } from "../machine.ts";
import type { Operation } from "../operation.ts";
import { rowAt } from "../products.ts";
import type { Tape } from "../tape.ts";
import type { TrainedMatrix, Value, Weights } from "../value.ts";

/** Matrices A [rank, inputs] and B [outputs, rank] that learn; DoRA's magnitude [outputs]. */
export interface LowRankWeights {
  readonly rank: number;
  readonly down: Weights;
  readonly up: Weights;
  readonly magnitude?: Weights;
}

export interface LowRankOperation extends Operation {
  readonly output: Value;
}

/** A rank's room for a row of the sum, and of packed weights for the row before it. */
const roomsOf = (machine: Machine, { cols, packed }: TrainedMatrix) => [
  machine.ownRoom("dora", 4 * cols),
  packed ? machine.ownRoom("dora base", 4 * cols) : 0,
];

/**
 * out = y + factor B (A x); with a magnitude m it is m / |W + factor B A| times that, row by row (DoRA,
 * arXiv:2402.09353), the norm a constant in the backward pass.
 */
export function createLowRank(
  tape: Tape,
  x: Value,
  y: Value,
  base: TrainedMatrix,
  { rank, down, up, magnitude }: LowRankWeights,
  factor: number,
): LowRankOperation {
  const { machine } = tape;
  const { kernels } = machine;
  const { rows: outputs, cols: inputs } = base;
  if (magnitude && base.bias)
    throw new BaimoError("config", "DoRA beside a product with a bias is not trained here; use lora");
  const learns = x.learns || y.learns || down.gradient !== 0;
  const output = tape.value(outputs, learns);
  /** factor A x */
  const inner = tape.value(rank, learns);
  const dInner = tape.value(rank, learns);
  /** Without its magnitudes, and its gradient. */
  const plain = magnitude && tape.value(outputs, learns);
  const dPlain = magnitude && tape.value(outputs, false);
  const norms = magnitude && machine.allocate(4 * outputs);
  const sum = plain ?? output;

  /** The lengths of the rows of W + factor B A. */
  const measure = () => {
    if (norms === undefined) return;
    const [from, to] = machine.share(outputs);
    const [row, baseRow] = roomsOf(machine, base);
    for (let o = from; o < to; o++) {
      const a = { address: up.address + 4 * o * rank, stride: rank };
      const b = { address: down.address, stride: inputs, byColumns: true };
      machine.multiplyAlone(a, b, [1, inputs, rank], { address: row, stride: inputs }, false);
      kernels.combine(rowAt(machine, base, o, baseRow), row, 1, factor, row, inputs);
      machine.f32[norms / 4 + o] = Math.sqrt(kernels.sum_of_squares(row, inputs));
    }
  };
  // Written with the tape, since what a rank has for itself is allocated before the plan.
  if (magnitude) roomsOf(machine, base);

  return {
    name: "lowRank",
    reads: [x, y],
    writes: [output],
    keeps: [x],
    between: plain ? [inner, plain] : [inner],
    behind: dPlain ? [dInner, dPlain] : [dInner],
    inPlace: magnitude ? undefined : { from: y, to: output },
    passes: magnitude ? undefined : { from: y, to: output },
    output,
    forward() {
      const { rows } = x;
      const from = { address: x.address, stride: inputs };
      const to = { address: inner.address, stride: rank };
      machine.multiply(from, { address: down.address, stride: inputs }, [rows, rank, inputs], to, false);
      measure();
      machine.barrier();
      const [first, last] = machine.share(rows * rank, 4);
      kernels.scale(inner.address + 4 * first, factor, last - first);
      const [start, end] = machine.share(rows * outputs, 16);
      if (y.address !== sum.address)
        machine.f32.copyWithin(sum.address / 4 + start, y.address / 4 + start, y.address / 4 + end);
      machine.barrier();
      const into = { address: sum.address, stride: outputs };
      machine.multiply(to, { address: up.address, stride: rank }, [rows, outputs, rank], into, true);
      if (!plain || !magnitude || norms === undefined) return;
      machine.barrier();
      const { f32 } = machine;
      for (let i = start; i < end; i++) {
        const o = i % outputs;
        f32[output.address / 4 + i] =
          f32[plain.address / 4 + i] * (f32[magnitude.address / 4 + o] / f32[norms / 4 + o]);
      }
    },
    backward() {
      const { rows } = x;
      const { f32 } = machine;
      let gradient = output.gradient;
      if (plain && dPlain && magnitude && norms !== undefined) {
        gradient = dPlain.address;
        const [first, last] = machine.share(outputs);
        for (let o = first; o < last; o++) {
          const factorOfRow = f32[magnitude.address / 4 + o] / f32[norms / 4 + o];
          let ofMagnitude = 0;
          for (let t = 0; t < rows; t++) {
            const i = t * outputs + o;
            const d = f32[output.gradient / 4 + i];
            ofMagnitude += d * f32[plain.address / 4 + i];
            f32[gradient / 4 + i] = d * factorOfRow;
          }
          f32[magnitude.gradient / 4 + o] += ofMagnitude / f32[norms / 4 + o];
        }
        machine.barrier();
      }
      const upstream = { address: gradient, stride: outputs };
      const to = { address: dInner.address, stride: rank };
      const byUp = { address: up.address, stride: rank, byColumns: true };
      machine.multiply(upstream, byUp, [rows, rank, outputs], to, false);
      const ofOutputs = { address: gradient, stride: outputs, byColumns: true };
      const ofInner = { address: inner.address, stride: rank, byColumns: true };
      const dUp = { address: up.gradient, stride: rank };
      machine.multiply(ofOutputs, ofInner, [outputs, rank, rows], dUp, true);
      machine.barrier();
      const [first, last] = machine.share(rows * rank, 4);
      kernels.scale(dInner.address + 4 * first, factor, last - first);
      machine.barrier();
      const ofX = { address: x.address, stride: inputs, byColumns: true };
      const dDown = { address: down.gradient, stride: inputs };
      machine.multiply({ ...to, byColumns: true }, ofX, [rank, inputs, rows], dDown, true);
      if (x.learns) {
        const byDown = { address: down.address, stride: inputs, byColumns: true };
        const dx = { address: x.gradient, stride: inputs };
        machine.multiply(to, byDown, [rows, inputs, rank], dx, x.addsNext());
      }
      if (y.learns) {
        const adds = y.addsNext();
        if (y.gradient === gradient) return;
        const [start, end] = machine.share(rows * outputs, 16);
        if (adds) kernels.add(y.gradient + 4 * start, gradient + 4 * start, end - start);
        else f32.copyWithin(y.gradient / 4 + start, gradient / 4 + start, gradient / 4 + end);
      }
    },
  };
}
