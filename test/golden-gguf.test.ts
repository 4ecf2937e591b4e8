// Tiny GGUF models of every weight type against a float64 reference and against native llama.cpp.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "../src/generate/load.ts";
import { greedyIds } from "./greedy.ts";
import { beside, golden, maxDifference, readJson, unlessBeside } from "./places.ts";

/** Types whose products round activations to 8 bits, as native does; others compute from f32 or f16 weights. */
const rounds = /q4_0|q8_0|q4_k|legacymix|kmix/;
const files = readdirSync(golden("gguf")).filter((name) => name.endsWith(".gguf"));

describe("tiny GGUF models", () => {
  let ours = 0;
  let natives = 0;
  for (const file of files) {
    const { prompts } = readJson(golden("gguf", file.replace(".gguf", ".golden.json")));
    for (const device of ["reference", "cpu"] as const) {
      it(`${file} on ${device}`, async () => {
        const model = await load(golden("gguf", file), {
          device,
          threads: 2,
          cacheType: "F32",
          contextLength: 96,
        });
        try {
          assert.deepEqual(model.engine.warnings, [], "the self-test of good kernels");
          for (const { ids, reference, llamacpp } of prompts) {
            const { data } = await model.logits(ids, { positions: "last" });
            if (device === "reference" || !rounds.test(file)) {
              // F32 weights differ by the order of sums alone; the others were converted to or stored as f16.
              const tolerance = device === "reference" || file.includes("f32") ? 1e-3 : 1e-2;
              assert.ok(maxDifference(data, reference.logits) <= tolerance);
              assert.deepEqual(await greedyIds(model, ids, reference.greedy.length), reference.greedy);
              continue;
            }
            const own = squaredError(
              llamacpp.top,
              logProbabilities(data),
              logProbabilities(reference.logits),
            );
            const native = nativeError(llamacpp.top, logProbabilities(reference.logits));
            ours += own;
            natives += native;
            const ratio = Math.sqrt(own / native);
            assert.ok(ratio <= 2, `the error is ${ratio} times native's for ${ids.length} tokens`);
          }
        } finally {
          await model.dispose();
        }
      });
    }
  }
  it("rounded activations err as native's do, pooled over all models and prompts", () => {
    const ratio = Math.sqrt(ours / natives);
    assert.ok(ratio > 0.5 && ratio <= 1.2, `ratio ${ratio}`);
  });
});

describe("stories260k", () => {
  for (const [name, source] of [
    ["safetensors", ["stories260k"]],
    ["GGUF", ["stories260k", "stories260k-f32.gguf"]],
  ] as const) {
    it(`256 greedy ids from ${name}`, { skip: unlessBeside(...source) }, async () => {
      const { greedy_ids: expected } = storedStory();
      const model = await load(beside(...source), { threads: 2, contextLength: 300 });
      try {
        assert.deepEqual(await greedyIds(model, [1], expected.length), expected);
      } finally {
        await model.dispose();
      }
    });
  }
});

function storedStory(): { greedy_ids: number[] } {
  return readJson(beside("stories260k", "golden.json"));
}

/** ln of the probabilities. */
function logProbabilities(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const most = values.reduce((a, b) => Math.max(a, b));
  const sum = values.reduce((total, value) => total + Math.exp(value - most), 0);
  return values.map((value) => value - most - Math.log(sum));
}

function squaredError(top: [number, number][], found: Float64Array, exact: Float64Array): number {
  return top.reduce((sum, [id]) => sum + (found[id] - exact[id]) ** 2, 0);
}

function nativeError(top: [number, number][], exact: Float64Array): number {
  return top.reduce((sum, [id, probability]) => sum + (Math.log(probability) - exact[id]) ** 2, 0);
}
