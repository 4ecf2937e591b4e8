// The engine on a GPU, software or not: tokens as in the golden run, counted work, a lost device.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openSharedGpu, openTestGpu } from "../src/backends/webgpu/test-gpu.ts";
import { load } from "../src/generate/load.ts";
import { type Shader, words } from "../src/kernels/module/wgsl.ts";
import { openGpuModel } from "./gpu-model.ts";
import { greedyIds } from "./greedy.ts";
import { golden, readJson } from "./places.ts";

const gpu = await openSharedGpu();
const folder = golden("families", "llama");

describe("the engine on WebGPU", { skip: typeof gpu === "string" && gpu }, () => {
  if (typeof gpu === "string") return;

  it("answers as the golden run does, from a worker, and names its adapter", async () => {
    const { input_ids: ids, greedy } = readJson(`${folder}/golden.json`).cases[0];
    const model = await load(folder, { device: "webgpu", contextLength: 96 });
    try {
      assert.equal(model.engine.device, "webgpu");
      assert.match(model.engine.kernels, /^WGSL on ./);
      const expected = greedy.slice(0, 5);
      assert.deepEqual(await greedyIds(model, ids, expected.length), expected);
      assert.deepEqual(await greedyIds(model, ids, expected.length), expected, "from the cache");
    } finally {
      await model.dispose();
    }
  });

  it("takes the CPU where the device is left to it and the GPU is software", async () => {
    const model = await load(folder, { device: "auto", threads: 1, contextLength: 96 });
    try {
      const isSoftware = model.engine.warnings.some((warning) => /^on the CPU: .* is no GPU/.test(warning));
      assert.equal(model.engine.device, isSoftware ? "cpu" : "webgpu");
    } finally {
      await model.dispose();
    }
  });

  it("reads each weight once a token, in at most 8 calls a layer, one submission, one read-back, no new buffer", async () => {
    const model = await openGpuModel(gpu, golden("gguf", "llama-q8_0.gguf"), { cacheType: "F16" });
    await model.last([1], 0);
    await model.last([4], 1);
    const before = { ...gpu.counts };
    await model.last([5], 2);
    const { calls, submissions, readBacks, buffers, weightBytes } = gpu.counts;
    const { numLayers } = model.config;
    assert.deepEqual(
      [submissions - before.submissions, readBacks - before.readBacks, buffers - before.buffers],
      [1, 1, 0],
    );
    // Beside the layers: the embedding, the last row, the final norm, the head.
    assert.ok(calls - before.calls <= 8 * numLayers + 4, `${calls - before.calls} calls`);
    const read = (weightBytes - before.weightBytes) / model.productBytes;
    assert.ok(read <= 1.05, `${read} times the weights' bytes`);
    const { weightBytes: done } = gpu.counts;
    await model.last(
      Array.from({ length: 32 }, (_, id) => id),
      3,
    );
    const forTile = (gpu.counts.weightBytes - done) / model.productBytes;
    assert.ok(forTile <= 1.05, `a prompt of 32 tokens reads the weights ${forTile} times`);
    gpu.freeAll();
  });

  it("reads back what it found of a row of logits, and no more", async () => {
    const small = await openGpuModel(gpu, golden("gguf", "llama-q4_0.gguf"));
    await small.last([1], 0);
    const before = { ...gpu.counts };
    const [found] = await small.largest(16);
    assert.equal(found.columns.length, 16);
    const { readBytes, submissions, buffers } = gpu.counts;
    assert.equal(readBytes - before.readBytes, 4 * (2 * 16 + 1));
    assert.deepEqual([submissions - before.submissions, buffers - before.buffers], [1, 1]);
    gpu.freeAll();
  });

  it("matrices cut across buffers give the same bits", async () => {
    const whole = await (await openGpuModel(gpu, folder)).last([1, 2, 3], 0);
    const cut = await openGpuModel(gpu, folder, { bufferBytes: 4096 });
    assert.deepEqual(await cut.last([1, 2, 3], 0), whole);
    gpu.freeAll();
  });

  it("what a shader reads beyond its buffer is none of another's", async () => {
    const secret = 0x5ec2e7;
    const [own, other, found] = [64, 1 << 16, 1 << 16].map((bytes) => gpu.allocate(bytes));
    gpu.write(other, 0, new Uint32Array(other.bytes / 4).fill(secret));
    const shader: Shader = {
      name: "look around",
      params: ["distance"],
      buffers: [words("own"), { name: "found", type: "array<u32>", writes: true }],
      size: 64,
      body: "let i = group.x * 64u + lane; found[i] = own[i * p.distance];",
    };
    for (const distance of [1, 1000, 0x3fff_ffff]) {
      const pipeline = gpu.pipeline(shader.name, () => shader);
      gpu.call(pipeline, [own, found], [distance], found.bytes / 256);
      const seen = new Uint32Array(await gpu.read([{ area: found, at: 0, bytes: found.bytes }]));
      assert.ok(!seen.includes(secret), `seen at distance ${distance}`);
    }
    gpu.freeAll();
  });

  it("a lost device is an error that says so", async () => {
    const lost = await openTestGpu();
    assert.ok(typeof lost !== "string");
    const model = await openGpuModel(lost, folder);
    await model.last([1], 0);
    lost.device.destroy();
    await assert.rejects(model.last([2], 1), {
      code: "device",
      message: /the GPU was lost.*open the model again/,
    });
  });
});
