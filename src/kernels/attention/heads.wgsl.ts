// Heads on a GPU before attention: norm, RoPE and storing into the KV cache, in one call.
import { type CacheType, type NormKind, PAGE } from "../../tensor/backend.ts";
import { floats, type Shader, type ShaderBuffer, sumAll, words, written } from "../module/wgsl.ts";
import { pageParams, storeFunction, storeNeeds } from "./kv-store.wgsl.ts";
import { ROW_WORDS } from "./rows.wgsl.ts";

const SIZE = 64;

/** What happens to the heads of one activation, in this order. */
export interface HeadSteps {
  readonly norm?: NormKind;
  readonly rope?: boolean;
  /** Stored as keys or values of this type. */
  readonly store?: CacheType;
}

/** Values of a head, in two sizes so that few shaders do. */
export const headRoom = (dim: number): number => (dim <= 256 ? 256 : Math.ceil(dim / 256) * 256);

/** Some of queries, keys and values. */
export interface HeadsOptions {
  /** See `headRoom`, of the widest. */
  readonly room: number;
  readonly query?: HeadSteps;
  readonly key?: HeadSteps;
  readonly value?: HeadSteps;
}

type Part = "query" | "key" | "value";
const allParts: readonly Part[] = ["query", "key", "value"];

/**
 * Each workgroup has one head of one token, from row `first` on. Norm: of the head, times weights that are one for all heads or one a head. RoPE: see
 * `rope`; cosines and sines lie in the data. Stored positions come from the rows in the data: see `Runs`.
 */
export function headsShader(options: HeadsOptions): Shader {
  const parts = allParts.filter((part) => options[part]);
  const name = parts.map((part) => `${part} ${Object.values({ ...options[part] }).join(" ")}`).join(", ");
  const stores = parts.filter((part) => options[part]?.store);
  const types = new Set(stores.map((part) => options[part]?.store));
  const changed = (part: Part) => options[part]?.norm || options[part]?.rope;
  const buffer = (part: Part): ShaderBuffer => (changed(part) ? written(part) : floats(part));
  const area = (part: Part): ShaderBuffer => ({ name: `${part}s`, type: "array<u32>", writes: true });
  return {
    name: `heads ${options.room} ${name}`,
    params: [
      ...parts.flatMap((part) =>
        ["heads", "dim", "stride", "weight", "bias", "each"].map((n) => `${part}_${n}`),
      ),
      ...stores.flatMap((part) => pageParams(part as "key")),
      "eps: f32",
      "pairs",
      "cos_at",
      "sin_at",
      "rows_at",
      "first",
    ],
    buffers: [words("data"), floats("v"), ...parts.map(buffer), ...stores.map(area)],
    size: SIZE,
    declarations: `var<workgroup> head_values: array<f32, ${options.room}>;
${sumAll(SIZE)}
${[...types].map((type) => (type ? storeNeeds(type) : "")).join("")}
${types.has("Q8") ? maxAll : ""}
${stores.map((part) => storeFunction(part as "key", options[part]?.store ?? "F32")).join("\n")}`,
    body: `var head = group.x; let token = group.y + p.first;
${parts
  .map((part, i) => {
    const steps = options[part];
    return steps
      ? `if (head < p.${part}_heads) { ${stepsOf(part, steps)} return; }
${i + 1 < parts.length ? `head -= p.${part}_heads;` : ""}`
      : "";
  })
  .join("\n")}`,
  };
}

const maxAll = `
fn max_all(lane: u32, own: f32) -> f32 {
  workgroupBarrier();
  sums[lane] = own;
  for (var half = ${SIZE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] = max(sums[lane], sums[lane + half]); }
  }
  workgroupBarrier();
  return sums[0];
}`;

type Every = (body: string, end?: string) => string;

function stepsOf(part: Part, { norm, rope, store }: HeadSteps): string {
  const every: Every = (body, end = "dim") => `for (var i = lane; i < ${end}; i += ${SIZE}u) { ${body} }`;
  return [
    `let dim = p.${part}_dim; let at = token * p.${part}_stride + head * dim;`,
    every(`head_values[i] = select(0.0, ${part}[at + min(i, dim - 1u)], i < dim);`, "(dim + 3u) / 4u * 4u"),
    norm && normSteps(part, norm, every),
    rope &&
      `workgroupBarrier();
${every(
  `let a = head_values[i]; let b = head_values[i + p.pairs];
let c = bitcast<f32>(data[p.cos_at + token * p.pairs + i]); let s = bitcast<f32>(data[p.sin_at + token * p.pairs + i]);
head_values[i] = fma(a, c, -(b * s)); head_values[i + p.pairs] = fma(b, c, a * s);`,
  "p.pairs",
)}`,
    "workgroupBarrier();",
    (norm || rope) && every(`${part}[at + i] = head_values[i];`),
    store && storeSteps(part as "key", store, every),
  ]
    .filter(Boolean)
    .join("\n");
}

function normSteps(part: Part, kind: NormKind, every: Every): string {
  const mean = `var sum = 0.0; ${every("sum += head_values[i];")} let mean = sum_all(lane, sum) / f32(dim);`;
  return `${kind === "layer" ? mean : "let mean = 0.0;"}
var squares = 0.0; ${every("let y = head_values[i] - mean; squares = fma(y, y, squares);")}
let scale = 1.0 / sqrt(sum_all(lane, squares) / f32(dim) + p.eps);
let first_weight = p.${part}_each * head * dim;
${every(`var y = (head_values[i] - mean) * scale;
if (p.${part}_weight != 0xffffffffu) { y *= v[p.${part}_weight + first_weight + i]; }
if (p.${part}_bias != 0xffffffffu) { y += v[p.${part}_bias + first_weight + i]; }
head_values[i] = y;`)}`;
}

function storeSteps(part: "key" | "value", type: CacheType, every: Every): string {
  const largest = `var own = 0.0; ${every("own = max(own, abs(head_values[i]));")} let most = max_all(lane, own);
let inverse = select(0.0, 127.0 / most, most > 1e-35);
if (lane == 0u) { store_${part}_scale(base, within, select(0.0, most / 127.0, most > 1e-35)); }`;
  const four = "vec4f(head_values[f], head_values[f + 1u], head_values[f + 2u], head_values[f + 3u])";
  return `let row = p.rows_at + group.y * ${ROW_WORDS}u;
if (data[row] == 0xffffffffu) { return; }
let position = data[row + 1u]; let within = position % ${PAGE}u;
let base = (data[data[row] + position / ${PAGE}u] * p.${part}_heads + head) * p.${part}_words;
${type === "Q8" ? largest : "let inverse = 1.0;"}
${every(`let f = i * 4u; store_${part}(base, i, within, ${four}, inverse);`, `p.${part}_fours`)}`;
}
