// Rows of a weight matrix on a GPU, looked up.
import { type Shader, words, written } from "../module/wgsl.ts";
import { weightBuffers } from "./matmul.wgsl.ts";
import { type GpuType, gpuForms } from "./weights.wgsl.ts";

/** out[t] = row ids[t] of the matrix, for those t whose id is one of its `rows` rows from `first_row` on; ids from a word of the data on. */
export function lookupShader(type: GpuType): Shader {
  const { functions = "", load, value } = gpuForms[type];
  return {
    name: `lookup ${type}`,
    params: ["subs", "cols", "stride", "ids", "first_row", "rows", "a", "b", "c", "d"],
    buffers: [...weightBuffers, words("data"), written("out")],
    size: 64,
    declarations: `${functions}
fn put(at: u32, column: u32, v: vec4f) {
  for (var i = 0u; i < 4u; i++) { if (column + i < p.cols) { out[at + column + i] = v[i]; } }
}`,
    body: `let row = data[p.ids + group.y] - p.first_row;
let s = group.x * 64u + lane;
if (row >= p.rows || s >= p.subs) { return; }
let a = p.a; let b = p.b; let c = p.c; let d_plane = p.d;
let unit = row * p.subs + s; let to = group.y * p.stride;
${load.replaceAll("d / 4u", "d_plane / 4u").replaceAll("half(d,", "half(d_plane,")}
${Array.from({ length: 8 }, (_, i) => `put(to, s * 32u + ${4 * i}u, ${value(i)});`).join("\n")}`,
  };
}
