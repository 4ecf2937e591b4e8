// Checks of a tokenizer against stored cases, and that its tokens' bytes make the text.
import assert from "node:assert/strict";
import type { Tokenizer } from "../src/tokenizers/index.ts";

/** Cases made by Hugging Face's tokenizers. */
export interface JsonCase {
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
export interface PlainCase {
  text: string;
  ids: number[];
  decode?: string;
}

export function checkJsonCases(tokenizer: Tokenizer, cases: readonly JsonCase[]): void {
  assert.ok(cases.length > 0);
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

export function checkPlainCases(tokenizer: Tokenizer, cases: readonly PlainCase[]): void {
  assert.ok(cases.length > 0);
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
export function checkBytes(tokenizer: Tokenizer, texts: readonly string[], path: string): void {
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
