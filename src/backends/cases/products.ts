// Cases of products with weight matrices of every type, and of the rows that are looked up in them.
import { dequantize } from "../../formats/blocks/dequantize.ts";
import { floatToHalf } from "../../formats/blocks/half.ts";
import { type Kernels, matmulName, type WeightType, weightForms } from "../../kernels/module/module.ts";
import { addRows } from "../../kernels/ops/elementwise.ts";
import { matmul, matmulHeads, matmulQuantized } from "../../kernels/products/matmul.ts";
import {
  quantizeActivations,
  quantizeActivationsBy256,
} from "../../kernels/products/quantize-activations.ts";
import { gpuTypeOf } from "../../kernels/products/weights.wgsl.ts";
import type { DType } from "../../tensor/dtype.ts";
import { weightTypeOf } from "../wasm/matrix.ts";
import { describe, join, normals, type OperationCase, type Rounding } from "./case.ts";

/** A weight matrix in file form. */
export interface CaseWeights {
  readonly name: string;
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  readonly bytes: Uint8Array;
}

/** The weights as f16, which is what becomes of those that no kernel computes. */
export function toHalves<W extends CaseWeights>(weights: W): W {
  if (weights.dtype === "F16") return weights;
  const count = weights.rows * weights.cols;
  const halves = floatToHalf(dequantize(weights.dtype, weights.bytes, count), new Uint16Array(count));
  return { ...weights, dtype: "F16", bytes: new Uint8Array(halves.buffer) };
}

/** The kernels of a weight type beside its products, the likeliest culprit first. */
function packersOf(type: WeightType): (keyof Kernels)[] {
  // The table of forms says which types have one of these.
  return weightForms[type].halves ? [`pack_${type}`, `normalize_${type}` as keyof Kernels] : [`pack_${type}`];
}

/** Products of so many tokens with one matrix, and of the first of them alone: that takes a path of its own. */
export function linearCase(weights: CaseWeights, tokens: number): OperationCase {
  const { name, dtype, rows, cols } = weights;
  const type = weightTypeOf(dtype);
  const { activations } = weightForms[type];
  return {
    operation: "linear",
    about: `products with ${name}, of 1 and ${tokens} tokens`,
    kernels(products) {
      const names: (keyof Kernels)[] = [matmulName(type, products), ...packersOf(type)];
      return activations === "f32" ? names : [...names, `quantize_${activations}`];
    },
    // sums of `cols` terms in f32, half an ulp (6e-8) a term at random signs; integers within a block are exact
    tolerance: 1e-5,
    async prepare(stage, random) {
      const b = stage.backend;
      const x = normals(random, tokens * cols);
      const matrix = await stage.matrix(weights);
      const from = await stage.rows(x, cols);
      const [some, out] = [b.allocate(cols, tokens), stage.room(rows, tokens)];
      const multiply = async (first: number, batch: number) => {
        b.takeRows(
          from,
          Int32Array.from({ length: batch }, (_, row) => first + row),
          some,
        );
        b.linear(some, [[matrix, out]]);
        return (await stage.read(out)).slice();
      };
      const inBatches = (most: number) => async () => {
        const parts: Float32Array[] = [];
        for (let first = 0; first < tokens; first += most)
          parts.push(await multiply(first, Math.min(most, tokens - first)));
        return join([...parts, parts[0].subarray(0, rows)]);
      };
      return {
        run: async () => join([await multiply(0, tokens), await multiply(0, 1)]),
        same: { "1 token at a time": inBatches(1), "5 tokens at a time": inBatches(5) },
        expected(rounding) {
          const y = new Float32Array(tokens * rows);
          const shape = { rows, cols, tokens, type: rounding === "cpu" ? type : "f32" } as const;
          multiplyPlainly(valuesOf(weights, rounding), x, y, shape);
          return join([y, y.subarray(0, rows)]);
        },
      };
    },
  };
}

/** Products of heads with rows of their own, behind `before` values that stay. */
export function headsCase(
  weights: CaseWeights,
  shape: { tokens: number; heads: number; before: number },
): OperationCase {
  const { name, dtype, rows, cols } = weights;
  const { tokens, heads, before } = shape;
  const type = weightTypeOf(dtype);
  const [width, height] = [before + cols, before + rows / heads];
  return {
    operation: "linearHeads",
    about: `products of heads with ${name}: ${describe(shape)}`,
    kernels: (products) => [matmulName(type, products), ...packersOf(type), "copy_rows"],
    tolerance: 1e-5, // as above
    async prepare(stage, random) {
      const x = normals(random, tokens * heads * width);
      const matrix = await stage.matrix(weights, { unit: rows / heads });
      const [from, out] = [
        await stage.slice(x, heads * width, width),
        stage.room(heads * height, tokens, height),
      ];
      return {
        run() {
          stage.backend.linearHeads(from, matrix, out, heads);
          return stage.read(out);
        },
        expected(rounding) {
          const y = new Float32Array(tokens * heads * height);
          const rounded = rounding === "cpu" ? type : "f32";
          matmulHeads(
            valuesOf(weights, rounding),
            x,
            y,
            { rows: rows / heads, cols, heads, tokens },
            (w, a, b, one) => multiplyPlainly(w, a, b, { ...one, type: rounded }),
          );
          return y;
        },
      };
    },
  };
}

/** All rows of a matrix, looked up. */
export function lookupCase(weights: CaseWeights): OperationCase {
  const { name, dtype, rows, cols } = weights;
  const type = weightTypeOf(dtype);
  return {
    operation: "embed",
    about: `rows of ${name}`,
    kernels: () => [`unpack_row_${type}`, ...packersOf(type)],
    tolerance: 0, // a quant times its scale has one rounding, on every machine
    async prepare(stage) {
      const b = stage.backend;
      const table = await stage.matrix(weights);
      const out = b.allocate(cols, rows);
      const ids = Int32Array.from({ length: rows }, (_, row) => row);
      return {
        run() {
          b.embed(table, ids, out);
          return b.read(out);
        },
        expected: (rounding) => valuesOf(weights, rounding),
      };
    },
  };
}

/** What the weights stand for: in half precision where a device has no kernels of their type. */
function valuesOf(weights: CaseWeights, rounding: Rounding): Float32Array {
  const isHalf = {
    none: false,
    cpu: weightTypeOf(weights.dtype) === "f16",
    gpu: gpuTypeOf(weights.dtype) === "F16",
  };
  const { dtype, rows, cols, bytes } = isHalf[rounding] ? toHalves(weights) : weights;
  return dequantize(dtype, bytes, rows * cols);
}

/** Several products of the same activations, one with a bias, of which the first is not a whole number of row groups. */
export function biasCase(shape: { tokens: number; cols: number; rows: number }): OperationCase {
  const { tokens, cols, rows } = shape;
  return {
    operation: "linear",
    about: `product with a bias: ${describe(shape)}`,
    kernels: () => ["matmul_f32", "add_rows"],
    tolerance: 5e-6, // as above, of fewer terms
    async prepare(stage, random) {
      const x = normals(random, tokens * cols);
      const [first, second] = [rows * cols, 8 * cols].map((count) => normals(random, count));
      const bias = normals(random, rows);
      const from = await stage.rows(x, cols);
      const matrices = [await stage.floats(first, cols, { bias }), await stage.floats(second, cols)] as const;
      const outs = [stage.room(rows, tokens), stage.room(8, tokens)] as const;
      return {
        async run() {
          stage.backend.linear(from, [
            [matrices[0], outs[0]],
            [matrices[1], outs[1]],
          ]);
          return join([(await stage.read(outs[0])).slice(), await stage.read(outs[1])]);
        },
        expected() {
          const [y, z] = [new Float32Array(tokens * rows), new Float32Array(tokens * 8)];
          matmul(first, x, y, { rows, cols, tokens });
          matmul(second, x, z, { rows: 8, cols, tokens });
          addRows(y, bias);
          return join([y, z]);
        },
      };
    },
  };
}

function multiplyPlainly(
  weight: Float32Array,
  x: Float32Array,
  y: Float32Array,
  { type, ...shape }: { rows: number; cols: number; tokens: number; type: WeightType },
): void {
  const { activations } = weightForms[type];
  if (activations === "f32") return matmul(weight, x, y, shape);
  const round = activations === "q8" ? quantizeActivations : quantizeActivationsBy256;
  matmulQuantized(weight, round(x, shape), y, shape);
}
