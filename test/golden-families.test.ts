// Every family of the Llama line against its golden run: logits, hidden states and greedy ids, on both backends.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Checkpoint, openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import { greedyIds } from "./greedy.ts";
import { golden, maxDifference, readJson } from "./places.ts";

const families = ["llama", "llama3", "codellama", "yi", "mistral", "qwen2", "qwen3"];

for (const family of families) {
  const folder = golden("families", family);
  const stored = readJson(`${folder}/golden.json`);
  // Room for another order of summation and other exponentials: fixtures' README, "Tolerances".
  const tolerance = {
    logits: Math.max(1e-4, 20 * stored.fp32_vs_fp64_max_abs),
    hidden: Math.max(1e-4, 20 * stored.fp32_vs_fp64_hidden_max_abs),
  };
  for (const device of ["reference", "cpu"] as const) {
    describe(`${family} on ${device}`, () => {
      let model: TraceableModel;
      let answers: Checkpoint;
      before(async () => {
        model = await load(folder, { device, threads: 2, contextLength: 64 });
        answers = await openCheckpoint(`${folder}/golden.safetensors`);
      });
      after(async () => {
        await model?.dispose();
        await answers?.close();
      });
      const tensor = async (name: string) =>
        new Float32Array((await answers.readTensor(name)).slice().buffer);

      for (const [i, { input_ids: prompt, greedy }] of stored.cases.entries()) {
        it(`case ${i}: logits and hidden states of ${prompt.length} tokens`, async () => {
          const { logits, hidden } = await model.trace(prompt);
          assert.ok(maxDifference(logits, await tensor(`logits.${i}`)) <= tolerance.logits);
          for (const [l, values] of hidden.entries()) {
            const difference = maxDifference(values, await tensor(`hidden.${i}.${l}`));
            assert.ok(difference <= tolerance.hidden, `hidden state ${l} differs by ${difference}`);
          }
        });
        it(`case ${i}: greedy ids`, async () => {
          assert.deepEqual(await greedyIds(model, prompt, greedy.length), greedy);
        });
      }
    });
  }
}
