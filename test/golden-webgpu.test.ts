// Whole models on a GPU, software or not, against their golden runs; the same bits in every batch.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openSharedGpu } from "../src/backends/webgpu/test-gpu.ts";
import { dequantize, openCheckpoint } from "../src/formats/index.ts";
import { type GpuModel, openGpuModel } from "./gpu-model.ts";
import { golden, maxDifference, readJson } from "./places.ts";

const gpu = await openSharedGpu();
/** F32 sums in another order than the float64 run's. */
const TOLERANCE = 1e-3;
/** Greedy tokens where the golden run's own choice was this clear may not differ. */
const MARGIN = 0.01;
const GREEDY = 4;

/** One of each kind: dense, sliding windows, a mixture, latent attention, gated delta nets, an encoder with its decoder. */
const families = ["llama", "gemma2", "mixtral", "deepseek_v3", "qwen3_next", "t5v11"];

describe("models on WebGPU", { skip: typeof gpu === "string" && gpu }, () => {
  if (typeof gpu === "string") return;
  for (const family of families) {
    it(family, async () => {
      const folder = golden("families", family);
      const model = await openGpuModel(gpu, folder);
      const answers = await openCheckpoint(`${folder}/golden.safetensors`);
      const stored = readJson(`${folder}/golden.json`);
      try {
        const i = 0;
        const { input_ids: ids, decoder_input_ids: decoder, greedy, greedy_cached } = stored.cases[i];
        const tensor = async (key: string) => {
          const { dtype, shape } = answers.tensors.get(key)!;
          return dequantize(
            dtype,
            await answers.readTensor(key),
            shape.reduce((a, b) => a * b, 1),
          );
        };
        const near = async (found: Float32Array, key: string) => {
          const difference = maxDifference(found, await tensor(key));
          assert.ok(difference <= TOLERANCE, `${key} differs by ${difference}`);
        };
        if (decoder)
          for (const [l, states] of (await model.encode(ids)).entries())
            await near(states, `enc_hidden.${i}.${l}`);
        const { hidden, logits } = await model.trace(decoder ?? ids);
        for (const [l, states] of hidden.entries())
          await near(states, `${decoder ? "dec_" : ""}hidden.${i}.${l}`);
        await near(logits, `logits.${i}`);
        assert.deepEqual(
          bits(await model.inPieces(decoder ?? ids, [1, 3])),
          bits(logits.subarray(logits.length - model.vocabSize)),
          "other bits in pieces",
        );
        await checkGreedy(model, decoder ?? ids, (greedy_cached ?? greedy).slice(0, GREEDY));
      } finally {
        await answers.close();
        gpu.freeAll();
      }
    });
  }
});

describe("quantised models on WebGPU", { skip: typeof gpu === "string" && gpu }, () => {
  if (typeof gpu === "string") return;
  for (const name of ["llama-legacymix", "llama-q4_k_m"]) {
    it(name, async () => {
      const path = golden("gguf", `${name}.gguf`);
      const model = await openGpuModel(gpu, path);
      // Activations are not rounded here: the logits are those of the same weights in float64.
      const [{ ids, reference }] = readJson(path.replace(/gguf$/, "golden.json")).prompts;
      const difference = maxDifference(await model.last(ids, 0), reference.logits);
      assert.ok(difference <= TOLERANCE, `logits differ by ${difference}`);
      gpu.freeAll();
    });
  }
});

/** Follows the golden run's tokens: each is the likeliest here, or nearly so. */
async function checkGreedy(
  model: GpuModel,
  ids: readonly number[],
  expected: readonly number[],
): Promise<void> {
  let position = ids.length;
  let logits = await model.last(ids, 0);
  for (const id of expected) {
    const most = logits.reduce((a, b) => Math.max(a, b));
    assert.ok(most - logits[id] < MARGIN, `token ${id} lies ${most - logits[id]} behind the likeliest`);
    logits = await model.last([id], position++);
  }
}

const bits = (values: Float32Array): Int32Array => new Int32Array(values.slice().buffer);
