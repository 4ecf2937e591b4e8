// The backward pass of an MLP's activation: plain reference, cost and test cases.
import { erfc } from "../../statistics/special-functions.ts";
import type { ActivationKind } from "../../tensor/backend.ts";
import { sigmoid } from "../ops/activate.ts";

/**
 * Gradients where y = f(gate) * up, or f(gate) without up, has the gradient dy; all of one length.
 *
 * limit  of "clipped-swiglu", which is constant beyond it
 */
export function activateBackward(
  kind: ActivationKind,
  { gate, up, dy }: { gate: Float32Array; up: Float32Array | undefined; dy: Float32Array },
  { dGate, dUp }: { dGate: Float32Array; dUp: Float32Array },
  limit: number,
): void {
  const clips = kind === "clipped-swiglu";
  for (let i = 0; i < dy.length; i++) {
    const { value, slope } = measure(kind, clips ? Math.min(limit, gate[i]) : gate[i]);
    const factor = up ? (clips ? Math.max(-limit, Math.min(limit, up[i])) + 1 : up[i]) : 1;
    dGate[i] = clips && gate[i] > limit ? 0 : dy[i] * factor * slope;
    if (up) dUp[i] = clips && Math.abs(up[i]) > limit ? 0 : dy[i] * value;
  }
}

/** f and its derivative. */
function measure(kind: ActivationKind, x: number): { value: number; slope: number } {
  const swish = (c: number) => {
    const s = sigmoid(c * x);
    return { value: x * s, slope: s + c * x * s * (1 - s) };
  };
  switch (kind) {
    case "silu":
      return swish(1);
    case "quick-gelu":
    case "clipped-swiglu":
      return swish(1.702);
    case "gelu": {
      const below = erfc(-x * Math.SQRT1_2) / 2;
      return { value: x * below, slope: below + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI) };
    }
    case "gelu-tanh": {
      const c = 2 * Math.sqrt(2 / Math.PI);
      const s = sigmoid(c * (x + 0.044715 * x ** 3));
      return { value: x * s, slope: s + x * s * (1 - s) * c * (1 + 3 * 0.044715 * x * x) };
    }
    case "relu":
      return { value: Math.max(0, x), slope: x > 0 ? 1 : 0 };
    case "relu2":
      return { value: Math.max(0, x) ** 2, slope: 2 * Math.max(0, x) };
  }
}

export function cost({ count }: { readonly count: number }): { flops: number; bytes: number } {
  return { flops: 10 * count, bytes: 20 * count };
}

export const cases: readonly { readonly count: number }[] = [{ count: 1 }, { count: 64 }, { count: 171 }];
