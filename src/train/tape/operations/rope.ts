// RoPE: the rotation, and the rotation back.
import type { Operation } from "../operation.ts";
import type { Tape } from "../tape.ts";
import type { Value } from "../value.ts";
import { copyInto, passOn } from "./pointwise.ts";

/** Where the angles of a pass lie: [tokens, pairs] each. */
export interface Angles {
  readonly pairs: number;
  readonly cos: number;
  readonly sin: number;
  /** -sin */
  readonly back: number;
}

export interface Rope extends Operation {
  readonly output: Value;
}

/** Rotates pairs i, i + pairs of each head. */
export function createRope(tape: Tape, x: Value, headDim: number, angles: Angles): Rope {
  const { machine } = tape;
  const { width } = x;
  const output = tape.value(width, x.learns);
  const turn = (address: number, sin: number) => {
    const [from, to] = machine.share(x.rows);
    const { cos, pairs } = angles;
    const skip = 4 * from * pairs;
    const start = address + 4 * from * width;
    machine.kernels.rope(
      start,
      width,
      to - from,
      width / headDim,
      headDim,
      2 * pairs,
      cos + skip,
      sin + skip,
    );
  };
  return {
    name: "rope",
    reads: [x],
    writes: [output],
    keeps: [],
    inPlace: { from: x, to: output },
    passes: { from: x, to: output },
    output,
    forward() {
      copyInto(tape, x, output);
      if (x.address !== output.address) machine.barrier();
      turn(output.address, angles.sin);
    },
    backward() {
      turn(output.gradient, angles.back);
      if (x.gradient !== output.gradient) machine.barrier();
      passOn(tape, x, output);
    },
  };
}
