// When prompt and answer fill the context: stop, refuse, or shift, exact as a fresh prompt.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { load } from "../src/generate/load.ts";
import type { Finish, GenerateOptions, Model } from "../src/generate/types.ts";
import { createRandom } from "../src/random.ts";
import { golden } from "./places.ts";

const contextLength = 64;
const random = createRandom(5);
const prompt = Array.from({ length: 40 }, () => random.integer(60));

interface Answer {
  readonly tokens: readonly { id: number; logprob?: number }[];
  readonly finish: Finish;
}

async function answer(model: Model, ids: readonly number[], options: GenerateOptions): Promise<Answer> {
  const tokens: { id: number; logprob?: number }[] = [];
  const events = model.complete(ids, { logprobs: 0, ignoreEos: true, ...options });
  for (;;) {
    const { value, done } = await events.next();
    if (done) return { tokens, finish: value };
    if (value.type === "text-delta") tokens.push(...value.tokens);
  }
}

for (const name of ["gguf/llama-q8_0.gguf", "families/qwen3_next", "families/phi3-long"]) {
  describe(name, () => {
    let model: Model;
    before(async () => {
      model = await load(golden(...name.split("/")), { threads: 1, contextLength, chunkTokens: 24 });
    });
    after(() => model?.dispose());

    it("shifts: after the oldest tokens have gone it answers what remains as if it were the prompt", async () => {
      const keepTokens = 5;
      const options = { temperature: 0, onFull: "shift", keepTokens, maxTokens: 60 } as const;
      const { tokens, finish } = await answer(model, prompt, options);
      assert.equal(tokens.length, 60);
      assert.equal(finish.reason, "length");
      let text = [...prompt];
      let at = 0;
      let dropped = 0;
      while (at < tokens.length) {
        const room = contextLength - text.length;
        const fresh = await answer(model, text, { temperature: 0 });
        assert.equal(fresh.tokens.length, room);
        assert.deepEqual(tokens.slice(at, at + room), fresh.tokens.slice(0, tokens.length - at));
        at += room;
        text.push(...fresh.tokens.map(({ id }) => id));
        const drop = Math.ceil((text.length - keepTokens) / 2);
        text = [...text.slice(0, keepTokens), ...text.slice(keepTokens + drop)];
        if (at < tokens.length) dropped += drop;
      }
      assert.equal(finish.droppedTokens, dropped);
    });

    it("stops where nothing else is asked for", async () => {
      const { tokens, finish } = await answer(model, prompt, { temperature: 0, maxTokens: 60 });
      assert.equal(tokens.length, contextLength - prompt.length);
      assert.equal(finish.reason, "length");
      assert.equal(finish.droppedTokens, undefined);
    });
  });
}

describe("before anything runs", () => {
  let model: Model;
  before(async () => {
    model = await load("poet", { threads: 1, contextLength });
  });
  after(() => model?.dispose());

  it("refuses what may not fit, and takes what does", async () => {
    await assert.rejects(
      answer(model, prompt, { onFull: "refuse", maxTokens: 25 }),
      (error) =>
        error instanceof BaimoError && error.code === "context" && /40 tokens.* 25,/.test(error.message),
    );
    const { tokens } = await answer(model, prompt, { onFull: "refuse", maxTokens: 24 });
    assert.equal(tokens.length, 24);
  });

  it("refuses to keep more than half", async () => {
    await assert.rejects(
      answer(model, prompt, { onFull: "shift", keepTokens: 33 }),
      (error) =>
        error instanceof BaimoError &&
        error.code === "context" &&
        /^33 tokens are to be kept/.test(error.message),
    );
  });

  it("keeps what a conversation shares with others under the same system message", async () => {
    const messages = [{ role: "user", content: "秋夜" }];
    const events = model.chat(messages, { onFull: "shift", ignoreEos: true, maxTokens: 150, seed: 1 });
    for (;;) {
      const { value, done } = await events.next();
      if (!done) continue;
      assert.equal(value.usage.completionTokens, 150);
      assert.ok((value.droppedTokens ?? 0) > 0);
      return;
    }
  });
});
