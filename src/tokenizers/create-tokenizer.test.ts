// What encode and decode refuse, and that decoding in pieces and at once agree.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { goldenSets } from "../../test/places.ts";
import { BaimoError } from "../errors.ts";
import { createRandom } from "../random.ts";
import { openTokenizer } from "./index.ts";

const isRequest = (error: unknown) => error instanceof BaimoError && error.code === "request";
const SEED = 20_264;

describe("encode and decode", () => {
  it("refuse what is no text and what is no id", async () => {
    for (const { path } of goldenSets("tokenizers").filter(({ name }) => /llama3|spm-legacy/.test(name))) {
      const tokenizer = await openTokenizer(join(path, "tokenizer.json"));
      for (const odd of [undefined, null, 1, ["a"], {}, new String("a")]) {
        assert.throws(() => tokenizer.encode(odd as string), isRequest, String(odd));
      }
      for (const odd of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "1", null, undefined, 1n]) {
        assert.throws(() => tokenizer.decode([odd as number]), isRequest, String(odd));
        assert.throws(() => tokenizer.createDecodeStream().push(odd as number), isRequest, String(odd));
      }
      for (const odd of [undefined, null, 1, "12", {}]) {
        assert.throws(() => tokenizer.decode(odd as number[]), isRequest, String(odd));
      }
      assert.equal(tokenizer.decode(Int32Array.of()), "");
      const { vocabSize } = tokenizer;
      const size = vocabSize.toLocaleString("en");
      for (const id of [vocabSize, 2 ** 24 - 1]) {
        assert.throws(
          () => tokenizer.decode([0, id]),
          (error) =>
            isRequest(error) &&
            (error as Error).message.startsWith(`decode: ids[1] is ${id}; `) &&
            (error as Error).message.endsWith(`(the vocabulary has ${size})`),
        );
      }
      // Models with more rows than their tokenizers have tokens.
      assert.equal(tokenizer.createDecodeStream().push(vocabSize), "");
    }
  });

  it("give the same text in pieces and at once, whatever the bytes", async () => {
    const random = createRandom(SEED);
    for (const { name, path } of goldenSets("tokenizers").filter(({ name }) =>
      /llama3|gpt2|qwen2|o200k|spm-model-bpe/.test(name),
    )) {
      const tokenizer = await openTokenizer(path);
      for (let n = 0; n < 200; n++) {
        const ids = Array.from({ length: random.integer(n < 10 ? 2000 : 40) }, () =>
          random.uniform() < 0.8 ? random.integer(300) : random.integer(tokenizer.vocabSize),
        );
        const stream = tokenizer.createDecodeStream({ skipSpecialTokens: false });
        const pieces = ids.map((id) => stream.push(id)).join("") + stream.flush();
        const whole = tokenizer.decode(ids, { skipSpecialTokens: false });
        assert.equal(pieces, whole, `${name}, seed ${SEED}, ${n}: ${ids}`);
      }
    }
  });

  it("bytes on both sides of a skipped token are no character, as in sentencepiece 0.2.2", async () => {
    for (const { path } of goldenSets("tokenizers").filter(({ name }) => name.includes("spm-model-bpe"))) {
      const tokenizer = await openTokenizer(join(path, "tokenizer.model"));
      const [lead, trail] = ["<0xCA>", "<0x96>"].map((token) => tokenizer.tokenToId(token) as number);
      const eos = tokenizer.eosTokenIds[0];
      assert.equal(tokenizer.decode([lead, trail]), "\u0296");
      assert.equal(tokenizer.decode([lead, eos, trail]), "\ufffd\ufffd");
    }
  });
});
