// The activation of an MLP, gated or not, and its gradients.
import { activationNumber } from "../../../kernels/ops/activate.ts";
import type { ActivationKind } from "../../../tensor/backend.ts";
import type { Operation } from "../operation.ts";
import type { Tape } from "../tape.ts";
import type { Value } from "../value.ts";

export interface Activate extends Operation {
  readonly output: Value;
}

/** out = f(gate) * up, or f(gate) without up. Nothing else reads gate and up. */
export function createActivate(
  tape: Tape,
  kind: ActivationKind,
  gate: Value,
  up: Value | undefined,
  limit: number,
): Activate {
  const { machine } = tape;
  const number = activationNumber(kind);
  const output = tape.value(gate.width, gate.learns || up?.learns === true);
  const inputs = up ? [gate, up] : [gate];
  return {
    name: "activate",
    reads: inputs,
    writes: [output],
    keeps: inputs,
    output,
    forward() {
      const [from, to] = machine.share(gate.count, 16);
      const [start, count] = [4 * from, to - from];
      machine.f32.copyWithin(output.address / 4 + from, gate.address / 4 + from, gate.address / 4 + to);
      machine.kernels.activate(
        number,
        output.address + start,
        count,
        up ? up.address + start : 0,
        count,
        1,
        count,
        limit,
      );
    },
    backward() {
      for (const value of inputs) {
        if (!value.learns || value.addsNext()) throw new Error("an activation's input has another reader");
      }
      const [from, to] = machine.share(gate.count, 16);
      const start = 4 * from;
      machine.kernels.activate_backward(
        number,
        gate.address + start,
        up ? up.address + start : 0,
        output.gradient + start,
        to - from,
        limit,
        gate.gradient + start,
        up ? up.gradient + start : 0,
      );
    },
  };
}
