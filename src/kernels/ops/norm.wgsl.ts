// RMSNorm and LayerNorm of rows on a GPU: a workgroup a row.
import type { NormKind } from "../../tensor/backend.ts";
import { floats, type Shader, sumAll, written } from "../module/wgsl.ts";

const SIZE = 128;

/** See `norm`. v has the weight vectors; NONE: no weight, no bias. */
export function normShader(kind: NormKind, inPlace: boolean): Shader {
  const out = inPlace ? "x" : "out";
  const mean = `var sum = 0.0;
for (var i = lane; i < p.width; i += ${SIZE}u) { sum += x[start + i]; }
let mean = sum_all(lane, sum) / f32(p.width);`;
  return {
    name: `norm ${kind} ${inPlace}`,
    params: ["width", "x_stride", "out_stride", "weight", "bias", "eps: f32"],
    buffers: inPlace ? [written("x"), floats("v")] : [floats("x"), floats("v"), written("out")],
    size: SIZE,
    declarations: sumAll(SIZE),
    body: `let start = group.x * p.x_stride; let to = group.x * p.out_stride;
${kind === "layer" ? mean : "let mean = 0.0;"}
var squares = 0.0;
for (var i = lane; i < p.width; i += ${SIZE}u) { let y = x[start + i] - mean; squares = fma(y, y, squares); }
let scale = 1.0 / sqrt(sum_all(lane, squares) / f32(p.width) + p.eps);
for (var i = lane; i < p.width; i += ${SIZE}u) {
  var y = (x[start + i] - mean) * scale;
  if (p.weight != 0xffffffffu) { y *= v[p.weight + i]; }
  if (p.bias != 0xffffffffu) { y += v[p.bias + i]; }
  ${out}[to + i] = y;
}`,
  };
}
