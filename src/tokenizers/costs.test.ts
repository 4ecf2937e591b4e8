// Hostile texts and tokenizer files: time in proportion to the text, or a plain refusal.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertLinear } from "../../test/processor-time.ts";
import { BaimoError } from "../errors.ts";
import { createUnigram } from "./algorithms/unigram.ts";
import { tokenizerFromJson } from "./index.ts";
import { createPrecompiledNormalizer, readCharsmap } from "./text/charsmap.ts";
import { readNormalizer } from "./text/normalizers.ts";

const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof BaimoError && error.code === code && message.test(error.message);

/** A character map without entries for what is looked up. */
const emptyMap = () => readCharsmap(Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0), "test");

describe("normalizers", () => {
  const mixed = (n: number) => "\u0301\u0316".repeat(n);
  const specs = [
    { type: "NFC" },
    { type: "NFKD" },
    {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: true,
      lowercase: true,
    },
    { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "StripAccents" }, { type: "Strip" }] },
  ];
  for (const spec of specs) {
    it(`${spec.type}: combining marks`, () => {
      const normalize = readNormalizer(spec, "test");
      assertLinear((n) => normalize(mixed(n)), 40_000);
    });
  }

  for (const unit of ["\n", "\t", "\r", "\n ", "\r\n", "ก", "\u0301", "👩\u200d", "가"]) {
    it(`a character map on ${JSON.stringify(unit)} again and again`, () => {
      const normalize = createPrecompiledNormalizer(emptyMap());
      assertLinear((n) => normalize(unit.repeat(n), 1e9), 20_000);
    });
  }

  it("that double the text thirty times are refused", () => {
    const double = { type: "Replace", pattern: { String: "a" }, content: "aa" };
    const normalize = readNormalizer({ type: "Sequence", normalizers: Array(30).fill(double) }, "x");
    assert.throws(() => normalize("a".repeat(100)), refused("request", /makes more than/));
  });

  it("that write a long text for a short one are refused before it is written", () => {
    const spec = { type: "Replace", pattern: { Regex: "." }, content: "x".repeat(1 << 20) };
    assert.throws(() => readNormalizer(spec, "x")("a".repeat(4000)), refused("request", /makes more than/));
  });

  it("may make eighteen characters of one", () => {
    const text = "\ufdfa".repeat(200_000);
    assert.equal(readNormalizer({ type: "NFKC" }, "x")(text).length, 18 * text.length);
  });
});

describe("a character map", () => {
  it("is the same in pieces as in one", () => {
    const map = { longest: () => undefined, shortest: () => ({ length: 1, text: "|" }) };
    const normalize = createPrecompiledNormalizer(map);
    const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
    // Each grapheme of less than six bytes becomes one mark, each other one a mark a character.
    const expected = (text: string) =>
      [...segmenter.segment(text)]
        .map(({ segment }) => "|".repeat(Buffer.byteLength(segment) < 6 ? 1 : [...segment].length))
        .join("");
    for (const unit of ["\u1100", "한", "👩🏽\u200d💻", "🇩🇪", "e\u0301", "กำ", "\r\n", "\r", "\u0301"]) {
      for (const start of ["", "a", "\n", "🇩"]) {
        const text = start + unit.repeat(1500);
        assert.equal(normalize(text, 1e9), expected(text), JSON.stringify(start + unit));
      }
    }
  });
});

describe("a tokenizer.json", () => {
  const model = { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] };
  const nested = (field: string, depth: number): unknown => {
    let step: unknown = { type: "Sequence", [field]: [] };
    for (let i = 0; i < depth; i++) step = { type: "Sequence", [field]: [step] };
    return step;
  };
  const fields = {
    normalizer: "normalizers",
    pre_tokenizer: "pretokenizers",
    decoder: "decoders",
    post_processor: "processors",
  };
  for (const [field, inner] of Object.entries(fields)) {
    it(`with 5,000 nested steps of its ${field} is refused`, () => {
      const open = () => tokenizerFromJson({ model, [field]: nested(inner, 5000) });
      assert.throws(open, refused("format", new RegExp(`${field} has more than 256 steps`)));
      tokenizerFromJson({ model, [field]: nested(inner, 8) });
    });
  }

  it("with a long continuing_subword_prefix gives ids only", () => {
    const vocab = Object.fromEntries(
      Array.from({ length: 256 }, (_, b) => [`<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`, b]),
    );
    const prefixed = (prefix: string) =>
      tokenizerFromJson({
        model: { type: "BPE", vocab, merges: [], byte_fallback: true, continuing_subword_prefix: prefix },
      });
    const ids = prefixed("0123456789abcdef").encode("x".repeat(300));
    assert.equal(ids.length, 300 + 299 * 16);
    assert.ok(ids.every((id) => id >= 0 && id < 256));
    const huge = prefixed("#".repeat(10_000));
    assert.throws(() => huge.encode("x".repeat(300)), refused("request", /makes more than/));
  });

  it("with added tokens far longer than published ones costs no more than its text", () => {
    const content = `${"a".repeat(4000)}b`;
    const tokenizer = tokenizerFromJson({ model, added_tokens: [{ id: 2, content, normalized: false }] });
    assert.throws(() => tokenizer.encode("a".repeat(100_000)), refused("request", /too many steps/));
    assert.deepEqual(tokenizer.encode(`a${content}`, { parseSpecialTokens: true }), [0, 2]);
  });

  it("merges one long word in n log n", () => {
    const letters = [..."abcdefgh"];
    const pairs = letters.flatMap((a) => letters.map((b) => a + b));
    const tokens = [...letters, ...pairs, ...pairs.slice(0, 30).map((pair) => pair + pair)];
    const tokenizer = tokenizerFromJson({
      model: {
        type: "BPE",
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [...pairs.map((pair) => [...pair]), ...pairs.slice(0, 30).map((pair) => [pair, pair])],
      },
    });
    const word = (n: number) => Array.from({ length: n }, (_, i) => letters[(i * i + 3 * i) % 7]).join("");
    assertLinear((n) => tokenizer.encode(word(n)), 50_000);
  });
});

describe("a unigram model", () => {
  const tokens = ["<unk>", ...Array.from({ length: 4000 }, (_, i) => "a".repeat(i + 1))];
  const options = { tokens, scores: tokens.map((_, id) => -id), unknownId: 0, where: "test" };
  it("with pieces of up to 4,000 characters refuses a text of a million of them", () => {
    const model = createUnigram(options);
    assert.throws(
      () => model.encode("a".repeat(1_000_000), 0, 1_000_000, []),
      refused("request", /too many steps/),
    );
  });
  it("with pieces of up to 48 characters takes any text", () => {
    const short = { ...options, tokens: tokens.slice(0, 49), scores: options.scores.slice(0, 49) };
    const out: number[] = [];
    createUnigram(short).encode("a".repeat(100_000), 0, 100_000, out);
    assert.ok(out.length > 2000);
  });
});
