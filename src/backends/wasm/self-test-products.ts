// Self-tests of the weight kernels on rows of the model's weights, against dequantised products.
import { dequantize } from "../../formats/blocks/dequantize.ts";
import { floatToHalf } from "../../formats/blocks/half.ts";
import {
  activationBytes,
  GROUP,
  type Kernels,
  matmulName,
  normalize,
  type ProductMode,
  packedBytes,
  q8Offset,
  scratchBytes,
  type WeightType,
  weightForms,
} from "../../kernels/module/module.ts";
import { matmul, matmulQuantized } from "../../kernels/products/matmul.ts";
import {
  quantizeActivations,
  quantizeActivationsBy256,
} from "../../kernels/products/quantize-activations.ts";
import { createRandom } from "../../random.ts";
import type { WeightSample } from "../device.ts";
import type { Bank } from "./bank.ts";
import { weightTypeOf } from "./matrix.ts";

/** One token takes the memory-bound path, four a tile and its tail. */
const TOKEN_COUNTS = [1, 4];
/** Largest difference over the largest value: f32 sums of hundreds of terms stay far below, a wrong kernel far above. */
const TOLERANCE = 1e-4;

/** Whether a and b are the same but for rounding. */
export function isClose(found: Float32Array, expected: Float32Array): boolean {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    found.length === expected.length &&
    expected.every((value, i) => Math.abs(value - found[i]) <= TOLERANCE * largest)
  );
}

/** The sample as f16, which is what becomes of weights that no kernel computes. */
export function toHalves(sample: WeightSample): WeightSample {
  const count = sample.rows * sample.cols;
  const halves = floatToHalf(dequantize(sample.dtype, sample.bytes, count), new Uint16Array(count));
  return { ...sample, dtype: "F16", bytes: new Uint8Array(halves.buffer) };
}

/** A sample with what its kernels should answer. */
export class ProductTest {
  readonly sample: WeightSample;
  readonly type: WeightType;
  readonly #values: Float32Array;
  readonly #x: Float32Array;
  readonly #expected: readonly Float32Array[];

  constructor(given: WeightSample) {
    this.type = weightTypeOf(given.dtype);
    const sample = this.type === "f16" && given.dtype !== "F16" ? toHalves(given) : given;
    this.sample = sample;
    const { rows, cols } = sample;
    this.#values = dequantize(sample.dtype, sample.bytes, rows * cols);
    const random = createRandom(20);
    const x = new Float32Array(cols * Math.max(...TOKEN_COUNTS));
    for (let i = 0; i < x.length; i++) x[i] = 4 * random.uniform() - 2;
    this.#x = x;
    this.#expected = TOKEN_COUNTS.map((tokens) => {
      const out = new Float32Array(tokens * rows);
      const shape = { rows, cols, tokens };
      const { activations } = weightForms[this.type];
      if (activations === "f32") matmul(this.#values, x, out, shape);
      else {
        const round = activations === "q8" ? quantizeActivations : quantizeActivationsBy256;
        matmulQuantized(this.#values, round(x, shape), out, shape);
      }
      return out;
    });
  }

  /** The kernels that take part, the likeliest culprit first. */
  kernels(products: ProductMode): (keyof Kernels)[] {
    const { activations, halves } = weightForms[this.type];
    const names: (keyof Kernels)[] = [matmulName(this.type, products), `pack_${this.type}`];
    // The table of forms says which types have one.
    if (halves) names.push(`normalize_${this.type}` as keyof Kernels);
    if (activations !== "f32") names.push(`quantize_${activations}`);
    if (this.sample.embedding) names.push(`unpack_row_${this.type}`);
    return names;
  }

  /** Whether these kernels, over the memory of `bank`, answer as they should. */
  passes(bank: Bank, k: Kernels, products: ProductMode): boolean {
    const { type } = this;
    const { rows, cols, bytes, embedding } = this.sample;
    const groups = Math.ceil(rows / GROUP);
    const staged = bank.allocate((bytes.length / rows) * groups * GROUP);
    bank.u8.set(bytes, staged);
    const w = bank.allocate(packedBytes(type, groups, cols));
    k[`pack_${type}`](staged, w, groups, cols, q8Offset(products));
    const scale = 2 ** -normalize(k, type, w, groups, cols);
    const scratch = bank.allocate(scratchBytes(cols, 0));
    const form = weightForms[type].activations;
    const right = TOKEN_COUNTS.every((tokens, i) => {
      let x = bank.allocate(tokens * cols * 4);
      bank.f32.set(this.#x.subarray(0, tokens * cols), x / 4);
      if (form !== "f32") {
        const rounded = bank.allocate(activationBytes(form, tokens, cols));
        k[`quantize_${form}`](x, cols, tokens, cols, rounded);
        x = rounded;
      }
      const stride = groups * GROUP;
      const y = bank.allocate(tokens * stride * 4);
      k[matmulName(type, products)](w, groups, cols, x, cols, tokens, y, stride, scale, scratch);
      const found = Float32Array.from(
        { length: tokens * rows },
        (_, at) => bank.f32[y / 4 + Math.floor(at / rows) * stride + (at % rows)],
      );
      return isClose(found, this.#expected[i]);
    });
    return right && (!embedding || this.#looksUp(bank, k, w, scale, products));
  }

  #looksUp(bank: Bank, k: Kernels, w: number, scale: number, products: ProductMode): boolean {
    const { rows, cols } = this.sample;
    for (let row = 0; row < rows; row += GROUP - 1) {
      const out = bank.allocate(cols * 4);
      k[`unpack_row_${this.type}`](w, cols, row, out, scale, q8Offset(products));
      const found = bank.f32.slice(out / 4, out / 4 + cols);
      if (!isClose(found, this.#values.subarray(row * cols, (row + 1) * cols))) return false;
    }
    return true;
  }
}
