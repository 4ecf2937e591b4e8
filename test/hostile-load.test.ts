// Damaged models: metadata, tensors and tokenizers are checked before a worker starts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { describeModel } from "../src/models/open-model.ts";
import { createRandom } from "../src/random.ts";
import { isLong } from "../src/test-long.ts";
import { tokenizerFromGguf } from "../src/tokenizers/index.ts";
import { golden } from "./places.ts";
import { processorMs } from "./processor-time.ts";

const SEED = 20261122;
const MUTATIONS = isLong ? 400 : 150;
/** Far above what any of them takes; a hang is what is looked for. */
const PROCESSOR_LIMIT_MS = 5000;

for (const name of ["llama-q4_0.gguf", "qwen3-q8_0.gguf", "mixtral-q8_0.gguf"]) {
  it(`${name}: ${MUTATIONS} seeded mutations of its header (seed ${SEED}) open or fail plainly`, async () => {
    const whole = readFileSync(golden("gguf", name));
    const intact = await openCheckpoint(new Uint8Array(whole));
    const header = Math.min(...Array.from(intact.tensors.values(), (tensor) => tensor.offset));
    await intact.close();
    const random = createRandom(SEED);
    let refused = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const bytes = new Uint8Array(whole);
      for (let flips = 1 + random.integer(4); flips > 0; flips--) {
        // Mostly the beginning and the end of the header, where sizes and shapes are; the vocabulary lies between.
        const third = header / 6;
        const at = Math.floor(
          random.uniform() < 0.5 ? random.uniform() * third : header - 1 - random.uniform() * third,
        );
        bytes[at] = random.uniform() < 0.5 ? random.integer(256) : bytes[at] ^ (1 << random.integer(8));
      }
      const started = processorMs();
      try {
        const checkpoint = await openCheckpoint(bytes);
        try {
          await describeModel(checkpoint);
          tokenizerFromGguf(checkpoint.metadata).encode("秋夜 autumn night");
        } finally {
          await checkpoint.close();
        }
      } catch (error) {
        assert.ok(error instanceof BaimoError, `mutation ${i}: ${(error as Error).stack}`);
        assert.ok(error.message.length > 20, `mutation ${i}: "${error.message}" does not say what and where`);
        refused++;
      }
      assert.ok(processorMs() - started < PROCESSOR_LIMIT_MS, `mutation ${i} took too long`);
    }
    assert.ok(refused > MUTATIONS / 10, `only ${refused} were refused: the mutations miss the header`);
  });
}

it("weights that are not numbers give an error at the first token, not a hang", async () => {
  const bytes = new Uint8Array(readFileSync(golden("gguf", "llama-f32.gguf")));
  const checkpoint = await openCheckpoint(bytes);
  const norm = checkpoint.tensors.get("output_norm.weight");
  await checkpoint.close();
  assert.ok(norm);
  bytes.fill(0xff, norm.offset, norm.offset + norm.byteLength);
  const model = await load(bytes, { threads: 2, contextLength: 64 });
  try {
    await assert.rejects(
      async () => {
        for await (const _ of model.complete([1, 2, 3], { maxTokens: 2 }));
      },
      (error) => error instanceof BaimoError,
    );
  } finally {
    await model.dispose();
  }
});
