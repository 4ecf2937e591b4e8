// V8's pairing of 128-bit vectors on Node 24 gives the same bits as one vector at a time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../random.ts";
import {
  activationBytes,
  GROUP,
  type KernelModule,
  matmulName,
  packedBytes,
  probeProducts,
  scratchBytes,
  type WeightType,
  weightForms,
} from "./module.ts";
import { loadBuild, normals, seed, TestMemory } from "./test-memory.ts";

const [rows, cols] = [40, 512];
const types = Object.keys(weightForms) as WeightType[]; // keys of the table of types

/** A product of random packed weights, in which no scale is infinite, with random activations. */
function product(module: KernelModule, type: WeightType, tokens: number): Float32Array {
  const random = createRandom(seed);
  const b = new TestMemory(module);
  // halves from 2^-6 to 2^-5 of either sign, or bytes that make no large exponent wherever a scale begins
  const halves = Uint16Array.from({ length: packedBytes(type, rows / GROUP, cols) / 2 }, () =>
    weightForms[type].halves ? 0x2400 | (random.integer(0x10000) & 0x87ff) : random.integer(0x10000) & 0x3f3f,
  );
  const w = b.put(new Uint8Array(halves.buffer));
  let x = b.put(normals(random, tokens * cols));
  const form = weightForms[type].activations;
  if (form !== "f32") {
    const rounded = b.room(activationBytes(form, tokens, cols));
    b.k[`quantize_${form}`](x, cols, tokens, cols, rounded);
    x = rounded;
  }
  const y = b.result(tokens * rows);
  const scratch = b.room(scratchBytes(cols, 0));
  const multiply = b.k[matmulName(type, probeProducts(module))];
  multiply(w, rows / GROUP, cols, x, cols, tokens, y, rows, 1, scratch);
  return b.floats(y, tokens * rows);
}

const joins = Number.parseInt(process.versions.v8, 10) === 13 && process.arch === "x64";
for (const build of ["relaxed", "simd"] as const) {
  test(`joined vectors, ${build} build`, {
    skip: !joins && "this V8 is not told to join vectors",
  }, async () => {
    const [joined, single] = [await loadBuild(build), await loadBuild(build, false)];
    for (const type of types) {
      for (const tokens of [1, 7]) {
        const expected = product(single, type, tokens);
        assert.ok(expected.every(Number.isFinite));
        assert.deepEqual(product(joined, type, tokens), expected, `${type}, ${tokens} tokens`);
      }
    }
  });
}
