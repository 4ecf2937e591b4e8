// A memory budget: paged experts give the same bits; what cannot fit is refused with figures.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { openDevice } from "../src/backends/open-device.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { describeForDevice } from "../src/models/device-model.ts";
import { footprint } from "../src/models/footprint.ts";
import { describeModel } from "../src/models/open-model.ts";
import { shapeOfCheckpoint } from "../src/plan/model/from-checkpoint.ts";
import { defined } from "../src/plan/quantity/quantity.ts";
import { cachePerToken } from "../src/plan/serving/kv-cache.ts";
import { golden } from "./places.ts";

const file = golden("gguf", "mixtral-q4_0.gguf");
const shape = { contextLength: 96, cacheType: "F16", threads: 2, chunkTokens: 8 } as const;
const prompt = Array.from({ length: 40 }, (_, i) => (i * 37) % 150);

async function needsOf(path: string, threads: number = shape.threads) {
  const checkpoint = await openCheckpoint(path);
  try {
    const model = describeForDevice(await describeModel(checkpoint), checkpoint.files);
    const { contextLength, cacheType, chunkTokens: maxTokens } = shape;
    return (await openDevice("cpu")).count(
      model,
      { contextLength, cacheTokens: contextLength, sequences: 16, cacheType, maxTokens },
      threads,
    );
  } finally {
    await checkpoint.close();
  }
}

async function run(
  path: string,
  options: { memoryBytes?: number; threads?: number; readAhead?: boolean } = {},
) {
  const model = await load(path, { ...shape, ...options });
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

it("latent attention keeps one key for all heads: as foretold, as planned, as it is", async () => {
  const path = golden("families", "deepseek_v3");
  const checkpoint = await openCheckpoint(path);
  const { name, config, weights } = await describeModel(checkpoint);
  await checkpoint.close();
  const half = defined("bytes of a value", 2, "byte/count", "f16");
  const { cache } = shapeOfCheckpoint(name, config, footprint(config, weights));
  assert.ok(cache);
  const planned = cachePerToken(cache, half);
  // 2 layers, a latent of 20 and 12 dimensions that turn
  assert.equal(planned.value, 2 * 32 * 2);
  const { contextLength } = shape;
  assert.equal((await needsOf(path, 1)).cache, contextLength * planned.value);
  const model = await load(path, { ...shape, threads: 1, cacheTokens: contextLength });
  assert.equal(model.engine.cacheBytes, contextLength * planned.value);
  await model.dispose();
});

/** Worker threads of this process that have not ended. */
function countThreads() {
  const live = { count: 0, started: 0 };
  process.on("worker", (worker) => {
    live.count++;
    live.started++;
    worker.once("exit", () => live.count--);
  });
  return live;
}

describe("a mixture of experts larger than its memory", () => {
  for (const [path, share] of [
    [file, 1 / 3],
    // stored transposed, with the rows of two matrices in turns; half of the experts answer each token
    [golden("families", "gpt_oss"), 2 / 3],
  ] as const) {
    it(`${basename(path)} generates the same, bit for bit, with part of its experts in memory`, async () => {
      const whole = await run(path);
      assert.equal(whole.experts, undefined);
      for (const [threads, readAhead] of [[1, false] as const, [1, true] as const, [2, true] as const]) {
        const needs = await needsOf(path, threads);
        const memoryBytes = needs.total - needs.experts * (1 - share);
        const paged = await run(path, { memoryBytes, threads, readAhead });
        assert.deepEqual(paged.ids, whole.ids);
        assert.deepEqual(paged.logits, whole.logits);
        const { experts } = paged;
        assert.ok(experts && experts.misses > 0 && experts.hits > 0);
        assert.ok(experts.readAhead >= 0 && experts.readAhead <= experts.misses);
      }
    });
  }

  it("leaves no thread behind, neither disposed of nor aborted while it loads", async () => {
    const threads = countThreads();
    const needs = await needsOf(file, 1);
    const options = { ...shape, threads: 1, memoryBytes: needs.total - needs.experts * (2 / 3) };
    const started: number[] = [];
    for (const readAhead of [false, true]) {
      const before = threads.started;
      const model = await load(file, { ...options, readAhead });
      await model.dispose();
      started.push(threads.started - before);
    }
    assert.ok(started[1] > started[0]);
    assert.equal(threads.count, 0);
    const controller = new AbortController();
    const loading = load(file, {
      ...options,
      readAhead: true,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(loading, { code: "aborted" });
    assert.equal(threads.count, 0);
  });

  it("is lost with its file while it runs, and comes back with it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "baimo-experts-"));
    try {
      const copy = join(folder, "model.gguf");
      await copyFile(file, copy);
      const needs = await needsOf(file);
      const memoryBytes = needs.total - needs.experts * (2 / 3);
      const model = await load(copy, { ...shape, memoryBytes, readAhead: true });
      const { data: expected } = await model.logits(prompt);
      await truncate(copy, 1000);
      await assert.rejects(model.logits([...prompt].reverse()), {
        code: "device",
        message: /cannot be read any more: .* ended at byte|another worker/,
      });
      await assert.rejects(model.logits(prompt), { code: "device", message: /could not be started again/ });
      assert.equal(model.status, "lost");
      await copyFile(file, copy);
      assert.deepEqual((await model.logits(prompt)).data, expected);
      assert.equal(model.status, "ready");
      await model.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("does not go on with experts of a file that was overwritten", async () => {
    const folder = await mkdtemp(join(tmpdir(), "baimo-experts-"));
    try {
      const copy = join(folder, "model.gguf");
      await copyFile(file, copy);
      await utimes(copy, 1, 1);
      const needs = await needsOf(file);
      const memoryBytes = needs.total - needs.experts * (2 / 3);
      const model = await load(copy, { ...shape, memoryBytes, readAhead: true });
      const { data: expected } = await model.logits(prompt);
      const bytes = await readFile(file);
      await writeFile(copy, bytes); // in place: the same file, at another time
      await assert.rejects(model.logits([...prompt].reverse()), {
        code: "device",
        message: /cannot be read any more: .* was changed while it was in use|another worker/,
      });
      assert.deepEqual((await model.logits(prompt)).data, expected);
      await copyFile(golden("gguf", "mixtral-q8_0.gguf"), copy);
      await assert.rejects(model.logits([...prompt].reverse()), { code: "device" });
      await assert.rejects(model.logits(prompt), { code: "device", message: /is another model than it was/ });
      await model.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("sweeps through its experts with as many at hand as there is room for", async () => {
    const needs = await needsOf(file, 1);
    const { contextLength, chunkTokens } = shape;
    const memoryBytes = needs.total - needs.experts * (1 / 2);
    const model = await load(file, { contextLength, chunkTokens, threads: 1, memoryBytes });
    try {
      const events = model.complete(prompt, { temperature: 0, maxTokens: 1, ignoreEos: true });
      let next = await events.next();
      while (!next.done) next = await events.next();
      const { experts } = next.value;
      // Five chunks, the first of which finds nothing; the least recently used would never be there.
      assert.ok(experts && experts.hits > 0.3 * (experts.hits + experts.misses), JSON.stringify(experts));
    } finally {
      await model.dispose();
    }
  });

  it("is refused where not even the experts of a token fit, with the figures", async () => {
    const needs = await needsOf(file);
    const tooLittle = needs.total - needs.experts;
    await assert.rejects(run(file, { memoryBytes: tooLittle }), (error: Error & { code?: string }) => {
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
