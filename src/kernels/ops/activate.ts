// Activations of an MLP, gated or not: plain reference, cost and test cases.
import { erfc } from "../../statistics/special-functions.ts";
import type { ActivationKind } from "../../tensor/backend.ts";

export interface ActivateShape {
  readonly tokens: number;
  readonly width: number;
}

/**
 * out = f(gate) * up, or f(gate) without up (GLU variants: arXiv:2002.05202; GELU: arXiv:1606.08415; relu²:
 * arXiv:2109.08668). "clipped-swiglu" clips both at `limit` first and multiplies with up + 1, as GPT-OSS does.
 *
 * gate, up, out  of one length; may be the same array
 */
export function activate(
  kind: ActivationKind,
  gate: Float32Array,
  up: Float32Array | undefined,
  limit: number,
  out: Float32Array,
): void {
  for (let i = 0; i < out.length; i++) {
    if (kind === "clipped-swiglu") {
      const factor = up ? Math.max(-limit, Math.min(limit, up[i])) + 1 : 1;
      out[i] = activation(kind, Math.min(limit, gate[i])) * factor;
    } else {
      out[i] = activation(kind, gate[i]) * (up ? up[i] : 1);
    }
  }
}

function activation(kind: ActivationKind, x: number): number {
  switch (kind) {
    case "silu":
      return x * sigmoid(x);
    case "gelu":
      return (x / 2) * erfc(-x * Math.SQRT1_2);
    case "gelu-tanh":
      // 1 + tanh(y) = 2 sigmoid(2 y), which does not cancel where tanh is near -1
      return x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
    case "quick-gelu":
    case "clipped-swiglu":
      return x * sigmoid(1.702 * x);
    case "relu":
      return Math.max(0, x);
    case "relu2":
      return Math.max(0, x) ** 2;
  }
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function cost({ tokens, width }: ActivateShape): { flops: number; bytes: number } {
  return { flops: 4 * tokens * width, bytes: 12 * tokens * width };
}

export const cases: readonly ActivateShape[] = [
  { tokens: 1, width: 3 },
  { tokens: 2, width: 64 },
  { tokens: 3, width: 173 },
];

/** Kinds in the order in which the kernel counts them. */
export const kinds: readonly ActivationKind[] = [
  "silu",
  "gelu",
  "gelu-tanh",
  "quick-gelu",
  "relu",
  "relu2",
  "clipped-swiglu",
];

/** The kernel's number of a kind. */
export function activationNumber(kind: ActivationKind): number {
  return kinds.indexOf(kind);
}
