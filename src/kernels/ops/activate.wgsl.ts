// Activations of an MLP on a GPU.
import type { ActivationKind } from "../../tensor/backend.ts";
import { type Shader, sigmoid, written } from "../module/wgsl.ts";

const formulas: Readonly<Record<ActivationKind, string>> = {
  silu: "return x * sigmoid(x);",
  gelu: `
  // The tail of x Phi(x) by a fit of erfc: see activate.as.ts.
  let t = 1.0 / fma(abs(x), 0.6 * 0.7071067811865476, 1.0);
  var poly = fma(-0.09210443, t, 0.41203788);
  poly = fma(poly, t, -0.6446140);
  poly = fma(poly, t, 0.28391460);
  poly = fma(poly, t, 0.07333640);
  poly = fma(poly, t, 0.29162315);
  poly = fma(poly, t, 0.33724579);
  poly = fma(poly, t, 0.33856028);
  let h = x * 0.5;
  let negative = h * (poly * t) * exp(-(h * x));
  return select(x - negative, negative, x < 0.0);`,
  "gelu-tanh": "return x * sigmoid(x * fma(x * x, 0.07135481282952959, 1.5957691216057308));",
  "quick-gelu": "return x * sigmoid(1.702 * x);",
  relu: "return max(0.0, x);",
  relu2: "let y = max(0.0, x); return y * y;",
  "clipped-swiglu": "let y = min(limit, x); return y * sigmoid(1.702 * y);",
};

/** WGSL: `activated(x, limit)`, and what it is multiplied with, `factor_of(up, limit)`. */
export function activationFunction(kind: ActivationKind): string {
  const factor = kind === "clipped-swiglu" ? "clamp(up, -limit, limit) + 1.0" : "up";
  return `${sigmoid}
fn activated(x: f32, limit: f32) -> f32 { ${formulas[kind]} }
fn factor_of(up: f32, limit: f32) -> f32 { return ${factor}; }`;
}

/** gate = activation(gate) * up, or without up, `count` values in place. */
export function activateShader(kind: ActivationKind, gated: boolean): Shader {
  return {
    name: `activate ${kind} ${gated}`,
    params: ["count", "limit: f32"],
    buffers: gated ? [written("gate"), { name: "up", type: "array<f32>" }] : [written("gate")],
    size: 64,
    declarations: activationFunction(kind),
    body: `let i = (group.y * 65535u + group.x) * 64u + lane;
if (i >= p.count) { return; }
gate[i] = activated(gate[i], p.limit)${gated ? " * factor_of(up[i], p.limit)" : ""};`,
  };
}
