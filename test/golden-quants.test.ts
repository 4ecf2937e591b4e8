// Packing and unpacking of every block type, against blocks and values stored by gguf.quants.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { openCheckpoint } from "../src/formats/checkpoint.ts";
import { dequantize, dequantizeInto, quantize } from "../src/formats/index.ts";
import type { DType } from "../src/tensor/dtype.ts";
import { goldenSets, readJson, unlessBeside } from "./places.ts";

interface Manifest {
  types: Record<string, { quantise: boolean }>;
}

const floats = (bytes: Uint8Array) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** Compares float32 arrays by their bits; NaN equals NaN. */
function assertSameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) {
      assert.fail(`${what}: value ${i} is ${actual[i]}, expected ${expected[i]}`);
    }
  }
}

/** The tensors of a file, as bytes. */
async function tensorsOf(path: string): Promise<(name: string) => Promise<Uint8Array>> {
  const checkpoint = await openCheckpoint(new Uint8Array(readFileSync(path)));
  return async (name) => checkpoint.readTensor(name);
}

const missing = unlessBeside("quants");
if (missing) test("blocks that are not copied here", { skip: missing }, () => {});

for (const { name, path } of goldenSets("quants")) {
  if (!name.includes(".safetensors")) continue;
  const type = basename(path, ".safetensors") as DType;
  const { types } = readJson(join(dirname(path), "manifest.json")) as Manifest;

  test(`${name} unpacks to the stored values, bit for bit`, async () => {
    const tensor = await tensorsOf(path);
    const blocks = await tensor("blocks");
    const expected = floats(await tensor("values"));
    assertSameBits(dequantize(type, blocks, expected.length), expected, type);
    // From a place that is not aligned, into a view.
    const moved = new Uint8Array(blocks.length + 1);
    moved.set(blocks, 1);
    const target = new Float32Array(expected.length + 1).subarray(1);
    dequantizeInto(type, moved.subarray(1), target);
    assertSameBits(target, expected, `${type} moved`);
  });

  if (types[type].quantise) {
    test(`${name} packs to the stored blocks, and these unpack to the stored values`, async () => {
      const tensor = await tensorsOf(path);
      const source = floats(await tensor("source"));
      const expected = await tensor("source_blocks");
      const blocks = quantize(type, source);
      const wrong = blocks.findIndex((b, i) => b !== expected[i]);
      assert.equal(wrong, -1, `${type}: byte ${wrong} is ${blocks[wrong]}, expected ${expected[wrong]}`);
      assert.equal(blocks.length, expected.length);
      assertSameBits(dequantize(type, blocks, source.length), floats(await tensor("source_values")), type);
    });
  }
}
