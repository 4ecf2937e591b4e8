// Sums, scales, clips and gates of activations, element by element, and their gradients.
import { sigmoid } from "../../../kernels/ops/activate.ts";
import type { Operation } from "../operation.ts";
import type { Tape } from "../tape.ts";
import type { Value } from "../value.ts";

export interface Pointwise extends Operation {
  readonly output: Value;
}

/** out = x + factor y */
export function createAdd(tape: Tape, x: Value, y: Value, factor: number): Pointwise {
  const { machine } = tape;
  const { kernels } = machine;
  const output = tape.value(x.width, x.learns || y.learns);
  return {
    name: "add",
    reads: [x, y],
    writes: [output],
    keeps: [],
    inPlace: { from: x, to: output },
    passes: { from: x, to: output },
    output,
    forward() {
      const [from, to] = machine.share(x.count, 16);
      kernels.combine(
        x.address + 4 * from,
        y.address + 4 * from,
        1,
        factor,
        output.address + 4 * from,
        to - from,
      );
    },
    backward() {
      if (y.learns) addScaled(tape, y, output, factor);
      if (x.learns) passOn(tape, x, output);
    },
  };
}

/** out = factor x; row by row where `factors` are given. */
export interface Scale extends Pointwise {
  factors: Float32Array | undefined;
}

export function createScale(tape: Tape, x: Value, factor: number): Scale {
  const { machine } = tape;
  const { kernels } = machine;
  const output = tape.value(x.width, x.learns);
  const scale = (address: number, factors: Float32Array | undefined) => {
    if (!factors) {
      const [from, to] = machine.share(x.count, 16);
      return kernels.scale(address + 4 * from, factor, to - from);
    }
    const [from, to] = machine.share(x.rows);
    for (let row = from; row < to; row++) kernels.scale(address + 4 * row * x.width, factors[row], x.width);
  };
  return {
    name: "scale",
    reads: [x],
    writes: [output],
    keeps: [],
    inPlace: { from: x, to: output },
    passes: { from: x, to: output },
    output,
    factors: undefined,
    forward() {
      copyInto(tape, x, output);
      scale(output.address, this.factors);
    },
    backward() {
      scale(output.gradient, this.factors);
      machine.barrier();
      passOn(tape, x, output);
    },
  };
}

/** out = min(max(x, -limit), limit) */
export function createClip(tape: Tape, x: Value, limit: number): Pointwise {
  const { machine } = tape;
  const output = tape.value(x.width, x.learns);
  return {
    name: "clip",
    reads: [x],
    writes: [output],
    keeps: [x],
    passes: { from: x, to: output },
    output,
    forward() {
      const [from, to] = machine.share(x.count, 16);
      copyInto(tape, x, output);
      machine.kernels.clip(output.address + 4 * from, limit, to - from);
    },
    backward() {
      const { f32 } = machine;
      const [from, to] = machine.share(x.count, 16);
      for (let i = from; i < to; i++) {
        if (Math.abs(f32[x.address / 4 + i]) > limit) f32[output.gradient / 4 + i] = 0;
      }
      passOn(tape, x, output);
    },
  };
}

/** out = x sigmoid(gate); a gate of one column multiplies whole rows. */
export function createSigmoidMul(tape: Tape, x: Value, gate: Value): Pointwise {
  const { machine } = tape;
  const output = tape.value(x.width, x.learns || gate.learns);
  const one = gate.width === 1;
  return {
    name: "sigmoidMul",
    reads: [x, gate],
    writes: [output],
    keeps: [x, gate],
    output,
    forward() {
      const [from, to] = machine.share(x.rows);
      const skip = 4 * from * x.width;
      machine.f32.copyWithin(
        (output.address + skip) / 4,
        (x.address + skip) / 4,
        x.address / 4 + to * x.width,
      );
      machine.kernels.sigmoid_mul(
        output.address + skip,
        x.width,
        gate.address + 4 * from * gate.width,
        gate.width,
        gate.width,
        to - from,
        x.width,
      );
    },
    backward() {
      const { f32 } = machine;
      const [from, to] = machine.share(x.rows);
      const [addX, addGate] = [x.learns && x.addsNext(), gate.learns && gate.addsNext()];
      for (let row = from; row < to; row++) {
        let sum = 0;
        for (let c = 0; c < x.width; c++) {
          const i = row * x.width + c;
          const g = one ? row : i;
          const s = sigmoid(f32[gate.address / 4 + g]);
          const d = f32[output.gradient / 4 + i];
          if (x.learns) f32[x.gradient / 4 + i] = (addX ? f32[x.gradient / 4 + i] : 0) + d * s;
          const ofGate = d * f32[x.address / 4 + i] * s * (1 - s);
          if (one) sum += ofGate;
          else if (gate.learns)
            f32[gate.gradient / 4 + g] = (addGate ? f32[gate.gradient / 4 + g] : 0) + ofGate;
        }
        if (one && gate.learns) {
          f32[gate.gradient / 4 + row] = (addGate ? f32[gate.gradient / 4 + row] : 0) + sum;
        }
      }
    },
  };
}

/** Copies this rank's share, where the two do not share room. */
export function copyInto({ machine }: Tape, from: Value, to: Value): void {
  if (from.address === to.address) return;
  const [first, last] = machine.share(from.count, 16);
  machine.f32.copyWithin(to.address / 4 + first, from.address / 4 + first, from.address / 4 + last);
}

/** The gradient of `to` becomes that of `from`, or is added to it: this rank's share. */
export function passOn({ machine }: Tape, from: Value, to: Value): void {
  if (!from.learns) return;
  const adds = from.addsNext();
  if (from.gradient === to.gradient) return;
  const [first, last] = machine.share(from.count, 16);
  if (adds) machine.kernels.add(from.gradient + 4 * first, to.gradient + 4 * first, last - first);
  else machine.f32.copyWithin(from.gradient / 4 + first, to.gradient / 4 + first, to.gradient / 4 + last);
}

/** The gradient of `from` is, or grows by, factor times that of `to`: this rank's share. */
function addScaled({ machine }: Tape, from: Value, to: Value, factor: number): void {
  const [first, last] = machine.share(from.count, 16);
  const [target, source] = [from.gradient + 4 * first, to.gradient + 4 * first];
  if (from.addsNext()) machine.kernels.scale_add(target, source, factor, last - first);
  else machine.kernels.combine(source, source, factor, 0, target, last - first);
}
