// Products with weights on a GPU, and rows that are looked up in them.
import { NONE } from "../../kernels/module/wgsl.ts";
import { lookupShader } from "../../kernels/products/lookup.wgsl.ts";
import {
  lanesOf,
  type MatmulOptions,
  MOST_TOKENS,
  matmulShader,
  nameOf,
  rowsOfGroup,
} from "../../kernels/products/matmul.wgsl.ts";
import { rowsOfTile, TILE_TOKENS, tilesShader } from "../../kernels/products/tiles.wgsl.ts";
import type { RowSpan } from "../../tensor/backend.ts";
import type { Gpu } from "./gpu.ts";
import { areAlike, type GpuProduct, type LinearOperation } from "./operations.ts";
import type { Rows, Vectors } from "./rows.ts";
import type { GpuMatrix, MatrixPart } from "./weights.ts";

/** Products of one call: as many as the buffers that a shader may have allow, with those that every call has. */
const MOST_PRODUCTS = 3;
/** Fewer tokens go without tiles: the weights are then read twice at most. */
export const LEAST_TILED = 2 * MOST_TOKENS + 1;

/** Records products in as few calls as their weights allow. */
export function sendLinear(gpu: Gpu, vectors: Vectors, operation: LinearOperation): void {
  const { products, activate } = operation;
  if (activate) return sendProducts(gpu, vectors, operation, products, products[0][0].parts[0]);
  for (const group of groupAlike(products)) {
    for (const part of group[0][0].parts) sendProducts(gpu, vectors, operation, group, part);
  }
}

/** Neighbours whose weights lie in one buffer and are of one type. */
function groupAlike(products: readonly GpuProduct[]): GpuProduct[][] {
  const groups: GpuProduct[][] = [];
  for (const product of products) {
    const last = groups.at(-1);
    const rowsAside = last && [...last, product].map(([weight, y]) => [{ ...weight, rows: 0 }, y] as const);
    if (last && rowsAside && last.length < MOST_PRODUCTS && areAlike(rowsAside)) last.push(product);
    else groups.push([product]);
  }
  return groups;
}

function sendProducts(
  gpu: Gpu,
  vectors: Vectors,
  { x, tokens, add, activate }: LinearOperation,
  products: readonly GpuProduct[],
  part: MatrixPart,
  firstRow = 0,
): void {
  const [{ type, cols, subs }] = products[0];
  const lanes = lanesOf(cols);
  const then = activate ? { activation: activate.activation } : add ? "add" : undefined;
  const tiled = tokens >= LEAST_TILED;
  const batch = tiled ? TILE_TOKENS : tokens === 1 ? 1 : MOST_TOKENS;
  const options: MatmulOptions = { type, tokens: batch, products: products.length, then };
  const rows = tiled ? rowsOfTile(options) : rowsOfGroup(lanes, then);
  const numbers = [lanes, rows, subs, tokens, firstRow, firstRow];
  const groups: number[] = [];
  for (const [weight, y] of products) {
    const own = products.length > 1 ? weight.parts[0] : part;
    const bias = weight.bias === undefined ? NONE : weight.bias + own.firstRow;
    numbers.push(...own.planes, own.rows, bias, y.stride, own.firstRow);
    groups.push(Math.ceil(own.rows / rows));
  }
  if (activate) numbers.push(activate.limit);
  else numbers.push(...groups.slice(0, -1));
  if (add) numbers.push(add.factor, add.to.stride);
  const areas = [part.area, part.area, x.area, vectors.area, ...products.map(([, y]) => y.area)];
  if (add) areas.push(add.to.area);
  const columns = activate ? groups[0] : groups.reduce((a, b) => a + b, 0);
  const batches = Math.ceil(tokens / batch);
  gpu.call(
    gpu.pipeline(nameOf(tiled ? "tiles" : "matmul", options), () =>
      tiled ? tilesShader(options) : matmulShader(options),
    ),
    areas,
    numbers,
    columns,
    batches,
  );
  for (const [weight] of products) {
    const own = products.length > 1 ? weight.parts[0] : part;
    gpu.counts.weightBytes += (batches * weight.bytes * own.rows) / weight.rows;
  }
}

/** y = x W^T in some rows of x and the same of y, of a matrix in one part. */
export function sendSpan(
  gpu: Gpu,
  vectors: Vectors,
  span: RowSpan,
  call: { x: Rows; y: Rows; weight: GpuMatrix; add?: LinearOperation["add"] },
): void {
  const { x, y, weight, add } = call;
  const operation = { kind: "linear", x, tokens: span.rows, products: [], add } as const;
  sendProducts(gpu, vectors, operation, [[weight, y]], weight.parts[0], span.first);
}

/** out[t] = row ids[t] of a matrix. */
export function sendLookup(
  gpu: Gpu,
  { type, subs, parts }: GpuMatrix,
  ids: Int32Array<ArrayBuffer>,
  out: Rows,
): void {
  const pipeline = gpu.pipeline(`lookup ${type}`, () => lookupShader(type));
  const at = gpu.put(ids);
  for (const part of parts) {
    const numbers = [subs, out.width, out.stride, at, part.firstRow, part.rows, ...part.planes];
    gpu.call(pipeline, [part.area, part.area, gpu.data, out.area], numbers, Math.ceil(subs / 64), ids.length);
  }
}
