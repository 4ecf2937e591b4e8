// A cache that outlives its engine: the bits of a fresh run; what is foreign is a miss.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LoadOptions, load } from "../src/generate/load.ts";
import type { Model } from "../src/generate/types.ts";
import { golden } from "./places.ts";

const text = Array.from({ length: 75 }, (_, i) => 5 + ((i * i * 13) % 50));
const own = [3, 1, 2];
const shape = { contextLength: 128, chunkTokens: 24 };

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "baimo-saved-cache-"));
});
after(() => rmSync(folder, { recursive: true }));

/** Ids and log-probabilities after a prompt, and how much of it was cached. */
async function answer(model: Model, prompt: readonly number[]) {
  const tokens: unknown[] = [];
  const events = model.complete(prompt, { temperature: 0, maxTokens: 6, logprobs: 3, ignoreEos: true });
  for (;;) {
    const { value, done } = await events.next();
    if (done) return { tokens, cached: value.usage.cachedTokens };
    if (value.type === "text-delta") tokens.push(...value.tokens);
  }
}

async function withModel<T>(
  path: string,
  options: LoadOptions,
  use: (model: Model) => Promise<T>,
): Promise<T> {
  const model = await load(path, { ...shape, ...options });
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

for (const cacheType of ["F32", "F16", "Q8"] as const) {
  it(`${cacheType}: the same bits after loading as alone, on other numbers of threads`, async () => {
    const path = golden("gguf", "llama-q8_0.gguf");
    const file = join(folder, cacheType);
    const expected = await withModel(path, { threads: 1, cacheType }, async (model) => {
      const alone = await answer(model, [...text, ...own]);
      assert.equal(alone.cached, 0);
      const saved = await model.saveCache(file, { tokens: text });
      assert.deepEqual(saved, { tokens: 75, bytes: readFileSync(file).length });
      return alone.tokens;
    });
    for (const threads of [1, 2, 3]) {
      await withModel(path, { threads, cacheType }, async (model) => {
        assert.deepEqual(await model.loadCache(file), { tokens: 75 });
        const found = await answer(model, [...text, ...own]);
        assert.deepEqual(found.tokens, expected);
        assert.equal(found.cached, 75);
        if (threads !== 3) return;
        const again = join(folder, `${cacheType}-again`);
        await model.saveCache(again, { tokens: text });
        assert.deepEqual(readFileSync(again), readFileSync(file));
      });
    }
  });
}

// The tensors of these are smaller than the forms in which they are read, or several make a weight.
for (const set of ["fp8-block-qwen3", "ct-nvfp4", "ct-int8-asym", "ct-pack4-act-order"]) {
  it(`${set}: a cache of a quantised checkpoint comes back`, async () => {
    const path = golden("quantized", set);
    const file = join(folder, set);
    const prompt = text.slice(0, 40).map((id) => id % 48);
    const expected = await withModel(path, { threads: 1 }, async (model) => {
      const alone = await answer(model, prompt);
      await model.saveCache(file, { tokens: prompt });
      return alone.tokens;
    });
    await withModel(path, { threads: 1 }, async (model) => {
      assert.deepEqual(await model.loadCache(file), { tokens: 40 });
      assert.deepEqual((await answer(model, prompt)).tokens, expected);
    });
  });
}

describe("a cache of every text", () => {
  it("comes back with all its beginnings, as far as there is room", async () => {
    const path = golden("gguf", "llama-f32.gguf");
    const chunks: Uint8Array[] = [];
    const other = [...text.slice(0, 40), ...own, ...text.slice(10, 50)];
    const expected = await withModel(path, { threads: 1, cacheTokens: 512 }, async (model) => {
      const answers = [await answer(model, [...text, 9]), await answer(model, [...other, 9])];
      await model.saveCache((chunk) => void chunks.push(chunk.slice()));
      return answers.map(({ tokens }) => tokens);
    });
    const bytes = new Uint8Array(Buffer.concat(chunks));
    await withModel(path, { threads: 2, cacheTokens: 512 }, async (model) => {
      const { tokens } = await model.loadCache(bytes);
      assert.ok(tokens > text.length);
      // What is there already is not put there again.
      assert.deepEqual(await model.loadCache(bytes), { tokens });
      for (const [i, prompt] of [text, other].entries()) {
        const found = await answer(model, [...prompt, 9]);
        assert.deepEqual(found.tokens, expected[i]);
        assert.ok(found.cached >= prompt.length);
      }
    });
    await withModel(path, { threads: 1, contextLength: 64, cacheTokens: 64 }, async (model) => {
      const { tokens } = await model.loadCache(bytes);
      assert.ok(tokens > 0 && tokens <= 64);
      assert.equal((await answer(model, text.slice(0, 50))).tokens.length, 6);
    });
  });
});

describe("what is no cache of this model", () => {
  const path = golden("gguf", "llama-f16.gguf");
  let model: Model;
  let bytes: Uint8Array;
  before(async () => {
    model = await load(path, { threads: 1, ...shape });
    await answer(model, text);
    const file = join(folder, "own");
    await model.saveCache(file);
    bytes = new Uint8Array(readFileSync(file));
  });
  after(() => model?.dispose());

  it("is a miss with a warning: damaged anywhere, cut, lengthened, empty", async () => {
    const damaged = (at: number) => {
      const copy = bytes.slice();
      copy[at] ^= 4;
      return copy;
    };
    const places = Array.from({ length: 40 }, (_, i) => Math.floor(((bytes.length - 1) * i) / 39));
    const files = [...places.map(damaged), bytes.slice(0, -1), bytes.slice(0, 30), bytes.slice(0, 0)];
    files.push(new Uint8Array([...bytes, 0]));
    for (const file of files) {
      const { tokens, warning } = await model.loadCache(file);
      assert.equal(tokens, 0);
      assert.match(warning ?? "", /saved cache|whole|damaged|another model/);
    }
  });

  it("is a miss with a warning: another model's, another type's", async () => {
    const file = join(folder, "foreign");
    writeFileSync(file, bytes);
    const others: [string, LoadOptions][] = [
      ["llama-q8_0.gguf", {}],
      ["llama-f16.gguf", { cacheType: "Q8" }],
      ["llama-f16.gguf", { cacheType: "F32" }],
    ];
    for (const [name, options] of others) {
      await withModel(golden("gguf", name), { threads: 1, ...options }, async (other) => {
        const { tokens, warning } = await other.loadCache(file);
        assert.equal(tokens, 0);
        assert.match(warning ?? "", /foreign.*another model, other kernels or another type/);
      });
    }
  });
});

describe("recurrent states", () => {
  const path = golden("families", "qwen3_next");
  const prompt = [...text, ...own];
  let expected: unknown[] = [];
  let bytes = new Uint8Array(0);
  before(async () => {
    await withModel(path, { threads: 1 }, async (model) => {
      expected = (await answer(model, prompt)).tokens;
      const file = join(folder, "recurrent");
      // As far as a state is kept: to the end of the second page.
      assert.equal((await model.saveCache(file, { tokens: text })).tokens, 64);
      bytes = new Uint8Array(readFileSync(file));
    });
  });

  for (const threads of [2, 3]) {
    it(`come back with their pages, the same bits, on ${threads} threads`, async () => {
      await withModel(path, { threads }, async (model) => {
        assert.deepEqual(await model.loadCache(bytes), { tokens: 64 });
        const found = await answer(model, prompt);
        assert.deepEqual(found.tokens, expected);
        assert.equal(found.cached, 64);
        const again = join(folder, "recurrent-again");
        await model.saveCache(again, { tokens: text.slice(0, 70) });
        assert.deepEqual(new Uint8Array(readFileSync(again)), bytes);
      });
    });
  }

  it("are a miss with a warning: damaged, or without room for them", async () => {
    const damaged = bytes.slice();
    damaged[bytes.length - 5] ^= 1;
    await withModel(path, { threads: 1 }, async (model) => {
      const { tokens, warning } = await model.loadCache(damaged);
      assert.equal(tokens, 0);
      assert.match(warning ?? "", /the state of page 1 is damaged/);
    });
    await withModel(path, { threads: 1, stateBytes: 0 }, async (model) => {
      const { tokens, warning } = await model.loadCache(bytes);
      assert.equal(tokens, 0);
      assert.match(warning ?? "", /no room for its recurrent states/);
      assert.deepEqual((await answer(model, prompt)).tokens, expected);
    });
  });
});
