// Gated delta nets on a GPU: convolutions of all rows, then a head goes token by token.
import type { DeltaShape } from "../../tensor/backend.ts";
import { RUN_WORDS } from "../attention/rows.wgsl.ts";
import { floats, type Shader, sigmoid, sumAll, words, written } from "../module/wgsl.ts";

const SIZE = 64;

export type DeltaSizes = Pick<DeltaShape, "keyHeads" | "valueHeads" | "keyDim" | "valueDim" | "kernel">;

/** Of queries, keys and values together. */
export const channelsOf = ({ keyHeads, valueHeads, keyDim, valueDim }: DeltaSizes): number =>
  2 * keyHeads * keyDim + valueHeads * valueDim;

const inputs = [floats("query"), floats("key"), floats("value")];

/** WGSL: the input of a channel in a row. */
const inputFunction = (sizes: DeltaSizes): string => {
  const width = sizes.keyHeads * sizes.keyDim;
  return `fn input(row: u32, c: u32) -> f32 {
  if (c < ${width}u) { return query[row * p.key_stride + c]; }
  if (c < ${2 * width}u) { return key[row * p.key_stride + c - ${width}u]; }
  return value[row * p.value_stride + c - ${2 * width}u];
}`;
};

/** y[row, c] = silu(convolution of a run's channel), reading the history of its slot; a run a line of workgroups. */
export function convolveShader(sizes: DeltaSizes): Shader {
  const channels = channelsOf(sizes);
  const width = sizes.keyHeads * sizes.keyDim;
  const { kernel } = sizes;
  return {
    name: `convolve ${Object.values(sizes).join(" ")}`,
    params: ["runs_at", "key_stride", "value_stride", "query_kernel", "key_kernel", "value_kernel"],
    buffers: [words("data"), floats("v"), ...inputs, floats("history"), written("y")],
    size: SIZE,
    declarations: `${sigmoid}
${inputFunction(sizes)}`,
    body: `let c = group.x * ${SIZE}u + lane;
if (c >= ${channels}u) { return; }
let run = p.runs_at + group.y * ${RUN_WORDS}u;
let first = data[run]; let rows = data[run + 1u]; let starts = data[run + 2u] == 0u; let slot = data[run + 3u];
var weights = p.value_kernel + (c - ${2 * width}u) * ${kernel}u;
if (c < ${width}u) { weights = p.query_kernel + c * ${kernel}u; }
else if (c < ${2 * width}u) { weights = p.key_kernel + (c - ${width}u) * ${kernel}u; }
for (var t = 0u; t < rows; t++) {
  var sum = 0.0;
  for (var j = 0u; j < ${kernel}u; j++) {
    let back = t + j;
    var x = 0.0;
    if (back >= ${kernel - 1}u) { x = input(first + back - ${kernel - 1}u, c); }
    else if (!starts) { x = history[(slot * ${kernel - 1}u + back) * ${channels}u + c]; }
    sum = fma(v[weights + j], x, sum);
  }
  y[(first + t) * ${channels}u + c] = sum * sigmoid(sum);
}`,
  };
}

/** The last inputs of each run become its slot's history. */
export function rememberShader(sizes: DeltaSizes): Shader {
  const channels = channelsOf(sizes);
  const kept = sizes.kernel - 1;
  return {
    name: `remember ${Object.values(sizes).join(" ")}`,
    params: ["runs_at", "key_stride", "value_stride"],
    buffers: [words("data"), ...inputs, written("history")],
    size: SIZE,
    declarations: inputFunction(sizes),
    body: `let c = group.x * ${SIZE}u + lane;
if (c >= ${channels}u) { return; }
let run = p.runs_at + group.y * ${RUN_WORDS}u;
let first = data[run]; let rows = data[run + 1u]; let starts = data[run + 2u] == 0u; let slot = data[run + 3u];
// Oldest first: what is read lies at or behind what has been written.
for (var i = 0u; i < ${kept}u; i++) {
  let back = rows + i;
  var x = 0.0;
  if (back >= ${kept}u) { x = input(first + back - ${kept}u, c); }
  else if (!starts) { x = history[(slot * ${kept}u + back) * ${channels}u + c]; }
  history[(slot * ${kept}u + i) * ${channels}u + c] = x;
}`,
  };
}

/** See `gatedDelta`; S lies [slot, valueHeads, keyDim, valueDim], so that neighbours read neighbouring values. */
export function deltaRuleShader(sizes: DeltaSizes): Shader {
  const { keyHeads, valueHeads, keyDim, valueDim } = sizes;
  const channels = channelsOf(sizes);
  const keyWidth = keyHeads * keyDim;
  const every = (end: number, body: string) => `for (var i = lane; i < ${end}u; i += ${SIZE}u) { ${body} }`;
  return {
    name: `delta rule ${Object.values(sizes).join(" ")}`,
    params: ["runs_at", "head_stride", "out_stride", "decay", "decay_bias"],
    buffers: [
      words("data"),
      floats("v"),
      floats("convolved"),
      floats("beta"),
      floats("alpha"),
      written("memory"),
      written("out"),
    ],
    size: SIZE,
    declarations: `${sigmoid}
${sumAll(SIZE)}
var<workgroup> k: array<f32, ${keyDim}>;
var<workgroup> q: array<f32, ${keyDim}>;
fn softplus(x: f32) -> f32 {
  if (x > 30.0) { return x; }
  let e = exp(x); let u = 1.0 + e;
  if (u == 1.0) { return e; }
  return log(u) * e / (u - 1.0);
}`,
    body: `let head = group.x;
let run = p.runs_at + group.y * ${RUN_WORDS}u;
let first = data[run]; let rows = data[run + 1u]; let slot = data[run + 3u];
let key_head = head * ${keyHeads}u / ${valueHeads}u;
let state = (slot * ${valueHeads}u + head) * ${keyDim * valueDim}u;
if (data[run + 2u] == 0u) { ${every(keyDim * valueDim, "memory[state + i] = 0.0;")} }
storageBarrier();
for (var t = first; t < first + rows; t++) {
  let at = t * ${channels}u + key_head * ${keyDim}u;
  var q_squares = 0.0; var k_squares = 0.0;
  ${every(keyDim, `let a = convolved[at + i]; let b = convolved[at + ${keyWidth}u + i]; q_squares = fma(a, a, q_squares); k_squares = fma(b, b, k_squares);`)}
  let q_scale = 1.0 / sqrt(sum_all(lane, q_squares) + 1e-6) / sqrt(${keyDim}.0);
  let k_scale = 1.0 / sqrt(sum_all(lane, k_squares) + 1e-6);
  ${every(keyDim, `q[i] = convolved[at + i] * q_scale; k[i] = convolved[at + ${keyWidth}u + i] * k_scale;`)}
  workgroupBarrier();
  let gate = t * p.head_stride + head;
  let forget = exp(-exp(v[p.decay + head]) * softplus(alpha[gate] + v[p.decay_bias + head]));
  let step = sigmoid(beta[gate]);
  ${every(
    valueDim,
    `
    var known = 0.0;
    for (var d = 0u; d < ${keyDim}u; d++) { known = fma(memory[state + d * ${valueDim}u + i] * forget, k[d], known); }
    let change = step * (convolved[t * ${channels}u + ${2 * keyWidth}u + head * ${valueDim}u + i] - known);
    var sum = 0.0;
    for (var d = 0u; d < ${keyDim}u; d++) {
      let s = fma(change, k[d], memory[state + d * ${valueDim}u + i] * forget);
      memory[state + d * ${valueDim}u + i] = s;
      sum = fma(s, q[d], sum);
    }
    out[t * p.out_stride + head * ${valueDim}u + i] = sum;`,
  )}
}`,
  };
}
