// The cases of products: weights of every type, in sizes that try every path of the kernels.
import { quantize } from "../../formats/blocks/quantize.ts";
import { createRandom } from "../../random.ts";
import type { DType } from "../../tensor/dtype.ts";
import { dtypesWithKernels } from "../wasm/matrix.ts";
import { normals, type OperationCase } from "./case.ts";
import { biasCase, type CaseWeights, linearCase, lookupCase } from "./products.ts";

/** A type of which no kernel knows. */
const withoutKernels: DType = "TQ2_0";

/** Random weights of a type. */
function makeCaseWeights(dtype: DType, rows: number, cols: number): CaseWeights {
  const values = normals(createRandom(rows * cols), rows * cols).map((value) => value / Math.sqrt(cols));
  const bytes = dtype === "F32" ? new Uint8Array(values.buffer) : quantize(dtype, values);
  return { name: `weights in ${dtype}, ${rows} x ${cols}`, dtype, rows, cols, bytes };
}

/** Rows that are no whole row groups, an odd number of groups, several tiles of tokens. */
const quantizedShapes = [
  { rows: 20, cols: 256, tokens: 11 },
  { rows: 56, cols: 768, tokens: 70 },
  { rows: 8, cols: 2048, tokens: 1 },
];
/** Widths that no vector divides. */
const floatShapes = [
  { rows: 32, cols: 7, tokens: 2 },
  { rows: 9, cols: 1, tokens: 1 },
  { rows: 40, cols: 1030, tokens: 9 },
];

const casesOfType = (dtype: DType, shapes: typeof floatShapes) =>
  shapes.flatMap(({ rows, cols, tokens }) => {
    const weights = makeCaseWeights(dtype, rows, cols);
    return [linearCase(weights, tokens), lookupCase(weights)];
  });

export const productCases: readonly OperationCase[] = [
  ...[...dtypesWithKernels, withoutKernels].flatMap((dtype) => casesOfType(dtype, quantizedShapes)),
  ...(["F32", "F16", "BF16"] as const).flatMap((dtype) => casesOfType(dtype, floatShapes)),
  biasCase({ tokens: 1, cols: 16, rows: 3 }),
  biasCase({ tokens: 7, cols: 172, rows: 20 }),
];
