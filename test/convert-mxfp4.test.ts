// GPT-OSS as published, experts in MXFP4: the same blocks in GGUF, nothing rounded twice.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  dequantize,
  openCheckpoint,
  quantize,
  type TensorToWrite,
  writeSafetensors,
} from "../src/formats/index.ts";
import { ConfigReader } from "../src/models/config/config-reader.ts";
import { completeForm } from "../src/models/families/find.ts";
import { gptOss } from "../src/models/families/gpt-oss.ts";
import { convertToGguf } from "../src/models/gguf/convert.ts";
import { createBlankSource } from "../src/models/gguf/gguf-layout.ts";
import { describeModel } from "../src/models/open-model.ts";
import { matricesOf } from "../src/models/weights/tensor-plan.ts";
import { planWeights } from "../src/models/weights/weight-plan.ts";
import { createWeightReader } from "../src/models/weights/weight-reader.ts";
import { createRandom } from "../src/random.ts";
import { byteLength } from "../src/tensor/dtype.ts";
import { golden, maxDifference } from "./places.ts";
import { openReference } from "./reference-run.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-mxfp4-"));
after(() => rmSync(folder, { recursive: true }));

/** ggml's blocks as the publisher has them: neighbours in a byte, scales in a tensor of their own. */
function apart(blocks: Uint8Array): { bytes: Uint8Array; scales: Uint8Array } {
  const count = blocks.length / 17;
  const [bytes, scales] = [new Uint8Array(16 * count), new Uint8Array(count)];
  for (let b = 0; b < count; b++) {
    scales[b] = blocks[17 * b];
    const values = Array.from(
      { length: 32 },
      (_, i) => (blocks[17 * b + 1 + (i & 15)] >> (i < 16 ? 0 : 4)) & 15,
    );
    for (let j = 0; j < 16; j++) bytes[16 * b + j] = values[2 * j] | (values[2 * j + 1] << 4);
  }
  return { bytes, scales };
}

/** A folder with random weights in the published layout, of sizes that MXFP4 can hold. */
async function makeCheckpoint(): Promise<string> {
  const published = JSON.parse(readFileSync(golden("families", "gpt_oss", "config.json"), "utf8"));
  const config = { ...published, hidden_size: 64, intermediate_size: 64 };
  const reader = new ConfigReader("config", new Map(Object.entries(config)));
  const facts = { has: () => false, values: () => undefined };
  const blank = createBlankSource([]);
  const form = completeForm(gptOss, "huggingface")!;
  planWeights(blank, form.readConfig(reader, facts), form, facts);
  const random = createRandom(7);
  const tensors: TensorToWrite[] = [];
  for (const [name, shape] of blank.shapes) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, () => 0.15 * random.normal());
    if (!/experts\.(gate_up|down)_proj$/.test(name)) {
      tensors.push({ name, dtype: "F32", shape, data: new Uint8Array(values.buffer) });
      continue;
    }
    const [count, inputs, outputs] = shape; // as numbers they are stored [experts, in, out]
    const { bytes, scales } = apart(quantize("MXFP4", values));
    const outer = [count, outputs, inputs / 32];
    tensors.push({ name: `${name}_blocks`, dtype: "U8", shape: [...outer, 16], data: bytes });
    tensors.push({ name: `${name}_scales`, dtype: "U8", shape: outer, data: scales });
  }
  const place = join(folder, "gpt-oss");
  mkdirSync(place);
  writeFileSync(join(place, "config.json"), JSON.stringify(config));
  await writeSafetensors(join(place, "model.safetensors"), { metadata: {}, tensors });
  return place;
}

const source = await makeCheckpoint();

test("an expert is read at once, as a model larger than its memory needs it", async () => {
  const checkpoint = await openCheckpoint(source);
  const { weights } = await describeModel(checkpoint);
  const reader = createWeightReader(checkpoint.files);
  const experts = matricesOf(weights).filter(({ expert }) => expert);
  assert.equal(experts.length, 3 * 4 * 2);
  for (const plan of experts) {
    const { read, dtype, cols } = reader.matrix(plan);
    assert.equal(dtype, "MXFP4");
    const target = new Uint8Array(byteLength(dtype, 8 * cols));
    assert.equal(read(0, 8, target), undefined);
    assert.ok(target.some((byte) => byte > 0));
  }
  await checkpoint.close();
});

test("experts keep their values, the rest is as exact as its type", async () => {
  const checkpoint = await openCheckpoint(source);
  for (const fileType of ["F32", "MXFP4_MOE"] as const) {
    await convertToGguf(checkpoint, join(folder, `${fileType}.gguf`), { fileType });
  }
  await checkpoint.close();
  const [wide, packed] = await Promise.all(
    ["F32", "MXFP4_MOE"].map((name) => openCheckpoint(join(folder, `${name}.gguf`))),
  );
  let experts = 0;
  for (const { name, dtype, shape } of packed.tensors.values()) {
    if (!name.endsWith("_exps.weight")) continue;
    experts++;
    assert.equal(dtype, "MXFP4");
    const count = shape.reduce((a, b) => a * b, 1);
    const found = dequantize(dtype, await packed.readTensor(name), count);
    assert.deepEqual(found, dequantize("F32", await wide.readTensor(name), count), name);
  }
  assert.equal(experts, 6);
  for (const one of [wide, packed]) await one.close();
  const [before, written] = [await openReference(source), await openReference(join(folder, "F32.gguf"))];
  const tokens = Array.from({ length: 40 }, (_, i) => (7 * i) % 160);
  const [expected, found] = [await before.run(tokens), await written.run(tokens)];
  assert.ok(maxDifference(found.logits, expected.logits) <= 1e-5);
  await before.close();
  await written.close();
});
