// Recurrent states kept at the ends of pages: a prompt that begins alike goes on there, same bits.
import assert from "node:assert/strict";
import { it } from "node:test";
import { type LoadOptions, load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { golden } from "./places.ts";

const ids = (salt: number, count: number) =>
  Array.from({ length: count }, (_, i) => 5 + ((salt * 131 + i * i * 37 + i * 11) % 150));
const shared = ids(1, 100);
const prompts = [2, 3, 4].map((salt) => [...shared, ...ids(salt, 30)]);

async function answer(model: Model, prompt: number[]) {
  const tokens: (number | undefined)[] = [];
  const events = model.complete(prompt, { temperature: 0, maxTokens: 40, ignoreEos: true, logprobs: 0 });
  for (;;) {
    const { value, done } = await events.next();
    if (done) return { tokens, cached: value.usage.cachedTokens };
    if (value.type === "text-delta") for (const { id, logprob } of value.tokens) tokens.push(id, logprob);
  }
}

async function withModel<T>(options: LoadOptions, run: (model: Model) => Promise<T>): Promise<T> {
  const path = golden("families", "qwen3_next");
  const model = await load(path, {
    threads: 1,
    contextLength: 192,
    parallel: 2,
    cacheTokens: 1024,
    ...options,
  });
  try {
    return await run(model);
  } finally {
    await model.dispose();
  }
}

/** One after another, then all together. */
async function answers(model: Model) {
  const found = [];
  for (const prompt of prompts) found.push(await answer(model, prompt));
  return [...found, ...(await Promise.all(prompts.map((prompt) => answer(model, prompt))))];
}

it("answers after what others have left are the same bits", async () => {
  const alone = await withModel({ stateBytes: 0, cacheTokens: 192, parallel: 1 }, answers);
  assert.deepEqual(
    alone.slice(0, 3).map(({ cached }) => cached),
    [0, 0, 0],
  );
  for (const options of [{}, { threads: 2, chunkTokens: 40 }, { stateBytes: 600_000 }]) {
    const found = await withModel(options, answers);
    for (const [i, { tokens }] of found.entries()) assert.deepEqual(tokens, alone[i].tokens, `answer ${i}`);
    // Three pages are the same, and the state after the third is kept.
    if (options.stateBytes === undefined)
      assert.deepEqual(
        found.slice(0, 3).map(({ cached }) => cached),
        [0, 96, 96],
      );
    else assert.ok(found.some(({ cached }) => cached > 0));
  }
});
