// Products with weights on a GPU for many tokens: tiles in workgroup memory.
import type { Shader } from "../module/wgsl.ts";
import {
  chooseProduct,
  letters,
  type MatmulOptions,
  nameOf,
  productBuffers,
  productParams,
  putFunction,
} from "./matmul.wgsl.ts";
import { gpuForms } from "./weights.wgsl.ts";

/** Invocations of a workgroup: 16 along the rows, 8 along the tokens. */
const SIZE = 128;
/** Rows and tokens of an invocation, which has every sixteenth row. */
const BLOCK = 4;
/** Rows of weights of a tile, and its tokens. */
const TILE_ROWS = 16 * BLOCK;
export const TILE_TOKENS = (SIZE / 16) * BLOCK;

/** Rows of a workgroup: where an activation comes after two products, half of a tile is one's and half the other's. */
export const rowsOfTile = ({ products, then }: Pick<MatmulOptions, "products" | "then">): number =>
  typeof then === "object" ? TILE_ROWS / products : TILE_ROWS;

/**
 * See `matmulShader`, whose sums these are in the same order: 32 values of a row at a time, made of its blocks once for all tokens of
 * a tile, lane after lane as that shader's lanes have them.
 */
export function tilesShader(options: Omit<MatmulOptions, "tokens">): Shader {
  const { type, products, then } = options;
  const { functions = "", load, value } = gpuForms[type];
  const shape = { ...options, tokens: TILE_TOKENS };
  const isActivated = typeof then === "object";
  const rowsOfGroup = rowsOfTile(options);
  const start = isActivated
    ? `let at = group.x; let rows = p.rows0;
${letters.map((letter) => `let ${letter} = ${products === 1 ? `p.${letter}0` : `select(p.${letter}0, p.${letter}1, own >= ${rowsOfGroup}u)`};`).join(" ")}`
    : chooseProduct(products);
  const pairs = Array.from({ length: BLOCK * BLOCK }, (_, i) => [Math.floor(i / BLOCK), i % BLOCK] as const);
  const each = (make: (j: number, k: number) => string) => pairs.map(([j, k]) => make(j, k)).join("\n");
  const blocks = (make: (j: number) => string) => Array.from({ length: BLOCK }, (_, j) => make(j)).join(" ");
  const halves = (first: number) =>
    [0, 1, 2, 3].map((i) => `weights[${(first + i) * TILE_ROWS}u + own] = ${value(first + i)};`).join("\n");
  const isPair = isActivated && products === 2;
  const put = (j: number, k: number) => {
    if (isPair && j >= BLOCK / 2) return "";
    const sums = isPair ? `total_${j}_${k}, total_${j + BLOCK / 2}_${k}` : `total_${j}_${k}`;
    return `if (row_${j} < rows && t_${k} < p.tokens) { put(${isActivated ? "" : "which, "}row_${j}, t_${k}, ${sums}); }`;
  };
  return {
    name: nameOf("tiles", shape),
    params: productParams(shape),
    buffers: productBuffers(shape),
    size: SIZE,
    declarations: `${functions}
var<workgroup> weights: array<vec4f, ${8 * TILE_ROWS}>;
var<workgroup> inputs: array<vec4f, ${8 * TILE_TOKENS}>;
${putFunction(shape)}`,
    body: `let first = group.y * ${TILE_TOKENS}u;
let own = lane % ${TILE_ROWS}u; let across = lane % 16u; let along = lane / 16u;
${start}
let units = min(at * ${rowsOfGroup}u + own % ${rowsOfGroup}u, rows - 1u) * p.subs;
${each((j, k) => `var total_${j}_${k} = 0.0;`)}
for (var l = 0u; l < p.lanes; l++) {
${each((j, k) => `var sum_${j}_${k} = vec4f(0.0);`)}
for (var s = l; s < p.subs; s += p.lanes) {
  workgroupBarrier();
  for (var k = lane; k < ${8 * TILE_TOKENS}u; k += ${SIZE}u) {
    inputs[k] = x4[((min(first + k / 8u, p.tokens - 1u) + p.x_first) * p.subs + s) * 8u + k % 8u];
  }
  {
    let unit = units + s;
    ${load}
    if (lane < ${TILE_ROWS}u) { ${halves(0)} } else { ${halves(4)} }
  }
  workgroupBarrier();
  for (var i = 0u; i < 8u; i++) {
    ${blocks((j) => `let v_${j} = weights[i * ${TILE_ROWS}u + across + ${16 * j}u];`)}
    ${blocks((k) => `let from_${k} = inputs[(along * ${BLOCK}u + ${k}u) * 8u + i];`)}
    ${each((j, k) => `sum_${j}_${k} = fma(v_${j}, from_${k}, sum_${j}_${k});`)}
  }
}
${each((j, k) => `total_${j}_${k} += (sum_${j}_${k}.x + sum_${j}_${k}.y) + (sum_${j}_${k}.z + sum_${j}_${k}.w);`)}
}
${blocks((j) => `let row_${j} = at * ${rowsOfGroup}u + across + ${16 * j}u;`)}
${blocks((k) => `let t_${k} = first + along * ${BLOCK}u + ${k}u;`)}
${each(put)}`,
  };
}
