// Packing errs as little as ggml does, halves round right, and what does not fit is refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { BaimoError } from "../../errors.ts";
import { type DType, dtypes, isRead } from "../../tensor/dtype.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { dequantize } from "./dequantize.ts";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./half.ts";
import { isQuantizable, quantize } from "./quantize.ts";

const folder = "test/golden/quants";
const manifest: { types: Record<string, { ggml_type: number; row_bytes: number; quantise: boolean }> } =
  JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const types = Object.keys(manifest.types) as DType[];

/** The tensors of a golden file, as bytes. */
async function golden(type: string): Promise<(name: string) => Promise<Uint8Array>> {
  const checkpoint = await openCheckpoint(readFileSync(`${folder}/${type}.safetensors`));
  return async (name) => checkpoint.readTensor(name);
}

const floats = (bytes: Uint8Array) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

test("the goldens cover every block type of the table", () => {
  const names = Object.keys(dtypes) as DType[];
  for (const name of names)
    if ("ggml" in dtypes[name] && isRead(name) && dtypes[name].elements > 1)
      assert.ok(types.includes(name), name);
  for (const type of types)
    assert.equal(manifest.types[type].ggml_type, (dtypes[type] as { ggml: number }).ggml);
});

/** Relative errors of ggml's own quantisers on rows of the goldens; reference-errors.py beside it tells how they were made. */
const referenceErrors: Record<string, Record<string, number>> = JSON.parse(
  readFileSync(`${folder}/reference-errors.json`, "utf8"),
);

/** The root of the mean over rows of Σ w error² / Σ w value², as reference-errors.py has it. */
function relativeError(values: Float32Array, restored: Float32Array, weights: Float32Array): number {
  const columns = weights.length;
  let sum = 0;
  let rows = 0;
  for (let from = 0; from < values.length; from += columns) {
    let miss = 0;
    let size = 0;
    for (let i = 0; i < columns; i++) {
      miss += weights[i] * (restored[from + i] - values[from + i]) ** 2;
      size += weights[i] * values[from + i] ** 2;
    }
    if (size === 0) continue;
    sum += miss / size;
    rows++;
  }
  return Math.sqrt(sum / rows);
}

for (const type of Object.keys(referenceErrors) as DType[]) {
  // Measured when this was written: 0.996 to 1.002 times ggml's, since sums here are of float64 and ties fall otherwise.
  test(`${type} errs as little as ggml's quantiser, plainly and under an importance`, async () => {
    const parts = [];
    for (const from of ["Q8_0", "Q5_1", "Q6_K", "Q4_K"])
      parts.push(floats(await (await golden(from))("values")));
    const weights = Float32Array.from(parts.flatMap((part) => [...part]));
    const edges = floats(await (await golden("Q4_0"))("source"));
    const importance = Float32Array.from({ length: 1024 }, (_, i) => ((1 + ((37 * i) % 101)) / 32) ** 2);
    const ones = new Float32Array(1024).fill(1);
    for (const [rows, values] of Object.entries({ weights, edges })) {
      for (const [how, options] of Object.entries({ "": {}, " weighted": { importance } })) {
        const restored = dequantize(type, quantize(type, values, options), values.length);
        const error = relativeError(values, restored, how === "" ? ones : importance);
        const reference = referenceErrors[type][rows + how];
        assert.ok(error <= 1.05 * reference, `${rows}${how}: ${error}, ggml ${reference}`);
        // Levels are taken after the scale is rounded here, so constant rows can come out far better; others cannot.
        if (rows === "weights")
          assert.ok(error >= 0.98 * reference, `${rows}${how}: ${error}, ggml ${reference}`);
      }
    }
  });
}

test("sizes that do not fit and types that are not known are refused", () => {
  const refused = (run: () => unknown, code: string, message: RegExp) =>
    assert.throws(run, (e) => e instanceof BaimoError && e.code === code && message.test(e.message));
  refused(() => dequantize("Q4_0", new Uint8Array(18), 31), "shape", /31 values/);
  refused(() => dequantize("Q4_0", new Uint8Array(17), 32), "shape", /take 18 bytes/);
  refused(() => dequantize("F32", new Uint8Array(8), -2), "shape", /-2 values/);
  refused(() => dequantize("Q9_9" as DType, new Uint8Array(18), 32), "request", /Q9_9/);
  refused(() => dequantize("toString" as DType, new Uint8Array(18), 32), "request", /toString/);
  refused(() => quantize("IQ2_S", new Float32Array(256)), "request", /quantize: type is "IQ2_S"/);
  const importance = new Float32Array(96);
  refused(
    () => quantize("Q8_0", new Float32Array(320), { importance }),
    "shape",
    /96 columns does not fit 320/,
  );
  refused(() => quantize("Q4_K", new Float32Array(768), { importance }), "shape", /blocks of 256/);
  refused(() => quantize("Q8_0", new Float32Array(33)), "shape", /33 values/);
  assert.equal(isQuantizable("Q8_0"), true);
  assert.equal(isQuantizable("Q6_K"), true);
  assert.equal(isQuantizable("IQ2_S"), false);
  assert.equal(isQuantizable("constructor"), false);
});

test("every half and bfloat16 goes to float32 and back to itself", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const halves = halfToFloat(all);
  const backHalf = floatToHalf(halves);
  const bfloats = bfloatToFloat(all);
  const backBfloat = floatToBfloat(bfloats);
  for (let i = 0; i < 65536; i++) {
    if (!Number.isNaN(halves[i])) assert.equal(backHalf[i], i);
    else assert.ok(Number.isNaN(halfToFloat(backHalf.subarray(i, i + 1))[0]));
    if (!Number.isNaN(bfloats[i])) assert.equal(backBfloat[i], i);
    else assert.ok(Number.isNaN(bfloatToFloat(backBfloat.subarray(i, i + 1))[0]));
  }
});

test("float32 rounds to the nearest half, ties to even, by comparison with its neighbours", () => {
  // The two neighbouring halves come from the table; the nearer one, or the even one of equals, must be chosen.
  fc.assert(
    fc.property(fc.float({ min: -65519, max: 65519, noNaN: true }), (x) => {
      const [h] = floatToHalf(Float32Array.of(x));
      const value = halfToFloat(Uint16Array.of(h))[0];
      const error = Math.abs(value - x);
      for (const other of [h - 1, h + 1]) {
        if ((other & 0x7fff) > 0x7bff || other < 0) continue;
        const miss = Math.abs(halfToFloat(Uint16Array.of(other))[0] - x);
        assert.ok(error < miss || (error === miss && (h & 1) === 0), `${x} -> ${value}`);
      }
      assert.equal(h >> 15, Object.is(x, -0) || x < 0 ? 1 : 0);
    }),
    { seed: 7, numRuns: 5000 },
  );
  assert.deepEqual(
    [...floatToHalf(Float32Array.of(65519.99, 65520, 1e9, -1e9))],
    [0x7bff, 0x7c00, 0x7c00, 0xfc00],
  );
});

test("packing what was unpacked changes nothing", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("Q8_0", "Q4_0", "Q5_0") as fc.Arbitrary<"Q8_0" | "Q4_0" | "Q5_0">,
      fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 32, maxLength: 32 }),
      (type, list) => {
        const values = Float32Array.from(list, (v) => (Math.abs(v) < 1e-3 ? 0 : v));
        const once = dequantize(type, quantize(type, values), 32);
        const bound = Math.max(...values.map(Math.abs)) * { Q8_0: 0.0045, Q4_0: 0.126, Q5_0: 0.063 }[type];
        for (let i = 0; i < 32; i++)
          assert.ok(Math.abs(once[i] - values[i]) <= bound, `${type} ${values[i]}`);
      },
    ),
    { seed: 11, numRuns: 500 },
  );
});
