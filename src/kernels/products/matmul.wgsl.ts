// Products with weights on a GPU: a weight is read once for a few tokens.
import type { ActivationKind } from "../../tensor/backend.ts";
import { floats, fours, type Shader, type ShaderBuffer, words, written } from "../module/wgsl.ts";
import { activationFunction } from "../ops/activate.wgsl.ts";
import { type GpuType, gpuForms } from "./weights.wgsl.ts";

/** Invocations of a workgroup. */
const SIZE = 128;
/** Rows of one matrix that an invocation has at a time. */
const ROWS = 2;
/** Most tokens for which a weight is read once. */
export const MOST_TOKENS = 4;

/**
 * How many invocations share a row: invocation l has its 32s l, l + lanes, …, summed in that order; then the sums are added in
 * the order of l. It depends on the width alone, so that a product has the same bits in every batch.
 */
export function lanesOf(cols: number): number {
  let lanes = 1;
  while (lanes < 32 && lanes * 32 < cols) lanes *= 2;
  return lanes;
}

/** What a product is made of. */
export interface MatmulOptions {
  readonly type: GpuType;
  /** Tokens of a workgroup. */
  readonly tokens: number;
  /** Matrices whose products are written one beside another. */
  readonly products: number;
  /** What comes after it: y added to a residual, or an activation of the first product, times the second if there are two. */
  readonly then?: "add" | { readonly activation: ActivationKind };
}

/** Rows of a workgroup. */
export function rowsOfGroup(lanes: number, then: MatmulOptions["then"]): number {
  return (SIZE / lanes) * (typeof then === "object" ? 1 : ROWS);
}

export const letters = ["a", "b", "c", "d"];

/**
 * y_k[token, row] = x[token] . W_k[row] + bias_k[row] for products k. Without an activation workgroups of one product follow
 * those of another; with one, a workgroup has the same rows of all.
 *
 * x4  [tokens, subs * 8] fours
 * w   the weights' words, and as w4 in fours
 * v   weight vectors, among them biases
 * y_k [tokens, stride_k], r [tokens, rStride] the residual, to which factor * y is added
 */
export function matmulShader(options: MatmulOptions): Shader {
  const { type, tokens, products, then } = options;
  const isActivated = typeof then === "object";
  const slots = isActivated ? products : ROWS;
  const start = isActivated
    ? `let row = group.x * p.group_rows + share; let rows = p.rows0;
${Array.from({ length: products }, (_, k) => planesOf(k, (letter) => `p.${letter}${k}`, "row", "rows")).join("\n")}`
    : `${chooseProduct(products)}
let row = at * p.group_rows + share * ${ROWS}u;
${[0, 1].map((j) => planesOf(j, (letter) => letter, `row + ${j}u`, "rows")).join("\n")}`;
  const sum = (name: string, slot: string) => addParts(name, `(${slot}) * ${tokens}u + k % ${tokens}u`);
  const finish = isActivated
    ? `${Array.from({ length: products }, (_, k) => sum(`sum${k}`, `own * ${products}u + ${k}u`)).join("\n")}
  put(y_row, t, ${products === 1 ? "sum0" : "sum0, sum1"});`
    : `${sum("y", "own")}
  put(which, y_row, t, y);`;
  return {
    name: nameOf("matmul", options),
    params: productParams(options),
    buffers: productBuffers(options),
    size: SIZE,
    declarations: `${gpuForms[type].functions ?? ""}
var<workgroup> parts: array<f32, ${SIZE * slots * tokens}>;
${putFunction(options)}`,
    body: `let share = lane / p.lanes; let l = lane % p.lanes;
let first = group.y * ${tokens}u;
${Array.from({ length: tokens }, (_, t) => `let x_${t} = (min(first + ${t}u, p.tokens - 1u) + p.x_first) * p.subs * 8u;`).join("\n")}
${start}
${accumulate({ type, slots, tokens })}
workgroupBarrier();
for (var k = lane; k < p.group_rows * ${tokens}u; k += ${SIZE}u) {
  let t = first + k % ${tokens}u; let own = k / ${tokens}u;
  let y_row = ${isActivated ? "group.x" : "at"} * p.group_rows + own;
  if (t >= p.tokens || y_row >= rows) { continue; }
  ${finish}
}`,
  };
}

/** Tells a shader of products from all others. */
export const nameOf = (kind: "matmul" | "tiles", { type, tokens, products, then }: MatmulOptions): string =>
  `${kind} ${type} ${tokens} ${products} ${typeof then === "object" ? then.activation : (then ?? "")}`;

/** The numbers of products, whichever way they are computed. */
export function productParams({ products, then }: MatmulOptions): string[] {
  const numbers = Array.from({ length: products }, (_, k) => k);
  const place = (k: number) => [...letters, "rows", "bias", "stride", "column"].map((name) => `${name}${k}`);
  return [
    "lanes",
    "group_rows",
    "subs",
    "tokens",
    "x_first",
    "y_first",
    ...numbers.flatMap(place),
    ...(typeof then === "object" ? ["limit: f32"] : numbers.slice(1).map((k) => `groups${k - 1}`)),
    ...(then === "add" ? ["factor: f32", "r_stride"] : []),
  ];
}

/** Their buffers. */
export function productBuffers({ products, then }: MatmulOptions): ShaderBuffer[] {
  return [
    ...weightBuffers,
    fours("x4"),
    floats("v"),
    ...Array.from({ length: products }, (_, k) => written(`y${k}`)),
    ...(then === "add" ? [written("r")] : []),
  ];
}

export const weightBuffers: readonly ShaderBuffer[] = [words("w"), { name: "w4", type: "array<vec4u>" }];

/** Where the planes of slot j's matrix begin, and which 32s are those of its row; past the last row, the last again. */
export function planesOf(j: number, plane: (letter: string) => string, row: string, rows: string): string {
  return `${letters.map((letter) => `let ${letter}_${j} = ${plane(letter)};`).join(" ")}
let units_${j} = min(${row}, ${rows} - 1u) * p.subs;`;
}

/** Which product a workgroup has: its planes, rows and workgroup within it. */
export function chooseProduct(products: number): string {
  const names = [...letters, "rows"];
  const set = (k: number) => names.map((name) => `${name} = p.${name}${k};`).join(" ");
  return `var at = group.x; var which = 0u;
${names.map((name) => `var ${name} = p.${name}0;`).join(" ")}
${Array.from({ length: products - 1 }, (_, k) => `if (which == ${k}u && at >= p.groups${k}) { at -= p.groups${k}; which = ${k + 1}u; ${set(k + 1)} }`).join("\n")}`;
}

/**
 * Each invocation's share of the sums of `slots` rows with `tokens` tokens, into workgroup memory `parts`. Needs `l`, of each
 * slot j its planes a_j to d_j and units_j, of each token t where its row begins, x_t, and `lanes` among the numbers.
 */
export function accumulate(shape: {
  readonly type: GpuType;
  readonly slots: number;
  readonly tokens: number;
}): string {
  const { type, slots, tokens } = shape;
  const forms = Array.from({ length: slots }, (_, j) => inSlot(type, j));
  const each = (make: (j: number, t: number) => string) =>
    forms.flatMap((_, j) => Array.from({ length: tokens }, (_, t) => make(j, t))).join("\n");
  const steps = Array.from({ length: 8 }, (_, i) =>
    [
      "{",
      ...forms.map(({ value }, j) => `let v_${j} = ${value(i)};`),
      ...Array.from({ length: tokens }, (_, t) => [
        `let from_${t} = x4[x_${t} + s * 8u + ${i}u];`,
        ...forms.map((_, j) => `sum_${j}_${t} = fma(v_${j}, from_${t}, sum_${j}_${t});`),
      ]).flat(),
      "}",
    ].join("\n"),
  );
  return `${each((j, t) => `var sum_${j}_${t} = vec4f(0.0);`)}
for (var s = l; s < p.subs; s += p.lanes) {
${forms.map(({ load }, j) => `let unit_${j} = units_${j} + s;\n${load}`).join("\n")}
${steps.join("\n")}
}
${each((j, t) => {
  const sum = `sum_${j}_${t}`;
  return `parts[((share * ${slots}u + ${j}u) * ${tokens}u + ${t}u) * p.lanes + l] = (${sum}.x + ${sum}.y) + (${sum}.z + ${sum}.w);`;
})}`;
}

/** The shares of one sum, added in their order. */
export const addParts = (sum: string, at: string): string =>
  `var ${sum} = 0.0; for (var i = 0u; i < p.lanes; i++) { ${sum} += parts[(${at}) * p.lanes + i]; }`;

/** A weight form whose names end in a slot's number. */
function inSlot(type: GpuType, j: number): { load: string; value(i: number): string } {
  const { load, value } = gpuForms[type];
  const own = ["unit", ...letters, ...Array.from(load.matchAll(/let (\w+) =/g), ([, name]) => name)];
  const pattern = new RegExp(`(?<![\\w.])(${own.join("|")})\\b`, "g");
  const rename = (code: string) => code.replace(pattern, (name) => `${name}_${j}`);
  return { load: rename(load), value: (i) => rename(value(i)) };
}

/**
 * WGSL: `put(which, row, t, y)` puts a product where it belongs, with its bias and what comes after; or `put(row, t, gate, up)` with an
 * activation, of one product without `up`.
 */
export function putFunction({ products, then }: MatmulOptions): string {
  const withBias = (sum: string, k: number) =>
    `if (p.bias${k} != 0xffffffffu) { ${sum} += v[p.bias${k} + row]; }`;
  if (typeof then !== "object")
    return `fn put(which: u32, row: u32, t: u32, sum: f32) {
  var y = sum;
  ${Array.from(
    { length: products },
    (_, k) => `if (which == ${k}u) {
    ${withBias("y", k)}
    y${k}[(t + p.y_first) * p.stride${k} + p.column${k} + row] = y;
  }`,
  ).join("\n")}
  ${then === "add" ? "let into = (t + p.y_first) * p.r_stride + p.column0 + row; r[into] = fma(p.factor, y, r[into]);" : ""}
}`;
  return `${activationFunction(then.activation)}
fn put(row: u32, t: u32, gate_sum: f32${products === 2 ? ", up_sum: f32" : ""}) {
  var gate = gate_sum;
  ${withBias("gate", 0)}
  ${
    products === 1
      ? "y0[t * p.stride0 + row] = activated(gate, p.limit);"
      : `var up = up_sum;
  ${withBias("up", 1)}
  y1[t * p.stride1 + row] = up;
  y0[t * p.stride0 + row] = activated(gate, p.limit) * factor_of(up, p.limit);`
  }
}`;
}
