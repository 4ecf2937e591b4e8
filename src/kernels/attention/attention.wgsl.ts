// Attention over the KV cache on a GPU: a head of a token, softmax over 64 positions at a time.
import { type CacheType, PAGE } from "../../tensor/backend.ts";
import { floats, type Shader, words, written } from "../module/wgsl.ts";
import { foursOf, loadFunction, pageParams } from "./kv-store.wgsl.ts";
import { ROW_WORDS } from "./rows.wgsl.ts";

/** Invocations of a workgroup, and positions at a time. */
const SIZE = 64;

export interface AttentionShaderOptions {
  readonly type: CacheType;
  readonly softcap: boolean;
  readonly causal: boolean;
  /** Room for a query, in values: see `headRoom`. */
  readonly room: number;
  /** How many fours of a value an invocation has: more than one beyond 256 values. */
  readonly rounds: number;
  /** A key is what is stored as one, and then its value. */
  readonly joined: boolean;
}

/** Fours of a value that an invocation has. */
export const roundsOf = (valueDim: number): number => Math.ceil(foursOf(valueDim) / SIZE);

/**
 * See `attention`. Each invocation has the score of one position, then fours of values: where a value has few, several
 * invocations share each, every one with some of the positions. Which positions come together does not depend on where a call
 * begins, so that answers have the same bits in every batch.
 */
export function attentionShader(options: AttentionShaderOptions): Shader {
  const { type, softcap, causal, room, rounds, joined } = options;
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
      "head_dim",
      "key_dim",
      "value_dim",
      ...pageParams("key"),
      ...pageParams("value"),
    ],
    buffers: [words("data"), floats("v"), floats("query"), words("keys"), words("values"), written("out")],
    size: SIZE,
    declarations: `var<workgroup> q: array<vec4f, ${room / 4}>;
var<workgroup> scores: array<f32, ${SIZE}>;
var<workgroup> weights: array<f32, ${SIZE}>;
var<workgroup> eighths: array<f32, 8>;
var<workgroup> bases: array<u32, ${SIZE / PAGE}>;
var<workgroup> sums: array<vec4f, ${SIZE}>;
${loadFunction("key", type)}
${loadFunction("value", type)}`,
    body: `let head = group.x; let token = group.y + p.first_row; let row = p.rows_at + group.y * ${ROW_WORDS}u;
if (data[row] == 0xffffffffu) { return; }
let own = i32(data[row + 1u]);
var first = 0; var last = ${causal ? "own" : "i32(data[row + 2u]) - 1"};
if (p.window > 0u) {
  first = max(0, own - i32(p.window) + 1);
  ${causal ? "" : "last = min(last, own + i32(p.window) - 1);"}
}
let kv_head = head / p.heads_of_one;
for (var i = lane; i < p.key_fours; i += ${SIZE}u) {
  var four = vec4f(0.0);
  for (var c = 0u; c < 4u; c++) {
    if (4u * i + c < p.key_dim) { four[c] = query[token * p.query_stride + head * p.head_dim + 4u * i + c]; }
  }
  q[i] = four;
}
${
  joined
    ? `for (var i = lane; i < p.value_fours; i += ${SIZE}u) {
  var four = vec4f(0.0);
  for (var c = 0u; c < 4u; c++) {
    if (4u * i + c < p.value_dim) { four[c] = query[token * p.query_stride + head * p.head_dim + p.key_dim + 4u * i + c]; }
  }
  q[p.key_fours + i] = four;
}`
    : ""
}
var top = -3.4e38; var total = 0.0;
if (p.sinks != 0xffffffffu) { top = v[p.sinks + head]; total = 1.0; }
${each((r) => `var sum_${r} = vec4f(0.0);`)}
let shares = max(1u, ${SIZE}u / p.value_fours); let share = lane / min(p.value_fours, ${SIZE}u);
${each((r) => `let g_${r} = ${r === 0 ? "lane % p.value_fours" : `lane + ${r * SIZE}u`};`)}
for (var block = (first / ${SIZE}) * ${SIZE}; block <= last; block += ${SIZE}) {
  let position = block + i32(lane);
  let seen = position >= first && position <= last;
  let within = lane % ${PAGE}u;
  workgroupBarrier();
  var score = -3.4e38;
  if (seen) {
    let page = data[data[row] + u32(position) / ${PAGE}u];
    let base = (page * p.kv_heads + kv_head) * p.key_words;
    var products = vec4f(0.0);
    for (var g = 0u; g < p.key_fours; g++) { products = fma(key_four(base, g, within), q[g], products); }
    score = ((products.x + products.y) + (products.z + products.w)) * key_scale(base, within);
    ${
      joined
        ? `let rest = (page * p.kv_heads + kv_head) * p.value_words;
    products = vec4f(0.0);
    for (var g = 0u; g < p.value_fours; g++) { products = fma(value_four(rest, g, within), q[p.key_fours + g], products); }
    score += ((products.x + products.y) + (products.z + products.w)) * value_scale(rest, within);`
        : ""
    }
    score *= p.scale;
    ${softcap ? "let e = exp(-2.0 * abs(score / p.cap)); score = sign(score) * p.cap * ((1.0 - e) / (1.0 + e));" : ""}
    if (p.slopes != 0xffffffffu) { score -= v[p.slopes + head] * f32(own - position); }
    if (p.bias != 0xffffffffu) {
      score += v[p.bias + head * u32(2 * p.reach + 1) + u32(clamp(position - own, -p.reach, p.reach) + p.reach)];
    }
    if (within == 0u || position == first) { bases[lane / ${PAGE}u] = (page * p.kv_heads + kv_head) * p.value_words; }
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
  if (share < shares) {
    for (var i = from_lane; i < to_lane; i++) {
      if (shares > 1u && i % shares != share) { continue; }
      let base = bases[i / ${PAGE}u]; let at = i % ${PAGE}u;
      let weight = vec4f(weights[i] * value_scale(base, at));
      ${each((r) => `if (g_${r} < p.value_fours) { sum_${r} = fma(weight, value_four(base, g_${r}, at), sum_${r}); }`)}
    }
  }
}
workgroupBarrier();
sums[lane] = sum_0;
workgroupBarrier();
if (share > 0u) { return; }
for (var i = 1u; i < shares; i++) { sum_0 += sums[i * p.value_fours + lane]; }
${each(
  (r) => `for (var c = 0u; c < 4u; c++) {
  if (4u * g_${r} + c < p.value_dim) { out[token * p.out_stride + head * p.value_dim + 4u * g_${r} + c] = sum_${r}[c] / total; }
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
