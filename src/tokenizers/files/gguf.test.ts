// Tokenizers from GGUF metadata: stored ids, ends of an answer, special tokens.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { tokenizerFromGguf, tokenizerFromJson } from "../index.ts";
import { fromUtf8 } from "../text/unicode.ts";
import { readProtobuf } from "./protobuf.ts";

const golden = resolve("test/golden/tokenizers");
const readJson = (...parts: string[]) => JSON.parse(readFileSync(join(golden, ...parts), "utf8"));

/** The key-value pairs that a converter writes for a SentencePiece model. */
function metadataOfModel(bytes: Uint8Array, model: string): Map<string, unknown> {
  const tokens: string[] = [];
  const scores: number[] = [];
  const types: number[] = [];
  let charsmap = new Uint8Array(0);
  for (const { number, value } of readProtobuf(bytes, "test")) {
    if (typeof value === "number") continue;
    const fields = [...readProtobuf(value, "test")];
    const field = (n: number) => fields.find((f) => f.number === n)?.value;
    if (number === 1) {
      tokens.push(fromUtf8(field(1) as Uint8Array));
      scores.push((field(2) as number | undefined) ?? 0);
      types.push((field(3) as number | undefined) ?? 1);
    } else if (number === 3) {
      charsmap = Uint8Array.from((field(2) as Uint8Array | undefined) ?? []);
    }
  }
  return new Map<string, unknown>([
    ["tokenizer.ggml.model", model],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.scores", Float32Array.from(scores)],
    ["tokenizer.ggml.token_type", Int32Array.from(types)],
    ["tokenizer.ggml.precompiled_charsmap", charsmap],
    ["tokenizer.ggml.add_space_prefix", true],
    ["tokenizer.ggml.remove_extra_whitespaces", true],
    ["tokenizer.ggml.unknown_token_id", types.indexOf(2)],
    ["tokenizer.ggml.eos_token_id", tokens.indexOf("</s>")],
  ]);
}

describe("tokenizers from GGUF", () => {
  it("t5: Unigram with a character map gives sentencepiece's ids", () => {
    const folder = "synth-spm-model-unigram-nfkc-1";
    const metadata = metadataOfModel(readFileSync(join(golden, folder, "tokenizer.model")), "t5");
    const tokenizer = tokenizerFromGguf(metadata);
    assert.equal(tokenizer.kind, "unigram");
    const cases: { text: string; ids: number[] }[] = readJson(folder, "spm-cases.json");
    for (const { text, ids } of cases) {
      assert.deepEqual(tokenizer.encode(text, { addSpecialTokens: false }), ids, JSON.stringify(text));
    }
    assert.deepEqual(tokenizer.encode("").slice(-1), tokenizer.eosTokenIds);
    assert.equal(tokenizer.decode(tokenizer.encode("the same")), "the same");
  });

  it("llama: scores give what the merges of tokenizer.json give", () => {
    const folder = "synth-spm-model-bpe-1";
    const metadata = metadataOfModel(readFileSync(join(golden, folder, "tokenizer.model")), "llama");
    const tokenizer = tokenizerFromGguf(metadata);
    const cases: { text: string; ids: number[]; decode: string }[] = readJson(folder, "spm-cases.json");
    for (const { text, ids, decode } of cases) {
      if (text.includes("▁") || /<|\[/.test(text)) continue; // user-defined symbols are cut out before, with a prefix
      assert.deepEqual(tokenizer.encode(text, { addSpecialTokens: false }), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decode);
    }
    assert.equal(tokenizer.encode("a")[0], 1);
  });

  it("gemma4: merges over characters, bytes as <0x..>", () => {
    const json = readJson("synth-spm-noprefix-1", "tokenizer.json");
    const reference = tokenizerFromJson(json);
    const tokens: string[] = [];
    for (const [token, id] of Object.entries(json.model.vocab)) tokens[id as number] = token;
    const metadata = new Map<string, unknown>([
      ["tokenizer.ggml.model", "gemma4"],
      ["tokenizer.ggml.tokens", tokens],
      ["tokenizer.ggml.merges", json.model.merges.map((merge: string[]) => merge.join(" "))],
      ["tokenizer.ggml.token_type", Int32Array.from(tokens, (token) => (/^<0x..>$/.test(token) ? 6 : 1))],
      ["tokenizer.ggml.bos_token_id", 1],
    ]);
    const tokenizer = tokenizerFromGguf(metadata);
    for (const { text } of readJson("synth-spm-noprefix-1", "cases.json") as { text: string }[]) {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      assert.deepEqual(ids, reference.encode(text, { addSpecialTokens: false }), JSON.stringify(text));
    }
    assert.deepEqual(tokenizer.encode("").slice(0, 1), [1]);
  });

  it("knows the ends of an answer: declared, by text, and Harmony's exception", () => {
    const open = (texts: string[], keys: [string, unknown][] = []) =>
      tokenizerFromGguf(
        new Map<string, unknown>([
          ["tokenizer.ggml.model", "gpt2"],
          ["tokenizer.ggml.pre", "gpt-4o"],
          ["tokenizer.ggml.tokens", ["a", ...texts]],
          [
            "tokenizer.ggml.token_type",
            Int32Array.from({ length: texts.length + 1 }, (_, i) => (i === 0 ? 1 : 3)),
          ],
          ["tokenizer.ggml.merges", []],
          ...keys,
        ]),
      ).eosTokenIds;
    assert.deepEqual(
      open(["<|eot_id|>", "<|x|>", "<|end_of_text|>"], [["tokenizer.ggml.eos_token_id", 3]]),
      [3, 1],
    );
    assert.deepEqual(open(["<|x|>"], [["tokenizer.ggml.eot_token_id", 1]]), [1]);
    assert.deepEqual(open(["<|return|>", "<|call|>", "<|end|>"]), [1, 2]);
    assert.deepEqual(open(["<|end|>"]), [1]);
  });

  it("parses special tokens only when asked to, and user-defined ones always", () => {
    const tokenizer = tokenizerFromGguf(
      new Map<string, unknown>([
        ["tokenizer.ggml.model", "gpt2"],
        ["tokenizer.ggml.pre", "gpt-2"],
        ["tokenizer.ggml.tokens", ["<", "s", ">", "<s>", "<u>", "u"]],
        ["tokenizer.ggml.token_type", Int32Array.of(1, 1, 1, 3, 4, 1)],
        ["tokenizer.ggml.merges", []],
      ]),
    );
    assert.deepEqual(tokenizer.encode("<s><u>"), [0, 1, 2, 4]);
    assert.deepEqual(tokenizer.encode("<s><u>", { parseSpecialTokens: true }), [3, 4]);
    assert.ok(tokenizer.isSpecial(3) && !tokenizer.isSpecial(4));
    assert.equal(tokenizer.decode([3, 4, 1]), "<u>s");
    assert.equal(tokenizer.decode([3, 4, 1], { skipSpecialTokens: false }), "<s><u>s");
  });
});
