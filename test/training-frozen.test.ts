// Adapters beside frozen weights in their file's own form: as over the same values in float32.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openCheckpoint, quantizeGguf } from "../src/formats/index.ts";
import { convertToGguf } from "../src/models/gguf/convert.ts";
import { describeModel } from "../src/models/open-model.ts";
import { writeInitialModel } from "../src/train/initialize.ts";
import { readTrainConfig } from "../src/train/run/config.ts";
import { objectiveOf, partsThatFit } from "../src/train/run/plan.ts";
import { TrainingSession } from "../src/train/session.ts";

const LENGTH = 37;
const llama = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 300,
  bos_token_id: 1,
  eos_token_id: 2,
};
const folder = mkdtempSync(join(tmpdir(), "baimo-frozen-"));
after(() => rmSync(folder, { recursive: true }));

/** Losses and norms of three steps, what the adapter became, and the memory of it all. */
async function train(path: string, threads: number, more: object) {
  await using checkpoint = await openCheckpoint(path);
  const description = await describeModel(checkpoint);
  const keys = {
    stage: "continue",
    model: path,
    data: ["none"],
    out: folder,
    steps: 3,
    lr: 0.01,
    schedule: "constant",
  };
  const sizes = { sequenceLength: LENGTH, batch: 1, microBatch: 1, r: 4 };
  const config = readTrainConfig(JSON.stringify({ ...keys, ...sizes, ...more }), "run.json");
  const objective = objectiveOf(config);
  const parts = await partsThatFit(config, description, { objective, threads });
  const session = await TrainingSession.open({ parts, files: checkpoint.files, objective, threads });
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const tokens = Int32Array.from({ length: LENGTH }, (_, i) => (i * 7919 + step * 104729) % 300);
    const targets = tokens.map((_, i) => tokens[i + 1] ?? -100);
    const batch = { tokens, targets, documents: [20, 17] };
    const { report } = await session.step([batch], { loss: Infinity, gradNorm: Infinity });
    losses.push(report.loss, report.gradNorm);
  }
  const values = session.model.adapter?.values() ?? [];
  await session.close();
  return { losses, values, bytes: session.bytes };
}

describe("adapters beside frozen weights", () => {
  before(async () => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(llama));
    await writeInitialModel(readFileSync(join(folder, "config.json")), join(folder, "model.safetensors"), {
      seed: 1,
    });
    await using checkpoint = await openCheckpoint(folder);
    await convertToGguf(checkpoint, join(folder, "F32.gguf"), { fileType: "F32" });
  });

  for (const [fileType, more] of [
    ["Q8_0", { adapter: "dora" }],
    ["Q4_K_M", { adapter: "lora", recompute: "attention", targets: ["q_proj", "down_proj"] }],
  ] as const) {
    test(`${fileType}, ${more.adapter}: on two threads the bits of one, and the losses of float32`, async () => {
      const [packed, unpacked] = [join(folder, `${fileType}.gguf`), join(folder, `${fileType}-as-f32.gguf`)];
      await using whole = await openCheckpoint(join(folder, "F32.gguf"));
      await quantizeGguf(whole, packed, fileType);
      await using quantized = await openCheckpoint(packed);
      await quantizeGguf(quantized, unpacked, "F32", { requantize: true });
      const [one, two, plain] = [
        await train(packed, 1, more),
        await train(packed, 2, more),
        await train(unpacked, 2, more),
      ];
      assert.deepEqual(two.losses, one.losses);
      assert.deepEqual(two.values, one.values);
      assert.match(one.values[0].name, /^model\.layers\.0\..*proj\.lora_A\.weight$/);
      for (const [i, loss] of one.losses.entries())
        assert.ok(
          Math.abs(loss - plain.losses[i]) < 1e-5 * plain.losses[i],
          `${loss}, not ${plain.losses[i]}`,
        );
    });
  }
});
