// Mixtures of experts on a GPU: choices, products and sums, none of which comes back to the CPU.
import { BaimoError } from "../../errors.ts";
import { NONE } from "../../kernels/module/wgsl.ts";
import { CHOICE_WORDS, routerShader } from "../../kernels/ops/router.wgsl.ts";
import {
  addAnswersShader,
  EXPERT_WORDS,
  type ExpertsShaderOptions,
  expertRows,
  expertsShader,
} from "../../kernels/products/experts.wgsl.ts";
import { lanesOf } from "../../kernels/products/matmul.wgsl.ts";
import type { Experts, Mixture, MixtureShape } from "../../tensor/backend.ts";
import type { Area, Gpu } from "./gpu.ts";
import { Rows, type Vectors } from "./rows.ts";
import { type GpuMatrix, matrixOf } from "./weights.ts";

/** Room for the choices of a call, and for what chosen experts compute. */
export class GpuMixture implements Mixture {
  readonly shape: MixtureShape;
  readonly routes: Area;
  readonly inner: Rows;
  readonly answers: Rows;

  constructor(gpu: Gpu, shape: MixtureShape, maxTokens: number) {
    const { router, inner, hiddenSize } = shape;
    const choices = maxTokens * router.perToken;
    this.shape = shape;
    this.routes = gpu.allocate(choices * CHOICE_WORDS * 4);
    this.inner = new Rows(gpu, inner[1], choices);
    this.answers = new Rows(gpu, hiddenSize, choices);
  }
}

/** Where the experts of a layer lie, of each buffer that has some: a table for shaders. */
interface ExpertPlaces {
  readonly bias: number;
  readonly tables: readonly { readonly table: Area; readonly weights: Area }[];
  /** An expert's matrices, whose planes lie like those of all others, counted from where they begin. */
  readonly gate?: GpuMatrix;
  readonly up: GpuMatrix;
  readonly down: GpuMatrix;
}

export class ExpertLayers {
  readonly #gpu: Gpu;
  readonly #vectors: Vectors;
  readonly #places = new WeakMap<Experts, ExpertPlaces>();

  constructor(gpu: Gpu, vectors: Vectors) {
    this.#gpu = gpu;
    this.#vectors = vectors;
  }

  /** Records `Backend.experts`. */
  send(x: Rows, logits: Rows, layer: Experts, mixture: GpuMixture, out: Rows, tokens: number): void {
    const gpu = this.#gpu;
    const { shape, routes, inner, answers } = mixture;
    const { router, activation, activationLimit } = shape;
    const places = this.#placesOf(layer);
    const route = gpu.pipeline(`router ${Object.values(router).join(" ")}`, () => routerShader(router));
    gpu.call(route, [logits.area, this.#vectors.area, routes], [logits.stride, places.bias], tokens);
    const choices = tokens * router.perToken;
    const { gate, up, down, tables } = places;
    const first = { activation, gated: gate !== undefined };
    for (const { table, weights } of tables)
      this.#multiply(up, first, {
        x,
        y: inner,
        routes,
        table,
        weights,
        per: router.perToken,
        limit: activationLimit,
        choices,
      });
    for (const { table, weights } of tables)
      this.#multiply(down, "down", {
        x: inner,
        y: answers,
        routes,
        table,
        weights,
        per: 1,
        limit: 0,
        choices,
      });
    const add = gpu.pipeline(addAnswersShader.name, () => addAnswersShader);
    const numbers = [out.width, out.stride, router.perToken];
    gpu.call(add, [answers.area, routes, out.area], numbers, Math.ceil(out.width / 64), tokens);
  }

  #multiply(
    matrix: GpuMatrix,
    of: ExpertsShaderOptions["of"],
    call: {
      readonly x: Rows;
      readonly y: Rows;
      readonly routes: Area;
      readonly table: Area;
      readonly weights: Area;
      readonly per: number;
      readonly limit: number;
      readonly choices: number;
    },
  ): void {
    const { type, cols, subs, rows } = matrix;
    const { x, y, routes, table, weights, per, limit, choices } = call;
    const lanes = lanesOf(cols);
    const name = `experts ${type} ${of === "down" ? of : `${of.activation} ${of.gated}`}`;
    const pipeline = this.#gpu.pipeline(name, () => expertsShader({ type, of }));
    const areas = [weights, weights, x.area, this.#vectors.area, routes, table, y.area];
    const numbers = [lanes, expertRows(lanes), subs, rows, per, y.stride, ...planesFromStart(matrix), limit];
    this.#gpu.call(pipeline, areas, numbers, Math.ceil(rows / expertRows(lanes)), choices);
    const matrices = of !== "down" && of.gated ? 2 : 1;
    this.#gpu.counts.weightBytes += choices * matrices * matrix.bytes;
  }

  #placesOf(layer: Experts): ExpertPlaces {
    const known = this.#places.get(layer);
    if (known) return known;
    const { experts, selectionBias } = layer;
    const all = experts.map(({ gate, up, down }) => ({
      gate: gate && matrixOf(gate),
      up: matrixOf(up),
      down: matrixOf(down),
    }));
    checkAlike(all);
    const bias = selectionBias ? this.#vectors.add(selectionBias).at : NONE;
    const areas = new Set(
      all.flatMap(({ gate, up, down }) => [gate ?? up, up, down].map(({ parts }) => parts[0].area)),
    );
    const tables = [...areas].map((weights) => {
      const words = new Uint32Array(all.length * EXPERT_WORDS).fill(NONE);
      for (const [e, { gate, up, down }] of all.entries()) {
        for (const [m, matrix] of [gate, up, down].entries()) {
          if (matrix?.parts[0].area !== weights) continue;
          words[e * EXPERT_WORDS + 2 * m] = matrix.parts[0].planes[0];
          words[e * EXPERT_WORDS + 2 * m + 1] = matrix.bias ?? NONE;
        }
      }
      const table = this.#gpu.allocate(words.byteLength);
      this.#gpu.write(table, 0, words);
      return { table, weights };
    });
    const places = { bias, tables, ...all[0] };
    this.#places.set(layer, places);
    return places;
  }
}

/** Where planes begin, counted from the matrix's first word. */
function planesFromStart({ parts: [{ planes }] }: GpuMatrix): number[] {
  return planes.map((plane) => Math.max(0, plane - planes[0]));
}

/** A call computes all experts alike. */
function checkAlike(
  experts: readonly { readonly gate?: GpuMatrix; readonly up: GpuMatrix; readonly down: GpuMatrix }[],
): void {
  const [{ gate, up, down }] = experts;
  const same = (a: GpuMatrix | undefined, b: GpuMatrix | undefined) =>
    a?.type === b?.type && a?.rows === b?.rows && a?.cols === b?.cols;
  const gatedAlike = (own: GpuMatrix | undefined, beside: GpuMatrix) =>
    !own || (same(own, beside) && own.parts[0].area === beside.parts[0].area);
  for (const [e, other] of experts.entries()) {
    if (
      same(other.gate, gate) &&
      same(other.up, up) &&
      same(other.down, down) &&
      gatedAlike(other.gate, other.up)
    )
      continue;
    throw new BaimoError(
      "shape",
      `expert ${e} is not of the types and sizes of expert 0, or its gate lies in another buffer, which the GPU does not compute; use the device "cpu"`,
    );
  }
}
