// Products of heads with rows of their own on a GPU: heads are cut, what is to be multiplied first.
import { strideOf } from "../../kernels/module/wgsl.ts";
import { cutHeadsShader, groupsFor } from "../../kernels/ops/elementwise.wgsl.ts";
import { headsShader } from "../../kernels/products/heads.wgsl.ts";
import { lanesOf, MOST_TOKENS, rowsOfGroup } from "../../kernels/products/matmul.wgsl.ts";
import type { Gpu } from "./gpu.ts";
import { Rows } from "./rows.ts";
import type { GpuMatrix } from "./weights.ts";

export class HeadProducts {
  readonly #gpu: Gpu;
  readonly #maxTokens: number;
  /** Room for what is multiplied, a row for each head of a token, by its width. */
  readonly #rooms = new Map<string, Rows>();

  constructor(gpu: Gpu, maxTokens: number) {
    this.#gpu = gpu;
    this.#maxTokens = maxTokens;
  }

  /** Records `Backend.linearHeads`. */
  send(x: Rows, weight: GpuMatrix, y: Rows, heads: number, tokens: number): void {
    const gpu = this.#gpu;
    const { type, cols, subs, parts } = weight;
    const rest = this.#room(cols, heads);
    const before = x.width / heads - cols;
    const rows = weight.rows / heads;
    const head = before + rows;
    const count = tokens * heads * (before + strideOf(cols));
    gpu.call(
      gpu.pipeline(cutHeadsShader.name, () => cutHeadsShader),
      [x.area, y.area, rest.area],
      [count, heads, before, cols, rest.stride, x.stride, y.stride, head],
      ...groupsFor(count),
    );
    const lanes = lanesOf(cols);
    const batch = tokens === 1 ? 1 : MOST_TOKENS;
    const groupRows = rowsOfGroup(lanes, undefined);
    const groups = Math.ceil(rows / groupRows);
    const pipeline = gpu.pipeline(`heads product ${type} ${batch}`, () => headsShader(type, batch));
    for (const { area, planes, firstRow, rows: own } of parts) {
      const numbers = [lanes, groupRows, subs, tokens, heads, groups, rows, firstRow, own, ...planes];
      numbers.push(y.stride, head, before);
      const areas = [area, area, rest.area, y.area];
      gpu.call(pipeline, areas, numbers, heads * groups, Math.ceil(tokens / batch));
    }
    gpu.counts.weightBytes += Math.ceil(tokens / batch) * weight.bytes;
  }

  #room(cols: number, heads: number): Rows {
    const key = `${cols} ${heads}`;
    const room = this.#rooms.get(key) ?? new Rows(this.#gpu, cols, this.#maxTokens * heads);
    this.#rooms.set(key, room);
    return room;
  }
}
