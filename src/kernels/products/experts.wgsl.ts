// Products with the experts that a router chose, on a GPU.
import type { ActivationKind } from "../../tensor/backend.ts";
import { floats, fours, type Shader, words, written } from "../module/wgsl.ts";
import { activationFunction } from "../ops/activate.wgsl.ts";
import { CHOICE_WORDS } from "../ops/router.wgsl.ts";
import { accumulate, addParts, planesOf, weightBuffers } from "./matmul.wgsl.ts";
import { type GpuType, gpuForms } from "./weights.wgsl.ts";

const SIZE = 128;

/** Words of an expert in the table: of gate, up and down, where the weights begin and where the bias does. */
export const EXPERT_WORDS = 6;

export interface ExpertsShaderOptions {
  readonly type: GpuType;
  /** The product that comes last, or those before it: what is activated, with a gate or without. */
  readonly of: "down" | { readonly activation: ActivationKind; readonly gated: boolean };
}

/** Rows of a workgroup. */
export const expertRows = (lanes: number): number => SIZE / lanes;

/**
 * y[choice, row] for each choice of a token, one workgroup some rows of one choice: x[choice / per] . W[row] + bias[row] of the
 * chosen expert. Experts whose place in the table is NONE lie elsewhere: another call has them.
 */
export function expertsShader({ type, of }: ExpertsShaderOptions): Shader {
  const matrices = of === "down" ? [2] : of.gated ? [0, 1] : [1];
  const slots = matrices.length;
  const planes = matrices
    .map((m, j) =>
      planesOf(
        j,
        (letter) => `table[entry + ${2 * m}u] + p.${letter}`,
        `group.x * p.group_rows + share`,
        "p.rows",
      ),
    )
    .join("\n");
  const sum = (j: number) => `${addParts(`sum${j}`, `lane * ${slots}u + ${j}u`)}
  let bias${j} = table[entry + ${2 * matrices[j] + 1}u];
  if (bias${j} != 0xffffffffu) { sum${j} += v[bias${j} + row]; }`;
  const gate = "activated(sum0, p.limit)";
  return {
    name: `experts ${type} ${of === "down" ? of : `${of.activation} ${of.gated}`}`,
    params: ["lanes", "group_rows", "subs", "rows", "per", "stride", "a", "b", "c", "d", "limit: f32"],
    buffers: [...weightBuffers, fours("x4"), floats("v"), words("routes"), words("table"), written("y")],
    size: SIZE,
    declarations: `${gpuForms[type].functions ?? ""}
var<workgroup> parts: array<f32, ${SIZE * slots}>;
${of === "down" ? "" : activationFunction(of.activation)}`,
    body: `let entry = routes[group.y * ${CHOICE_WORDS}u] * ${EXPERT_WORDS}u;
if (table[entry + ${2 * matrices[0]}u] == 0xffffffffu) { return; }
let share = lane / p.lanes; let l = lane % p.lanes;
let x_0 = (group.y / p.per) * p.subs * 8u;
${planes}
${accumulate({ type, slots, tokens: 1 })}
workgroupBarrier();
if (lane < p.group_rows) {
  let row = group.x * p.group_rows + lane;
  if (row >= p.rows) { return; }
  ${matrices.map((_, j) => sum(j)).join("\n")}
  y[group.y * p.stride + row] = ${of === "down" ? "sum0" : of.gated ? `${gate} * factor_of(sum1, p.limit)` : gate};
}`,
  };
}

/** out[t, c] = sum of the answers to a token's choices, times their weights, in the order of experts. */
export const addAnswersShader: Shader = {
  name: "add answers",
  params: ["width", "stride", "per"],
  buffers: [floats("answers"), words("routes"), written("out")],
  size: 64,
  body: `let column = group.x * 64u + lane;
if (column >= p.width) { return; }
var sum = 0.0;
for (var i = 0u; i < p.per; i++) {
  let choice = group.y * p.per + i;
  sum = fma(bitcast<f32>(routes[choice * ${CHOICE_WORDS}u + 1u]), answers[choice * p.stride + column], sum);
}
out[group.y * p.stride + column] = sum;`,
};
