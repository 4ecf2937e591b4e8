// The self-test of the kernels: small seeded problems against the plain references, before an engine trusts them.

import { dequantize } from "../../formats/dequantize.ts";
import { isQuantizable, quantize } from "../../formats/quantize.ts";
import { activate, activationNumber } from "../../kernels/activate.ts";
import { attention } from "../../kernels/attention.ts";
import { matmul, matmulQuantized } from "../../kernels/matmul.ts";
import {
  activationBytes,
  type Kernels,
  matmulName,
  type ProductMode,
  weightForms,
} from "../../kernels/module.ts";
import { norm } from "../../kernels/norm.ts";
import { quantizeActivations, quantizeActivationsBy256 } from "../../kernels/quantize-activations.ts";
import { rope } from "../../kernels/rope.ts";
import { createRandom } from "../../random.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { Bank } from "./bank.ts";
import { dtypesWithKernels, loadMatrix, multiply, weightTypeOf } from "./matrix.ts";

/** Largest difference over the largest value: float32 sums of a hundred terms stay far below, a wrong kernel far above. */
const TOLERANCE = 1e-4;
const ROWS = 24;
/** One token takes the memory-bound path, seven the tiles and their tail. */
const TOKEN_COUNTS = [1, 7];

/** Names of the kernels whose results are not those of their references. */
export async function findWrongKernels(
  instantiate: (memory: WebAssembly.Memory) => Kernels,
  products: ProductMode,
): Promise<string[]> {
  const random = createRandom(20);
  const values = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const bank = new Bank(instantiate);
  const k = bank.kernels;
  const put = (data: Float32Array) => {
    const address = bank.allocate(data.byteLength);
    bank.f32.set(data, address / 4);
    return address;
  };
  const room = (floats: number) => bank.allocate(floats * 4);
  const at = (address: number, count: number) => bank.f32.subarray(address / 4, address / 4 + count);
  const wrong: string[] = [];
  const check = (name: string, address: number, expected: Float32Array) => {
    const found = at(address, expected.length);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const good = expected.every((value, i) => Math.abs(value - found[i]) <= TOLERANCE * largest);
    if (!good && !wrong.includes(name)) wrong.push(name);
  };

  for (const dtype of dtypesWithKernels) {
    const cols = dtypes[dtype].elements === 256 ? 256 : 96;
    await testProduct(dtype, cols, values(ROWS * cols), values(cols * 7));
  }
  const x = values(3 * 64);
  const weight = values(64);
  const normed = room(3 * 64);
  k.norm(put(x), 64, 3, 64, 0, 1e-5, put(weight), 0, normed, 64);
  const expectedNorm = new Float32Array(3 * 64);
  norm(x, expectedNorm, { rows: 3, width: 64, kind: "rms", eps: 1e-5, weight });
  check("norm", normed, expectedNorm);

  const gate = values(3 * 64);
  const product = put(gate);
  k.activate(activationNumber("silu"), product, 64, put(x), 64, 3, 64, 0);
  const expectedProduct = new Float32Array(3 * 64);
  activate("silu", gate, x, 0, expectedProduct);
  check("activate", product, expectedProduct);

  const cos = values(3 * 16).map(Math.cos);
  const sin = values(3 * 16).map(Math.sin);
  const rotated = put(x);
  k.rope(rotated, 64, 3, 2, 32, 32, put(cos), put(sin));
  const expectedRotated = x.slice();
  rope(expectedRotated, cos, sin, { tokens: 3, heads: 2, headDim: 32, ropeDim: 32 });
  check("rope", rotated, expectedRotated);

  testAttention("f32", values(40 * 32), values(40 * 32), values(3 * 64));
  testAttention("f16", values(40 * 32), values(40 * 32), values(3 * 64));
  return wrong;

  async function testProduct(dtype: DType, cols: number, w: Float32Array, input: Float32Array) {
    const raw = isQuantizable(dtype) ? quantize(dtype, w) : new Uint8Array(w.buffer);
    const source = {
      ...{ name: "self-test", dtype, rows: ROWS, cols },
      read: (first: number, rows: number, target: Uint8Array) => {
        const rowBytes = raw.length / ROWS;
        target.set(raw.subarray(first * rowBytes, (first + rows) * rowBytes));
      },
    };
    const matrix = await packNow(source);
    const type = weightTypeOf(dtype);
    const exact = dequantize(dtype, raw, ROWS * cols);
    const scratch = bank.allocate(1 << 20);
    for (const tokens of TOKEN_COUNTS) {
      const address = put(input.subarray(0, tokens * cols));
      const expected = new Float32Array(tokens * ROWS);
      const shape = { rows: ROWS, cols, tokens };
      let prepared = address;
      const form = weightForms[type].activations;
      if (form !== "f32") {
        prepared = bank.allocate(activationBytes(form, tokens, cols));
        k[`quantize_${form}`](address, cols, tokens, cols, prepared);
        const round = form === "q8" ? quantizeActivations : quantizeActivationsBy256;
        matmulQuantized(exact, round(input, shape), expected, shape);
      } else {
        matmul(exact, input, expected, shape);
      }
      const out = room(tokens * ROWS);
      multiply(
        matrix.parts[0],
        matrix,
        products,
        { address: prepared, stride: cols, tokens },
        { address: out, stride: ROWS },
        scratch,
      );
      check(matmulName(type, products), out, expected);
    }
  }

  function testAttention(type: "f32" | "f16", keys: Float32Array, vals: Float32Array, query: Float32Array) {
    const [headDim, heads, position, tokens] = [32, 2, 37, 3];
    const positions = position + tokens;
    const areas = [room(64 * headDim), room(64 * headDim)];
    const storeK = type === "f16" ? k.store_k_f16 : k.store_k_f32;
    const storeV = type === "f16" ? k.store_v_f16 : k.store_v_f32;
    storeK(put(keys), headDim, positions, headDim, areas[0], 0);
    storeV(put(vals), headDim, positions, headDim, areas[1], 0);
    const out = room(tokens * heads * headDim);
    const run = type === "f16" ? k.attention_f16 : k.attention_f32;
    const stride = heads * headDim;
    run(
      put(query),
      stride,
      tokens,
      heads,
      headDim,
      headDim,
      areas[0],
      areas[1],
      position,
      0,
      33,
      0.2,
      0,
      0,
      0,
      0,
      0,
      out,
      stride,
      bank.allocate(1 << 18),
    );
    const expected = new Float32Array(tokens * stride);
    const rounded = (data: Float32Array) =>
      type === "f16" ? dequantize("F16", quantize("F16", data), data.length) : data;
    attention({
      ...{
        q: query,
        k: rounded(keys),
        v: rounded(vals),
        out: expected,
        tokens,
        heads,
        kvHeads: 1,
        headDim,
        valueDim: headDim,
        position,
      },
      ...{ length: 0, causal: true, window: 33, scale: 0.2, softcap: 0 },
    });
    check(`attention_${type}`, out, expected);
  }

  function packNow(source: Parameters<typeof loadMatrix>[0]) {
    return loadMatrix(
      source,
      [0, ROWS],
      0,
      products,
      () => bank,
      (_, bytes) => bank.allocate(bytes),
    );
  }
}
