// Bit-identical logits for any number of threads, chunks, banks and cache hits.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LoadOptions, load } from "../src/generate/load.ts";
import { golden, readJson } from "./places.ts";

const files = [
  "llama-f32",
  "llama-f16",
  "llama-legacymix",
  "llama-q8_0",
  "llama-q4_0",
  "qwen3-q4_0-tied",
  "mixtral-q8_0",
];

/** Threads, tokens of a prompt that run together, bytes of weights in one memory. */
const cuts = {
  relaxed: [
    { threads: 2, chunkTokens: 7, bankBytes: 1 << 20 },
    { threads: 3, chunkTokens: 1 },
  ],
  simd: [{ threads: 3 }],
} satisfies Record<string, LoadOptions[]>;

const bits = (values: Float32Array) => new Int32Array(values.buffer, values.byteOffset, values.length);

for (const file of files) {
  const path = golden("gguf", `${file}.gguf`);
  const { prompts } = readJson(golden("gguf", `${file}.golden.json`));
  const prompt: number[] = prompts[2].ids;

  describe(`${file}: bit-identical logits`, () => {
    for (const kernels of ["relaxed", "simd"] as const) {
      it(`for any number of threads, chunks and memories, ${kernels} build`, async () => {
        const run = async (options: LoadOptions) => {
          const model = await load(path, { kernels, contextLength: 64, ...options });
          try {
            return (await model.logits(prompt)).data;
          } finally {
            await model.dispose();
          }
        };
        const whole = bits(await run({ threads: 1 }));
        for (const cut of cuts[kernels]) {
          assert.deepEqual(bits(await run(cut)), whole, `differs when cut as ${JSON.stringify(cut)}`);
        }
      });
    }

    it("after a cache hit, in an answer, and alone", async () => {
      const model = await load(path, { threads: 2, contextLength: 64 });
      try {
        const logprobs = async (ids: number[], maxTokens: number) => {
          const seen: [number, number][] = [];
          let cached = 0;
          const options = { temperature: 0, maxTokens, logprobs: 0, ignoreEos: true };
          for await (const event of model.complete(ids, options)) {
            if (event.type === "text-delta")
              for (const { id, logprob } of event.tokens) seen.push([id, logprob!]);
            else if (event.type === "finish") cached = event.usage.cachedTokens;
          }
          return { seen, cached };
        };
        const alone = await logprobs(prompt, 8);
        assert.equal(alone.cached, 0);
        // The first four tokens of the answer join the prompt: all but the last lie in the cache.
        const longer = [...prompt, ...alone.seen.slice(0, 4).map(([id]) => id)];
        const again = await logprobs(longer, 4);
        assert.equal(again.cached, longer.length - 1);
        assert.deepEqual(again.seen, alone.seen.slice(4));
        // Another beginning empties the cache; the same prompt then runs whole.
        await logprobs([...prompt.slice(5)], 1);
        assert.deepEqual((await logprobs(longer, 4)).seen, alone.seen.slice(4));
      } finally {
        await model.dispose();
      }
    });
  });
}
