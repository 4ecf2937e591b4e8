// Ranks look at their own share of the logits: the same tokens as where one rank looks at all.
import assert from "node:assert/strict";
import { it } from "node:test";
import { load } from "../src/generate/load.ts";
import type { GenerateOptions, Model } from "../src/generate/types.ts";
import { POET } from "../src/poet.ts";

/** Some need the largest logit alone, some the likely ones, some all of them: together in one step. */
const asked: GenerateOptions[] = [
  { temperature: 0 },
  { seed: 1 },
  { temperature: 1.3, topP: 0.7, minP: 0.02, seed: 2 },
  // Nearly all tokens belong to this nucleus.
  { temperature: 60, topP: 0.99, seed: 3 },
  { topK: 40, typicalP: 0.9, seed: 4 },
  { topK: 3000, seed: 5 },
  { topP: 1, seed: 6 },
  { repetitionPenalty: 1.2, seed: 7 },
  { temperature: 0, logprobs: 2 },
];

async function answer(model: Model, options: GenerateOptions): Promise<number[]> {
  const tokens: number[] = [];
  const given = { maxTokens: 12, ignoreEos: true, ...options };
  for await (const event of model.complete([5, 6, 7, 8], given)) {
    if (event.type === "text-delta") tokens.push(...event.tokens.map(({ id }) => id));
  }
  return tokens;
}

it("samplers choose the same tokens on any number of ranks, alone and together", async () => {
  let expected: number[][] | undefined;
  for (const threads of [1, 2, 3]) {
    const model = await load(POET, { threads, contextLength: 64 });
    const found = await Promise.all(asked.map((options) => answer(model, options)));
    expected ??= found;
    assert.deepEqual(found, expected, `${threads} threads`);
    if (threads === 2) {
      for (const [i, options] of asked.entries()) {
        if (i < 3) assert.deepEqual(await answer(model, options), expected[i]);
      }
    }
    await model.dispose();
  }
});
