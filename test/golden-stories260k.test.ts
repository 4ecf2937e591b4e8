// stories260k, a small trained Llama beside the checkout: tokens, logits and text as stored.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "../src/generate/load.ts";
import { openTokenizer } from "../src/tokenizers/index.ts";
import { checkGguf } from "./gguf-golden.ts";
import { greedyIds } from "./greedy.ts";
import { beside, readJson, unlessBeside } from "./places.ts";
import { checkPlainCases, type PlainCase } from "./tokenizer-cases.ts";

const folder = beside("stories260k");
const skip = unlessBeside("stories260k");
const ggufs = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".gguf")) : [];

describe("stories260k", { skip }, () => {
  for (const name of ["", ...ggufs.filter((file) => file.includes("f32"))]) {
    it(`the story, greedily, from ${name || "safetensors"}`, async () => {
      const { greedy_ids: expected } = readJson(beside("stories260k", "golden.json"));
      const model = await load(beside("stories260k", name), { threads: 2, contextLength: 300 });
      try {
        assert.deepEqual(await greedyIds(model, [1], expected.length), expected);
      } finally {
        await model.dispose();
      }
    });
  }
  for (const name of ggufs) {
    for (const device of ["reference", "cpu"] as const) {
      it(`${name} on ${device}`, async () => void (await checkGguf(beside("stories260k", name), device)));
    }
  }
});

describe("the tokenizer of stories260k", { skip }, () => {
  const cases = () =>
    readJson(beside("stories260k", "tokenizer-cases.json")) as (PlainCase & { hf_ids?: number[] })[];
  for (const name of ["tokenizer.model", ...ggufs]) {
    it(name, async () => checkPlainCases(await openTokenizer(beside("stories260k", name)), cases()));
  }
  it("the folder: tokenizer.json", async () => {
    const tokenizer = await openTokenizer(folder);
    for (const c of cases()) {
      const ids = tokenizer.encode(c.text, { addSpecialTokens: false, parseSpecialTokens: true });
      assert.deepEqual(ids, c.hf_ids ?? c.ids, JSON.stringify(c.text));
    }
    assert.equal(tokenizer.bosTokenId, 1);
    assert.deepEqual(tokenizer.eosTokenIds, [2]);
  });
});
