// Tokenizers trained on stored texts, compared with Hugging Face's: vocabulary, merges, ids.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokenizerFromJson } from "../src/tokenizers/index.ts";
import { trainTokenizer } from "../src/tokenizers/train/train-tokenizer.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

interface StoredTraining {
  texts: string;
  pattern: string;
  vocabSize: number;
  minFrequency: number;
  specialTokens: string[];
  initialAlphabet: string;
  encoded: { text: string; ids: number[] }[];
}

const folder = ["training", "bpe"];
const skip = unlessBeside(...folder, "cases.json");

describe("byte-level BPE is learned as stored", { skip }, () => {
  const cases: Record<string, StoredTraining> = skip ? {} : readJson(beside(...folder, "cases.json")).cases;
  for (const [name, stored] of Object.entries(cases))
    it(name, async () => {
      const file = await trainTokenizer(readJson(beside(...folder, stored.texts)) as string[], {
        vocabSize: stored.vocabSize,
        minFrequency: stored.minFrequency,
        specialTokens: stored.specialTokens,
        pattern: stored.pattern,
        alphabet: stored.initialAlphabet.startsWith("all") ? "all" : "found",
      });
      assert.deepEqual(file, readJson(beside(...folder, `${name}.tokenizer.json`)));
      const tokenizer = tokenizerFromJson(file);
      for (const { text, ids } of stored.encoded) assert.deepEqual(tokenizer.encode(text), ids, text);
    });
});
