// Every tokenizer with stored cases gives the stored ids, texts and streams.
//
// Real vocabularies are used where they are beside the checkout.
//
// Real vocabularies are used where they are beside the checkout.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openTokenizer, type Tokenizer } from "../src/tokenizers/index.ts";
import { beside, golden, unlessBeside } from "./places.ts";

/** Cases made by Hugging Face's tokenizers. */
interface JsonCase {
  text: string;
  ids: number[];
  ids_plain: number[];
  decode: string;
  decode_plain: string;
  decode_skip: string;
  stream: (string | null)[];
  stream_rest: string;
}

/** Cases made by sentencepiece (with `decode`) or by llama.cpp; special tokens neither added nor parsed. */
interface PlainCase {
  text: string;
  ids: number[];
  decode?: string;
}

const readCases = <T>(path: string) => JSON.parse(readFileSync(path, "utf8")) as T[];

function checkJsonCases(tokenizer: Tokenizer, cases: readonly JsonCase[]): void {
  assert.ok(cases.length > 200);
  for (const c of cases) {
    const parsed = tokenizer.encode(c.text, { parseSpecialTokens: true });
    assert.deepEqual(parsed, c.ids, `ids of ${JSON.stringify(c.text)}`);
    const plain = tokenizer.encode(c.text, { parseSpecialTokens: true, addSpecialTokens: false });
    assert.deepEqual(plain, c.ids_plain, `plain ids of ${JSON.stringify(c.text)}`);
    assert.equal(tokenizer.decode(c.ids, { skipSpecialTokens: false }), c.decode);
    assert.equal(tokenizer.decode(c.ids_plain, { skipSpecialTokens: false }), c.decode_plain);
    assert.equal(tokenizer.decode(c.ids), c.decode_skip);
    const stream = tokenizer.createDecodeStream({ skipSpecialTokens: false });
    const pushed = c.ids.map((id) => stream.push(id));
    assert.deepEqual(
      pushed,
      c.stream.map((text) => text ?? ""),
      `stream of ${JSON.stringify(c.text)}`,
    );
    assert.equal(stream.flush(), c.stream_rest);
  }
}

function checkPlainCases(tokenizer: Tokenizer, cases: readonly PlainCase[]): void {
  assert.ok(cases.length > 40);
  for (const c of cases) {
    const ids = tokenizer.encode(c.text, { addSpecialTokens: false });
    assert.deepEqual(ids, c.ids, `ids of ${JSON.stringify(c.text)}`);
    const text = tokenizer.decode(c.ids);
    if (c.decode !== undefined) assert.equal(text, c.decode);
    const stream = tokenizer.createDecodeStream();
    assert.equal(c.ids.map((id) => stream.push(id)).join("") + stream.flush(), text);
  }
}

/** Inputs whose normalisers change the text, or whose vocabularies lack some of it: only decoding is compared for them. */
const changesText = /wordpiece|bert|nfkc|qwen2|olmo|unigram/;

/** The bytes of a text's tokens are the text, but for a space before it. */
function checkBytes(tokenizer: Tokenizer, texts: readonly string[], path: string): void {
  const assertSame = (joined: Buffer, expected: string, name: string) => {
    const bytes = Buffer.from(expected);
    const first = joined.length === bytes.length + 1 && joined[0] === 0x20 ? 1 : 0;
    assert.deepEqual(joined.subarray(first), bytes, name);
  };
  for (const text of texts) {
    for (const parseSpecialTokens of [false, true]) {
      // SentencePiece's prefix goes before every stretch, and its added tokens may swallow the spaces beside them.
      if (parseSpecialTokens && tokenizer.kind === "spm-bpe") continue;
      const ids = tokenizer.encode(text, { addSpecialTokens: false, parseSpecialTokens });
      const joined = Buffer.concat(ids.map((id) => tokenizer.tokenBytes(id)));
      const decoded = tokenizer.decode(ids, { skipSpecialTokens: false });
      const name = `bytes of ${JSON.stringify(text)}`;
      if (!decoded.includes("\ufffd")) assertSame(joined, decoded, name);
      if (changesText.test(path) || (tokenizer.kind === "spm-bpe" && text.includes("▁"))) continue;
      assertSame(joined, text, name);
    }
  }
  assert.equal(tokenizer.tokenBytes(tokenizer.vocabSize).length, 0);
  assert.equal(tokenizer.tokenBytes(-1).length, 0);
}

const textsOf = (path: string) => readCases<{ text: string }>(path).map(({ text }) => text);

function checkFolder(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === "tokenizer.json") {
      it("tokenizer.json", async () =>
        checkJsonCases(await openTokenizer(path), readCases(join(folder, "cases.json"))));
      it("bytes, tokenizer.json", async () =>
        checkBytes(await openTokenizer(path), textsOf(join(folder, "cases.json")), path));
    } else if (name === "tokenizer.model") {
      const cases = join(
        folder,
        existsSync(join(folder, "spm-cases.json")) ? "spm-cases.json" : "cases.json",
      );
      it("tokenizer.model", async () => checkPlainCases(await openTokenizer(path), readCases(cases)));
      it("bytes, tokenizer.model", async () => checkBytes(await openTokenizer(path), textsOf(cases), path));
    } else if (name.endsWith(".gguf")) {
      for (const cases of ["cases.json", "llamacpp-cases.json"]) {
        it(`${name}, ${cases}`, async () =>
          checkPlainCases(await openTokenizer(path), readCases(join(folder, cases))));
      }
      it(`bytes, ${name}`, async () =>
        checkBytes(await openTokenizer(path), textsOf(join(folder, "cases.json")), path));
    }
  }
}

describe("tokenizers made for tests", () => {
  const root = golden("tokenizers");
  for (const name of readdirSync(root)) describe(name, () => checkFolder(join(root, name)));
});

describe("real vocabularies", () => {
  const root = beside("tokenizers");
  const skip = unlessBeside("tokenizers");
  if (skip) {
    it("all", { skip }, () => {});
    return;
  }
  for (const name of readdirSync(root)) {
    if (!name.startsWith("synth-")) describe(name, () => checkFolder(join(root, name)));
  }
});

describe("stories260k", () => {
  const folder = beside("stories260k");
  const skip = unlessBeside("stories260k");
  const cases = () => readCases<PlainCase & { hf_ids?: number[] }>(join(folder, "tokenizer-cases.json"));
  it("tokenizer.model", { skip }, async () =>
    checkPlainCases(await openTokenizer(join(folder, "tokenizer.model")), cases()),
  );
  it("GGUF", { skip }, async () =>
    checkPlainCases(await openTokenizer(join(folder, "stories260k-q8_0.gguf")), cases()),
  );
  it("the folder: tokenizer.json", { skip }, async () => {
    const tokenizer = await openTokenizer(folder);
    for (const c of cases()) {
      const ids = tokenizer.encode(c.text, { addSpecialTokens: false, parseSpecialTokens: true });
      assert.deepEqual(ids, c.hf_ids ?? c.ids, JSON.stringify(c.text));
    }
    assert.equal(tokenizer.bosTokenId, 1);
    assert.deepEqual(tokenizer.eosTokenIds, [2]);
  });
});
