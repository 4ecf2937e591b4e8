// Many requests on one engine: each has the tokens and bits that it has alone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LoadOptions, load } from "../src/generate/load.ts";
import type { GenerateOptions, Model } from "../src/generate/types.ts";
import { createRandom } from "../src/random.ts";
import { isLong } from "../src/test-long.ts";
import { golden } from "./places.ts";

/** What makes each of them different. */
const models: Record<string, LoadOptions["cacheType"]> = {
  "gguf/llama-f32.gguf": "F32",
  "gguf/llama-q4_0.gguf": "F16",
  "gguf/llama-q4_k.gguf": "Q8",
  "gguf/mixtral-q8_0.gguf": "F16",
  "families/deepseek_v3": "F16",
  "families/gpt_oss": "Q8",
  "families/qwen3_next": "F16",
  "families/phi3-long": "F16",
};
/** Types of weights whose rows exactness.test.ts has alone and together; windows as gpt_oss has them. */
const others: typeof models = {
  "gguf/llama-f16.gguf": "F16",
  "gguf/llama-q8_0.gguf": "Q8",
  "families/gemma2": "F16",
};
if (isLong) Object.assign(models, others);

/** A cache with room for three of the longest requests, so that pages are evicted and requests begin again. */
const tight = { contextLength: 96, cacheTokens: 288, chunkTokens: 24 };
const tighter = { ...tight, threads: 2, chunkTokens: 7, parallel: 3, cacheTokens: 96 };

interface Asked {
  readonly prompt: number[];
  readonly options: GenerateOptions;
  /** Tokens after which it is left. */
  readonly leaveAfter?: number;
}

/** Requests of which some begin alike, some sample, and some are left before they end. */
function requestsFor(vocabSize: number): Asked[] {
  const random = createRandom(11);
  const ids = (length: number) => Array.from({ length }, () => random.integer(Math.min(vocabSize, 400)));
  const shared = ids(40);
  return Array.from({ length: 9 }, (_, i) => {
    const prompt = i % 3 === 0 ? [...shared, ...ids(1 + random.integer(20))] : ids(1 + random.integer(60));
    const options = { maxTokens: 4 + random.integer(12), logprobs: 0, ignoreEos: true, seed: i };
    return {
      prompt,
      options: { ...options, temperature: i % 2 === 0 ? 0 : 0.8 },
      leaveAfter: i % 4 === 3 ? 3 : undefined,
    };
  });
}

/** Ids and log-probabilities of an answer, as far as it was read. */
async function answer(model: Model, { prompt, options, leaveAfter }: Asked): Promise<[number, number][]> {
  const seen: [number, number][] = [];
  for await (const event of model.complete(prompt, options)) {
    if (event.type !== "text-delta") continue;
    for (const { id, logprob } of event.tokens) seen.push([id, logprob!]);
    if (leaveAfter !== undefined && seen.length >= leaveAfter) break;
  }
  return seen;
}

for (const [name, cacheType] of Object.entries(models)) {
  describe(`${name}, a cache of ${cacheType}`, () => {
    it("the same answers alone and among others that join and leave", async () => {
      const path = golden(...name.split("/"));
      const first = await load(path, { threads: 1, ...tight, cacheType });
      const asked = requestsFor(first.config.vocabSize);
      const expected: [number, number][][] = [];
      for (const one of asked) expected.push(await answer(first, { ...one, leaveAfter: undefined }));
      await compare(first, asked, expected);
      await first.dispose();

      const second = await load(path, { ...tighter, cacheType });
      // The second time much of it lies in the cache.
      await compare(second, asked, expected);
      await compare(second, withGuesses(asked), expected);
      const { data } = await second.logits(asked[0].prompt, { positions: "last" });
      assert.ok(data.every(Number.isFinite));
      await second.dispose();
    });
  });
}

/** The same with guesses, more of them for some than for others. */
function withGuesses(asked: readonly Asked[]): Asked[] {
  return asked.map((one, i) => ({
    ...one,
    options: { ...one.options, speculation: "lookup", guessTokens: 1 + (i % 4) },
  }));
}

/** Asks everything at once. */
async function compare(model: Model, asked: readonly Asked[], expected: readonly [number, number][][]) {
  const answers = await Promise.all(asked.map((one) => answer(model, one)));
  for (const [i, found] of answers.entries()) {
    const { leaveAfter } = asked[i];
    if (leaveAfter === undefined) assert.equal(found.length, expected[i].length);
    else assert.ok(found.length >= Math.min(leaveAfter, expected[i].length));
    assert.deepEqual(found, expected[i].slice(0, found.length), `request ${i}`);
  }
}

it("requests have their turns by priority, then as they came; one too many is refused", async () => {
  const model = await load(golden("gguf", "llama-q4_0.gguf"), { threads: 1, parallel: 1, maxWaiting: 3 });
  const done: string[] = [];
  const ask = async (name: string, priority?: number) => {
    const options = { maxTokens: 3, ignoreEos: true, priority };
    for await (const _ of model.complete([5, 6, 7], options));
    done.push(name);
  };
  const all = [ask("first"), ask("second"), ask("idle", -1), ask("urgent", 1)];
  await assert.rejects(ask("too many"), { code: "busy" });
  assert.deepEqual([model.queue.active, model.queue.waiting, model.queue.limit], [1, 3, 3]);
  await Promise.all(all);
  assert.deepEqual([model.queue.active, model.queue.waiting], [0, 0]);
  assert.deepEqual(
    done.filter((name) => name !== "first"),
    ["urgent", "second", "idle"],
  );
  await model.dispose();
});
