// A memory budget: experts read as they are needed give the same bits, and what cannot fit is refused with figures.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { memoryNeeds } from "../src/models/memory.ts";
import { describeModel } from "../src/models/open-model.ts";
import { golden } from "./places.ts";

const file = golden("gguf", "mixtral-q4_0.gguf");
const shape = { contextLength: 96, cacheType: "F16", threads: 2, chunkTokens: 8 } as const;
const prompt = Array.from({ length: 40 }, (_, i) => (i * 37) % 500);

async function needsOf(path: string, threads: number = shape.threads) {
  const checkpoint = await openCheckpoint(path);
  try {
    const { config, weights } = await describeModel(checkpoint);
    return memoryNeeds(config, weights, { ...shape, threads });
  } finally {
    await checkpoint.close();
  }
}

async function run(memoryBytes?: number, threads = 2) {
  const { contextLength, chunkTokens } = shape;
  const model = await load(file, { contextLength, chunkTokens, threads, memoryBytes });
  try {
    const ids: number[] = [];
    const events = model.complete(prompt, { temperature: 0, maxTokens: 24, ignoreEos: true });
    for (;;) {
      const next = await events.next();
      if (next.done) {
        const { data } = await model.logits([...prompt, ...ids]);
        return { ids, logits: data, experts: next.value.experts, weightBytes: model.engine.weightBytes };
      }
      if (next.value.type === "text-delta") ids.push(...next.value.tokens.map(({ id }) => id));
    }
  } finally {
    await model.dispose();
  }
}

describe("a mixture of experts larger than its memory", () => {
  it("generates the same, bit for bit, with three times less memory for its experts", async () => {
    const whole = await run();
    assert.equal(whole.experts, undefined);
    for (const threads of [1, 2]) {
      const needs = await needsOf(file, threads);
      const paged = await run(needs.total - needs.experts * (2 / 3), threads);
      assert.deepEqual(paged.ids, whole.ids);
      assert.deepEqual(paged.logits, whole.logits);
      assert.ok(paged.experts && paged.experts.misses > 0 && paged.experts.hits > 0);
    }
  });

  it("is refused where not even the experts of a token fit, with the figures", async () => {
    const needs = await needsOf(file);
    const tooLittle = needs.total - needs.experts;
    await assert.rejects(run(tooLittle), (error: Error & { code?: string }) => {
      assert.equal(error.code, "memory");
      assert.match(error.message, /takes \d+\.\d\d GB .* are allowed; even with experts read/);
      return true;
    });
  });
});

it("a dense model that does not fit is refused, with the figures", async () => {
  const dense = golden("gguf", "llama-q8_0.gguf");
  const { total } = await needsOf(dense);
  await assert.rejects(
    load(dense, { ...shape, memoryBytes: total / 2 }),
    /a dense model needs all of its weights/,
  );
});
