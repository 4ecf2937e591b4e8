// Products of heads with rows of their own on a GPU.
import { fours, type Shader, written } from "../module/wgsl.ts";
import { accumulate, addParts, letters, planesOf, weightBuffers } from "./matmul.wgsl.ts";
import { type GpuType, gpuForms } from "./weights.wgsl.ts";

/** Invocations of a workgroup, and rows that one has at a time: as in `matmulShader`. */
const SIZE = 128;
const ROWS = 2;

/**
 * y[token, head, before + row] = x[token, head] . W[head, row], or so much more, in the order of `matmulShader`. A workgroup has rows of one head;
 * those that a part of the matrix has not are left to the other parts.
 *
 * x4  [tokens * heads, subs * 8] fours
 */
export function headsShader(type: GpuType, tokens: number, adds: boolean): Shader {
  const weightRow = (row: string) =>
    `u32(max(i32(head * p.head_rows + min(${row}, p.head_rows - 1u)) - i32(p.first_row), 0))`;
  return {
    name: `heads product ${type} ${tokens} ${adds}`,
    params: [
      "lanes",
      "group_rows",
      "subs",
      "first",
      "tokens",
      "heads",
      "head_groups",
      "head_rows",
      "first_row",
      "rows",
      ...letters,
      "y_stride",
      "y_head",
      "before",
      ...(adds ? ["factor: f32"] : []),
    ],
    buffers: [...weightBuffers, fours("x4"), written("y")],
    size: SIZE,
    declarations: `${gpuForms[type].functions ?? ""}
var<workgroup> parts: array<f32, ${SIZE * ROWS * tokens}>;`,
    body: `let share = lane / p.lanes; let l = lane % p.lanes;
let head = group.x / p.head_groups; let at = group.x % p.head_groups;
let first = group.y * ${tokens}u;
${Array.from({ length: tokens }, (_, t) => `let x_${t} = ((p.first + min(first + ${t}u, p.tokens - 1u)) * p.heads + head) * p.subs * 8u;`).join("\n")}
let row = at * p.group_rows + share * ${ROWS}u;
${[0, 1].map((j) => planesOf(j, (letter) => `p.${letter}`, weightRow(`row + ${j}u`), "p.rows")).join("\n")}
${accumulate({ type, slots: ROWS, tokens })}
workgroupBarrier();
for (var k = lane; k < p.group_rows * ${tokens}u; k += ${SIZE}u) {
  let t = first + k % ${tokens}u; let own = k / ${tokens}u;
  let y_row = at * p.group_rows + own; let w_row = head * p.head_rows + y_row;
  if (t >= p.tokens || y_row >= p.head_rows || w_row < p.first_row || w_row >= p.first_row + p.rows) { continue; }
  ${addParts("sum", `own * ${tokens}u + k % ${tokens}u`)}
  let to = (p.first + t) * p.y_stride + head * p.y_head + p.before + y_row;
  y[to] = ${adds ? "fma(p.factor, sum, y[to])" : "sum"};
}`,
  };
}
