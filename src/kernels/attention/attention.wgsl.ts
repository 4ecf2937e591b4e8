// Attention over the KV cache on a GPU: a head of a token, softmax over 64 positions at a time.
import { type CacheType, PAGE } from "../../tensor/backend.ts";
import { floats, type Shader, words, written } from "../module/wgsl.ts";
import { foursOf, headPageWords, loadFunction } from "./kv-store.wgsl.ts";
import { ROW_WORDS } from "./rows.wgsl.ts";

/** Invocations of a workgroup, and positions at a time. */
const SIZE = 64;

export interface AttentionShaderOptions {
  readonly type: CacheType;
  readonly headDim: number;
  readonly valueDim: number;
  readonly softcap: boolean;
  readonly causal: boolean;
}

/**
 * See `attention`. Each invocation has the score of one position, then some values. Which positions come together does not
 * depend on where a call begins, so that answers have the same bits in every batch.
 */
export function attentionShader(options: AttentionShaderOptions): Shader {
  const { type, headDim, valueDim, softcap, causal } = options;
  const fours = foursOf(headDim);
  const valueFours = foursOf(valueDim);
  /** Invocations that share a four of values, each with some of the positions; their sums are added in order. */
  const shares = Math.max(1, Math.floor(SIZE / valueFours));
  const rounds = Math.ceil(valueFours / SIZE);
  const each = (body: (r: number) => string) => Array.from({ length: rounds }, (_, r) => body(r)).join("\n");
  return {
    name: `attention ${Object.values(options).join(" ")}`,
    params: [
      "heads_of_one",
      "kv_heads",
      "query_stride",
      "out_stride",
      "rows_at",
      "window",
      "scale: f32",
      "cap: f32",
      "sinks",
      "slopes",
      "bias",
      "reach: i32",
      "first_row",
    ],
    buffers: [words("data"), floats("v"), floats("query"), words("keys"), words("values"), written("out")],
    size: SIZE,
    declarations: `var<workgroup> q: array<vec4f, ${fours}>;
var<workgroup> scores: array<f32, ${SIZE}>;
var<workgroup> weights: array<f32, ${SIZE}>;
var<workgroup> eighths: array<f32, 8>;
var<workgroup> bases: array<u32, ${SIZE / PAGE}>;
${shares > 1 ? `var<workgroup> sums: array<vec4f, ${shares * valueFours}>;` : ""}
${loadFunction("key", type, headDim)}
${loadFunction("value", type, valueDim)}`,
    body: `let head = group.x; let token = group.y + p.first_row; let row = p.rows_at + group.y * ${ROW_WORDS}u;
if (data[row] == 0xffffffffu) { return; }
let own = i32(data[row + 1u]);
var first = 0; var last = ${causal ? "own" : "i32(data[row + 2u]) - 1"};
if (p.window > 0u) {
  first = max(0, own - i32(p.window) + 1);
  ${causal ? "" : "last = min(last, own + i32(p.window) - 1);"}
}
let kv_head = head / p.heads_of_one;
for (var i = lane; i < ${fours}u; i += ${SIZE}u) {
  var four = vec4f(0.0);
  for (var c = 0u; c < 4u; c++) { if (4u * i + c < ${headDim}u) { four[c] = query[token * p.query_stride + head * ${headDim}u + 4u * i + c]; } }
  q[i] = four;
}
var top = -3.4e38; var total = 0.0;
if (p.sinks != 0xffffffffu) { top = v[p.sinks + head]; total = 1.0; }
${each((r) => `var sum_${r} = vec4f(0.0);`)}
let share = lane / ${valueFours}u;
for (var block = (first / ${SIZE}) * ${SIZE}; block <= last; block += ${SIZE}) {
  let position = block + i32(lane);
  let seen = position >= first && position <= last;
  let within = lane % ${PAGE}u;
  workgroupBarrier();
  var score = -3.4e38;
  if (seen) {
    let page = data[data[row] + u32(position) / ${PAGE}u];
    let base = (page * p.kv_heads + kv_head) * ${headPageWords(type, headDim)}u;
    var products = vec4f(0.0);
    for (var g = 0u; g < ${fours}u; g++) { products = fma(key_four(base, g, within), q[g], products); }
    score = ((products.x + products.y) + (products.z + products.w)) * key_scale(base, within) * p.scale;
    ${softcap ? "let e = exp(-2.0 * abs(score / p.cap)); score = sign(score) * p.cap * ((1.0 - e) / (1.0 + e));" : ""}
    if (p.slopes != 0xffffffffu) { score -= v[p.slopes + head] * f32(own - position); }
    if (p.bias != 0xffffffffu) { score += v[p.bias + head * u32(2 * p.reach + 1) + u32(clamp(position - own, -p.reach, p.reach) + p.reach)]; }
    if (within == 0u || position == first) { bases[lane / ${PAGE}u] = (page * p.kv_heads + kv_head) * ${headPageWords(type, valueDim)}u; }
  }
  scores[lane] = score;
  workgroupBarrier();
  let from_lane = u32(max(first - block, 0)); let to_lane = u32(min(last - block, ${SIZE - 1})) + 1u;
  var most = top;
  ${inEighths("scores", "var eighth = -3.4e38;", "eighth = max(eighth, own_value);", "most = max(most, eighths[i]);")}
  let correction = exp(top - most);
  top = most;
  weights[lane] = select(0.0, exp(score - most), seen);
  total *= correction;
  workgroupBarrier();
  ${inEighths("weights", "var eighth = 0.0;", "eighth += own_value;", "total += eighths[i];")}
  ${each((r) => `sum_${r} *= correction;`)}
  if (share < ${shares}u) {
    for (var i = from_lane; i < to_lane; i++) {
      if (${shares}u > 1u && i % ${shares}u != share) { continue; }
      let base = bases[i / ${PAGE}u]; let at = i % ${PAGE}u;
      let weight = weights[i] * value_scale(base, at);
      ${each((r) => `${valueRound(r, valueFours, rounds)}{ sum_${r} = fma(vec4f(weight), value_four(base, ${fourOf(r, valueFours)}, at), sum_${r}); }`)}
    }
  }
}
${
  shares > 1
    ? `if (share < ${shares}u) { sums[lane] = sum_0; }
workgroupBarrier();
if (share == 0u) { for (var i = 1u; i < ${shares}u; i++) { sum_0 += sums[i * ${valueFours}u + lane]; } }`
    : ""
}
${each(
  (r) => `if (${shares > 1 ? "share == 0u" : `lane + ${r * SIZE}u < ${valueFours}u`}) {
  let g = ${fourOf(r, valueFours)};
  for (var c = 0u; c < 4u; c++) { if (4u * g + c < ${valueDim}u) { out[token * p.out_stride + head * ${valueDim}u + 4u * g + c] = sum_${r}[c] / total; } }
}`,
)}`,
  };
}

/** All 64 values, in eighths that 8 invocations make first; every invocation has the answer. */
const inEighths = (values: string, start: string, step: string, end: string): string => `if (lane < 8u) {
    ${start}
    for (var i = 0u; i < 8u; i++) { let own_value = ${values}[lane * 8u + i]; ${step} }
    eighths[lane] = eighth;
  }
  workgroupBarrier();
  for (var i = 0u; i < 8u; i++) { ${end} }`;

const fourOf = (r: number, valueFours: number): string =>
  valueFours <= SIZE ? `(lane % ${valueFours}u)` : `(lane + ${r * SIZE}u)`;

const valueRound = (r: number, valueFours: number, rounds: number): string =>
  rounds > 1 ? `if (lane + ${r * SIZE}u < ${valueFours}u) ` : "";
