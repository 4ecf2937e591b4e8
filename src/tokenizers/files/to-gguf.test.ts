// Tokenizers written as GGUF and read back give the stored ids; pre-tokenizers are recognised.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { tokenizerFromSentencePiece } from "../algorithms/sentencepiece.ts";
import { patternsOf, tokenizerFromGguf } from "./gguf.ts";
import { GGUF_PRE_TOKENIZERS } from "./gguf-pre-tokenizers.ts";
import { tokenizerFromJson } from "./json.ts";
import type { TokenizerFiles } from "./read-folder.ts";
import { PROBES, type TokenizerToGgufOptions, tokenizerToGguf } from "./to-gguf.ts";

const root = "test/golden/tokenizers";

function readFiles(folder: string): TokenizerFiles {
  const json = (name: string) => {
    const path = `${root}/${folder}/${name}`;
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  };
  const model = `${root}/${folder}/tokenizer.model`;
  return {
    json: json("tokenizer.json"),
    config: json("tokenizer_config.json"),
    model: existsSync(model) ? new Uint8Array(readFileSync(model)) : undefined,
  };
}

function throughGguf(files: TokenizerFiles, options?: TokenizerToGgufOptions) {
  const { pairs, warnings } = tokenizerToGguf(files, options);
  const plain = new Map(Array.from(pairs, ([key, { value }]) => [key, value]));
  return { tokenizer: tokenizerFromGguf(plain), pairs: plain, warnings };
}

interface Case {
  text: string;
  ids: number[];
  ids_plain?: number[];
  decode: string;
}
const readCases = (folder: string, file = "cases.json"): Case[] =>
  JSON.parse(readFileSync(`${root}/${folder}/${file}`, "utf8"));

/** Folders of tokenizer.json, the name of `tokenizer.ggml.pre`, what is warned of, and the texts that it concerns. */
const jsonFolders: [string, string, RegExp?, ((text: string) => boolean)?][] = [
  ["gpt2", "gpt-2"],
  ["llama3", "llama-bpe"],
  ["o200k", "gpt-4o"],
  ["deepseek3", "deepseek-v3"],
  ["starcoder", "starcoder"],
  ["chatglm", "dbrx", /\[gMASK\] <sop> stands before every text/],
  ["qwen2", "qwen2", /normaliser "NFC"/, (text) => text !== text.normalize("NFC")],
  ["spm-legacy", "default", /<\|user\|> take the spaces/, (text) => text.startsWith("<|user|> ")],
  ["spm-noprefix", "default", /<\|user\|> take the spaces/, (text) => text.startsWith("<|user|> ")],
  // GGUF's prefix goes before every stretch of text, this one only before the first, and not before a space.
  [
    "spm-metaspace",
    "default",
    /<\|user\|> take/,
    (text) => /^[ ▁]/.test(text) || /<\|?[a-z_]+\|?>/.test(text),
  ],
];

describe("tokenizer.json goes through GGUF", () => {
  for (const [kind, pre, warning, differs] of jsonFolders) {
    it(`${kind}: as ${pre}`, () => {
      const folder = `synth-${kind}-1`;
      const files = readFiles(folder);
      const { tokenizer, pairs, warnings } = throughGguf(files);
      assert.equal(pairs.get("tokenizer.ggml.pre"), pre);
      if (warning) assert.match(warnings.join("\n"), warning);
      else assert.deepEqual(warnings, []);
      const original = tokenizerFromJson(files.json, files);
      assert.equal(tokenizer.vocabSize, original.vocabSize);
      assert.deepEqual(new Set(tokenizer.eosTokenIds), new Set(original.eosTokenIds));
      if (original.bosTokenId !== undefined) assert.equal(tokenizer.bosTokenId, original.bosTokenId);
      let compared = 0;
      for (const { text, ids_plain, ids } of readCases(folder)) {
        if (differs?.(text)) continue;
        compared++;
        const plain = tokenizer.encode(text, { parseSpecialTokens: true, addSpecialTokens: false });
        assert.deepEqual(plain, ids_plain, JSON.stringify(text));
        const whole = tokenizer.encode(text, { parseSpecialTokens: true });
        if (kind !== "chatglm") assert.deepEqual(whole, ids, JSON.stringify(text));
        const back = tokenizer.decode(plain, { skipSpecialTokens: false });
        if (kind !== "spm-metaspace")
          assert.equal(back, original.decode(plain, { skipSpecialTokens: false }));
      }
      assert.ok(compared > 180, String(compared));
    });
  }

  it("unigram-nfkc: pieces and scores; NFKC is warned of", () => {
    const files = readFiles("synth-unigram-nfkc-1");
    const { tokenizer, pairs, warnings } = throughGguf(files);
    assert.equal(pairs.get("tokenizer.ggml.model"), "t5");
    assert.match(warnings.join(), /NFKC/);
    let compared = 0;
    for (const { text, ids } of readCases("synth-unigram-nfkc-1")) {
      // Metaspace puts no second ▁ before a space, and every token that is added begins a stretch of text.
      if (text !== text.normalize("NFKC") || /^[ ▁]| $|<[a-z_/]|\0|[\n\t\r\v\f\u0085\u2028\u2029]/.test(text))
        continue;
      compared++;
      assert.deepEqual(tokenizer.encode(text, { parseSpecialTokens: true }), ids, JSON.stringify(text));
    }
    assert.ok(compared > 100, String(compared));
  });

  it("wordpiece: words begin with ▁", () => {
    const files = readFiles("synth-wordpiece-1");
    const { tokenizer } = throughGguf(files);
    let compared = 0;
    for (const { text, ids } of readCases("synth-wordpiece-1")) {
      if (text.length > 100 || !/^[\x20-\x7e\u4e00-\u9fff，。]*$/.test(text)) continue; // llama.cpp reads accents and marks in its own way
      compared++;
      assert.deepEqual(tokenizer.encode(text, { parseSpecialTokens: true }), ids, JSON.stringify(text));
    }
    assert.ok(compared > 60, String(compared));
  });
});

describe("tokenizer.model goes through GGUF", () => {
  for (const kind of ["bpe", "unigram-bytes", "unigram-nfkc"]) {
    it(kind, () => {
      const folder = `synth-spm-model-${kind}-1`;
      const { model } = readFiles(folder);
      const { tokenizer, pairs, warnings } = throughGguf({ model });
      assert.equal(pairs.get("tokenizer.ggml.model"), kind === "bpe" ? "llama" : "t5");
      const original = tokenizerFromSentencePiece(model!);
      assert.equal(tokenizer.eosTokenIds[0], original.eosTokenIds[0]);
      assert.deepEqual(tokenizer.encode(""), original.encode(""));
      if (kind === "unigram-bytes") assert.match(warnings.join(), /byte fallback/);
      let compared = 0;
      for (const { text, ids } of readCases(folder, "spm-cases.json")) {
        if (kind === "unigram-bytes" && ids.some((id) => /^<0x..>$/.test(original.idToToken(id)!))) continue;
        // User-defined pieces stand apart in GGUF, and what follows them gets a prefix of its own.
        if (kind === "bpe" && text.includes("<|im_")) continue;
        compared++;
        assert.deepEqual(tokenizer.encode(text, { addSpecialTokens: false }), ids, JSON.stringify(text));
      }
      assert.ok(compared > 90, String(compared));
    });
  }
});

describe("what a GGUF tokenizer is made of", () => {
  it("every pre-tokenizer of the table cuts the probes in its own way", () => {
    // Two ways to write one pattern: \s*[\r\n] takes all that \s*[\r\n]+ does.
    const alike = new Set(["bailingmoe", "bailingmoe2", "llada-moe"]);
    const seen = new Map<string, string>();
    for (const [name, pre] of GGUF_PRE_TOKENIZERS) {
      const pieces: string[] = [];
      const cut = patternsOf(pre, name);
      for (const text of PROBES) cut(text, 0, text.length, true, (t, s, e) => pieces.push(t.slice(s, e)));
      const key = pieces.join("\0");
      const other = seen.get(key);
      if (other === undefined) seen.set(key, name);
      else if (!alike.has(name)) {
        const twin = GGUF_PRE_TOKENIZERS.get(other)!;
        assert.deepEqual(pre.patterns, twin.patterns, `${name} and ${other} cut alike`);
      }
    }
    assert.ok(seen.size > 20);
  });

  it("the vocabulary fills the embedding, special ids have their keys, and what is impossible is refused", () => {
    const files = readFiles("synth-qwen2-1");
    const { pairs, warnings } = throughGguf(
      { ...files, generationConfig: { eos_token_id: [1402, 1400] }, chatTemplate: "{{ 1 }}" },
      { vocabSize: 1408 },
    );
    const tokens = pairs.get("tokenizer.ggml.tokens") as string[];
    const types = pairs.get("tokenizer.ggml.token_type") as Int32Array;
    assert.deepEqual(tokens.slice(1403), [
      "<tool_call>",
      "</tool_call>",
      "[PAD1405]",
      "[PAD1406]",
      "[PAD1407]",
    ]);
    assert.deepEqual([...types.slice(1399)], [1, 3, 3, 3, 4, 4, 5, 5, 5]);
    assert.equal(pairs.get("tokenizer.ggml.eos_token_id"), 1402);
    assert.equal(pairs.get("tokenizer.ggml.eot_token_id"), 1400);
    assert.equal(pairs.get("tokenizer.ggml.add_bos_token"), false);
    assert.equal(pairs.get("tokenizer.chat_template"), "{{ 1 }}");
    assert.equal(warnings.length, 1);
    assert.match(throughGguf(files, { vocabSize: 1400 }).warnings.join(), /5 tokens past the 1400 rows/);

    const json = structuredClone(files.json) as { pre_tokenizer: { pretokenizers: object[] } };
    json.pre_tokenizer.pretokenizers[0] = {
      type: "Split",
      pattern: { Regex: "[aeiou]+" },
      behavior: "Isolated",
      invert: false,
    };
    const refused = (run: () => unknown, message: RegExp) =>
      assert.throws(run, (e) => e instanceof BaimoError && e.code === "request" && message.test(e.message));
    refused(() => tokenizerToGguf({ ...files, json }), /cuts text as none does/);
    assert.equal(
      throughGguf({ ...files, json }, { preTokenizer: "qwen2" }).pairs.get("tokenizer.ggml.pre"),
      "qwen2",
    );
    refused(() => tokenizerToGguf({}), /neither tokenizer.json nor tokenizer.model/);
  });
});
