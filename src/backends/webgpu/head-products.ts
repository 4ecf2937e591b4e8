// Products of heads with rows of their own on a GPU: heads are cut, what is to be multiplied first.
import { cutHeadsShader, groupsFor } from "../../kernels/ops/elementwise.wgsl.ts";
import { headsShader } from "../../kernels/products/heads.wgsl.ts";
import { lanesOf, MOST_TOKENS, rowsOfGroup } from "../../kernels/products/matmul.wgsl.ts";
import type { RowSpan } from "../../tensor/backend.ts";
import type { Area, Gpu } from "./gpu.ts";
import { Rows } from "./rows.ts";
import type { GpuMatrix } from "./weights.ts";

/** Where products of heads go: within a head behind `before` values; with a factor they are added. */
interface HeadRows {
  readonly area: Area;
  readonly stride: number;
  readonly head: number;
  readonly before: number;
  readonly factor?: number;
}

export class HeadProducts {
  readonly #gpu: Gpu;
  readonly #maxTokens: number;
  /** Room for what is multiplied and for A x, a row for each head of a token, by their widths. */
  readonly #rooms = new Map<string, Rows>();

  constructor(gpu: Gpu, maxTokens: number) {
    this.#gpu = gpu;
    this.#maxTokens = maxTokens;
  }

  /** Records `Backend.linearHeads`. */
  send(x: Rows, weight: GpuMatrix, y: Rows, heads: number, tokens: number): void {
    const { rest, before } = this.#cut(x, y, { cols: weight.cols, rows: weight.rows, heads, tokens });
    const into = { area: y.area, stride: y.stride, head: before + weight.rows / heads, before };
    this.#multiply(rest, weight, into, heads, { first: 0, rows: tokens });
  }

  /** Records `Backend.addLowRank` of such products. */
  addLowRank(
    x: Rows,
    { down, up }: { readonly down: GpuMatrix; readonly up: GpuMatrix },
    y: Rows,
    heads: number,
    span: RowSpan,
    factor: number,
  ): void {
    const { cols } = down;
    const { rest, before } = this.#cut(x, y, { cols, rows: up.rows, heads, tokens: span.first + span.rows });
    const { area, stride } = this.#room("inner", up.cols, heads);
    const inner = { area, stride: heads * stride, head: stride, before: 0 };
    this.#multiply(rest, down, inner, heads, span);
    const into = { area: y.area, stride: y.stride, head: before + up.rows / heads, before, factor };
    this.#multiply({ area }, up, into, heads, span);
  }

  /** Rows of what is multiplied, one a head; what comes before it is in y. */
  #cut(
    x: Rows,
    y: Rows,
    { cols, rows, heads, tokens }: { cols: number; rows: number; heads: number; tokens: number },
  ): { rest: Rows; before: number } {
    const rest = this.#room("rest", cols, heads);
    const before = x.width / heads - cols;
    const count = tokens * heads * (before + rest.stride);
    this.#gpu.call(
      this.#gpu.pipeline(cutHeadsShader.name, () => cutHeadsShader),
      [x.area, y.area, rest.area],
      [count, heads, before, cols, rest.stride, x.stride, y.stride, before + rows / heads],
      ...groupsFor(count),
    );
    return { rest, before };
  }

  #multiply(
    { area: x }: { readonly area: Area },
    { type, cols, subs, rows, parts, bytes }: GpuMatrix,
    into: HeadRows,
    heads: number,
    span: RowSpan,
  ): void {
    const gpu = this.#gpu;
    const { stride, head, before, factor } = into;
    const lanes = lanesOf(cols);
    const batch = span.rows === 1 ? 1 : MOST_TOKENS;
    const groupRows = rowsOfGroup(lanes, undefined);
    const groups = Math.ceil(rows / heads / groupRows);
    const batches = Math.ceil(span.rows / batch);
    const adds = factor !== undefined;
    const pipeline = gpu.pipeline(`heads product ${type} ${batch} ${adds}`, () =>
      headsShader(type, batch, adds),
    );
    for (const { area, planes, firstRow, rows: own } of parts) {
      const numbers = [lanes, groupRows, subs, span.first, span.rows, heads, groups, rows / heads];
      numbers.push(firstRow, own, ...planes, stride, head, before);
      if (adds) numbers.push(factor);
      gpu.call(pipeline, [area, area, x, into.area], numbers, heads * groups, batches);
    }
    gpu.counts.weightBytes += batches * bytes;
  }

  #room(of: "rest" | "inner", cols: number, heads: number): Rows {
    const key = `${of} ${cols} ${heads}`;
    const room = this.#rooms.get(key) ?? new Rows(this.#gpu, cols, this.#maxTokens * heads);
    this.#rooms.set(key, room);
    return room;
  }
}
