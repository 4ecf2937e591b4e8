// GGUF files made by llama.cpp's converter, or as it makes them, against the golden runs.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { type Checkpoint, openByteSource, openCheckpoint } from "../src/formats/index.ts";
import type { TensorInfo } from "../src/formats/tensor-info.ts";
import { golden, maxDifference, readJson } from "./places.ts";
import { openReference } from "./reference-run.ts";

for (const file of readdirSync(golden("gguf-families"))) {
  const family = file.replace(/\.gguf$/, "");
  describe(`${file} on reference`, () => {
    const stored = readJson(golden("families", family, "golden.json"));
    for (const [i, { input_ids: prompt }] of stored.cases.entries()) {
      it(`case ${i}: logits of ${prompt.length} tokens`, async () => {
        const model = await openReference(golden("gguf-families", file));
        if (family === "xlm-roberta-rank" && i === 0) return model.close(); // GGUF has no position for padding
        const answers = await openCheckpoint(golden("families", family, "golden.safetensors"));
        const { logits } = await model.run(prompt);
        // An encoder alone is known by its final states.
        const hasLogits = answers.tensors.has(`logits.${i}`);
        const key = hasLogits ? `logits.${i}` : `hidden.${i}.${model.config.numLayers}`;
        const expected = new Float32Array((await answers.readTensor(key)).slice().buffer);
        const difference = maxDifference(logits, expected);
        const rounding = hasLogits ? stored.fp32_vs_fp64_max_abs : stored.fp32_vs_fp64_hidden_max_abs;
        assert.ok(difference <= Math.max(1e-4, 20 * rounding), `differs by ${difference}`);
        await model.close();
        await answers.close();
      });
    }
  });
}

/** What latent attention absorbs, as files had it before it was stored apart: keys and values of all heads in one matrix. */
async function joinedKeysValues(checkpoint: Checkpoint): Promise<Checkpoint> {
  const of = async (name: string) => new Float32Array((await checkpoint.readTensor(name)).slice().buffer);
  const tensors = new Map<string, TensorInfo>(checkpoint.tensors);
  const files = [...checkpoint.files];
  for (let layer = 0; tensors.has(`blk.${layer}.attn_k_b.weight`); layer++) {
    const [k, v] = [`blk.${layer}.attn_k_b.weight`, `blk.${layer}.attn_v_b.weight`];
    const [[heads, rank, keyDim], [, valueDim]] = [tensors.get(k)!.shape, tensors.get(v)!.shape];
    const [keys, values] = [await of(k), await of(v)];
    const joined = new Float32Array(heads * (keyDim + valueDim) * rank);
    let next = 0;
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < keyDim; row++)
        for (let i = 0; i < rank; i++) joined[next++] = keys[(head * rank + i) * keyDim + row];
      joined.set(values.subarray(head * valueDim * rank, (head + 1) * valueDim * rank), next);
      next += valueDim * rank;
    }
    tensors.delete(k);
    tensors.delete(v);
    const name = `blk.${layer}.attn_kv_b.weight`;
    const shape = [heads * (keyDim + valueDim), rank];
    const { byteLength } = joined;
    tensors.set(name, { name, dtype: "F32", shape, file: files.length, offset: 0, byteLength });
    files.push(await openByteSource(new Uint8Array(joined.buffer)));
  }
  const metadata = new Map(checkpoint.metadata);
  for (const key of ["key_length", "value_length"]) {
    const ofHead = metadata.get(`deepseek2.attention.${key}_mla`);
    metadata.delete(`deepseek2.attention.${key}_mla`);
    if (ofHead !== undefined) metadata.set(`deepseek2.attention.${key}`, ofHead);
  }
  return { ...checkpoint, tensors, files, metadata };
}

it("latent attention of an older file, its keys and values in one matrix: the same bits", async () => {
  const checkpoint = await openCheckpoint(golden("gguf-families", "deepseek_v3.gguf"));
  const [apart, whole] = [
    await openReference(checkpoint),
    await openReference(await joinedKeysValues(checkpoint)),
  ];
  const prompt = [5, 17, 31, 8, 44, 2, 9];
  assert.deepEqual(await whole.run(prompt), await apart.run(prompt));
  await checkpoint.close();
});
