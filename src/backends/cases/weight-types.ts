// The cases of products: weights of every type, in sizes that try every path of the kernels.
import { floatToHalf } from "../../formats/blocks/half.ts";
import { quantize } from "../../formats/blocks/quantize.ts";
import { writeFloat8 } from "../../formats/quantized/write-blocks.ts";
import { createRandom } from "../../random.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { dtypesWithKernels } from "../wasm/matrix.ts";
import { normals, type OperationCase } from "./case.ts";
import { biasCase, type CaseWeights, headsCase, linearCase, lookupCase } from "./products.ts";

/** Types that are held as Q6_K, as Q2_K, as codes of IQ2, and as F16, for want of kernels. */
const withoutKernels = ["IQ3_XXS", "TQ2_0", "IQ2_XS", "F64"] as const;

/** Random weights of a type. */
function makeCaseWeights(dtype: DType, rows: number, cols: number): CaseWeights {
  const values = normals(createRandom(rows * cols), rows * cols).map((value) => value / Math.sqrt(cols));
  const bytes = weightBytes(dtype, values);
  return { name: `weights in ${dtype}, ${rows} x ${cols}`, dtype, rows, cols, bytes };
}

/** Values as a type has them. Those of E4M3_32, which no file holds, are cut to its codes. */
export function weightBytes(dtype: DType, values: Float32Array): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer);
  if (dtype === "F64") return new Uint8Array(Float64Array.from(values).buffer);
  if (dtype === "IQ3_XXS" || dtype === "IQ2_XS" || dtype === "IQ2_CODES")
    return codebookBlocks(dtype, values);
  if (dtype !== "E4M3_32") return quantize(dtype, values);
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 448;
  const bytes = new Uint8Array(byteLength(dtype, values.length));
  writeFloat8(
    values.map((value) => value / scale),
    () => scale,
    bytes,
  );
  return bytes;
}

/** Blocks of a type that nothing here writes, random as the values are: d, a half, comes first. */
function codebookBlocks(dtype: DType, values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer.slice(0, byteLength(dtype, values.length)));
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const d = floatToHalf(Float32Array.of(most / 500))[0];
  for (let p = 0; p < bytes.length; p += dtypes[dtype].bytes) {
    bytes[p] = d & 255;
    bytes[p + 1] = d >> 8;
  }
  return bytes;
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
  ...[...dtypesWithKernels, ...withoutKernels].flatMap((dtype) => casesOfType(dtype, quantizedShapes)),
  ...(["F32", "F16", "BF16"] as const).flatMap((dtype) => casesOfType(dtype, floatShapes)),
  biasCase({ tokens: 1, cols: 16, rows: 3 }),
  biasCase({ tokens: 7, cols: 172, rows: 20 }),
  biasCase({ tokens: 37, cols: 172, rows: 70 }),
  headsCase(makeCaseWeights("F32", 80, 8), { tokens: 3, heads: 4, before: 12 }),
  headsCase(makeCaseWeights("F16", 21, 13), { tokens: 1, heads: 3, before: 0 }),
  headsCase(makeCaseWeights("Q8_0", 96, 64), { tokens: 9, heads: 3, before: 16 }),
  headsCase(makeCaseWeights("Q4_K", 60, 256), { tokens: 4, heads: 5, before: 6 }),
];
