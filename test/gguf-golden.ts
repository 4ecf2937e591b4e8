// One tiny GGUF model against its stored answers: a float64 reference and native llama.cpp.
import assert from "node:assert/strict";
import { openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { greedyIds } from "./greedy.ts";
import { maxDifference, readJson } from "./places.ts";

/** Squared errors of log-probability against the reference, summed over native's likeliest tokens of all prompts. */
export interface SquaredErrors {
  ours: number;
  native: number;
}

/**
 * Compares the last logits and the greedy ids of every prompt in the file beside the model. Weights whose products round
 * activations to 8 bits, as native's do, are held to twice native's own error.
 */
export async function checkGguf(path: string, device: "reference" | "cpu"): Promise<SquaredErrors> {
  const { prompts } = readJson(path.replace(/\.gguf$/, ".golden.json"));
  const types = await typesIn(path);
  const rounds = device === "cpu" && [...types].some((type) => !/^B?F(16|32)$/.test(type));
  // F32 weights differ by the order of sums alone; the others were converted to or stored as F16.
  const tolerance = device === "reference" || (types.size === 1 && types.has("F32")) ? 1e-3 : 1e-2;
  const model = await load(path, { device, threads: 1, cacheType: "F32", contextLength: 96 });
  const all: SquaredErrors = { ours: 0, native: 0 };
  try {
    assert.deepEqual(model.engine.warnings, [], "the self-test of good kernels");
    for (const { ids, reference, llamacpp } of prompts) {
      const { data } = await model.logits(ids, { positions: "last" });
      if (!rounds) {
        const difference = maxDifference(data, reference.logits);
        assert.ok(difference <= tolerance, `logits after ${ids.length} tokens differ by ${difference}`);
        assert.deepEqual(await greedyIds(model, ids, reference.greedy.length), reference.greedy);
        continue;
      }
      const exact = logProbabilities(reference.logits);
      const found = logProbabilities(data);
      const errors = { ours: 0, native: 0 };
      for (const [id, probability] of llamacpp.top as [number, number][]) {
        errors.ours += (found[id] - exact[id]) ** 2;
        errors.native += (Math.log(probability) - exact[id]) ** 2;
      }
      const ratio = Math.sqrt(errors.ours / errors.native);
      assert.ok(ratio <= 2, `the error is ${ratio} times native's for ${ids.length} tokens`);
      all.ours += errors.ours;
      all.native += errors.native;
    }
  } finally {
    await model.dispose();
  }
  return all;
}

/** The types of a model's matrices. */
async function typesIn(path: string): Promise<Set<string>> {
  const checkpoint = await openCheckpoint(path);
  await checkpoint.close();
  return new Set(
    Array.from(checkpoint.tensors.values())
      .filter(({ shape }) => shape.length > 1)
      .map(({ dtype }) => dtype),
  );
}

/** ln of the probabilities. */
function logProbabilities(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const most = values.reduce((a, b) => Math.max(a, b));
  const sum = values.reduce((total, value) => total + Math.exp(value - most), 0);
  return values.map((value) => value - most - Math.log(sum));
}
