// Damaged tokenizer files, unknown components and hostile text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { processorMs } from "../../test/processor-time.ts";
import { BaimoError } from "../errors.ts";
import { createRandom, type Random } from "../random.ts";
import { isLong } from "../test-long.ts";
import { tokenizerFromGguf, tokenizerFromJson, tokenizerFromSentencePiece } from "./index.ts";
import type { Tokenizer } from "./tokenizer.ts";

const golden = resolve("test/golden/tokenizers");
const TEXTS = ["", "Hello 世界 123 <s>", "\u0000 é\u0301 😀\n", "aaaaaaaaaa   bbb"];

/** A damaged file is refused with a `format` error, or gives a tokenizer that works in some way. */
function survives(open: () => Tokenizer, what: string): "refused" | "opened" {
  let tokenizer: Tokenizer;
  try {
    tokenizer = open();
  } catch (error) {
    assert.ok(error instanceof BaimoError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.equal(error.code, "format", what);
    return "refused";
  }
  for (const text of TEXTS) {
    try {
      const ids = tokenizer.encode(text, { parseSpecialTokens: true });
      assert.ok(
        ids.every((id) => Number.isInteger(id) && id >= 0),
        what,
      );
      tokenizer.decode(ids);
      const stream = tokenizer.createDecodeStream();
      for (const id of ids) stream.push(id);
      stream.flush();
    } catch (error) {
      assert.ok(error instanceof BaimoError, `${what}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  return "opened";
}

const ODD: readonly unknown[] = [
  null,
  -1,
  1.5,
  1e12,
  "",
  "x",
  [],
  {},
  true,
  [null],
  { type: "Nonsense" },
  "\ud800",
];

/** Puts an odd value somewhere into a tree. */
function damage(tree: unknown, random: Random): void {
  let node = tree as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = keys[random.integer(keys.length)];
    const child = node[key];
    const isBranch = typeof child === "object" && child !== null && Object.keys(child).length > 0;
    if (isBranch && random.uniform() < 0.8) {
      node = child as Record<string, unknown>;
      continue;
    }
    if (random.uniform() < 0.2) delete node[key];
    else node[key] = structuredClone(ODD[random.integer(ODD.length)]);
    return;
  }
}

const TIMES = isLong ? 150 : 40;

describe("damaged tokenizer files", () => {
  for (const name of ["synth-llama3-1", "synth-spm-legacy-1", "synth-unigram-nfkc-1", "synth-wordpiece-1"]) {
    it(`${name}/tokenizer.json, ${TIMES} times`, () => {
      const text = readFileSync(join(golden, name, "tokenizer.json"), "utf8");
      let refused = 0;
      for (let seed = 1; seed <= TIMES; seed++) {
        const json = JSON.parse(text);
        const random = createRandom(seed);
        for (let n = random.integer(3); n >= 0; n--) damage(json, random);
        if (survives(() => tokenizerFromJson(json), `${name}, seed ${seed}`) === "refused") refused++;
      }
      assert.ok(refused > TIMES / 8, `only ${refused} were refused`);
    });
  }

  for (const name of ["synth-spm-model-bpe-1", "synth-spm-model-unigram-bytes-1"]) {
    it(`${name}/tokenizer.model, ${TIMES} times`, () => {
      const bytes = readFileSync(join(golden, name, "tokenizer.model"));
      let refused = 0;
      for (let seed = 1; seed <= TIMES; seed++) {
        const random = createRandom(seed);
        let damaged = Uint8Array.from(bytes);
        for (let n = random.integer(8); n >= 0; n--)
          damaged[random.integer(damaged.length)] = random.integer(256);
        if (random.uniform() < 0.3) damaged = damaged.slice(0, random.integer(damaged.length));
        if (survives(() => tokenizerFromSentencePiece(damaged), `${name}, seed ${seed}`) === "refused")
          refused++;
      }
      assert.ok(refused > TIMES / 8, `only ${refused} were refused`);
    });
  }

  it("GGUF key-value pairs of the wrong kind", () => {
    const good = new Map<string, unknown>([
      ["tokenizer.ggml.model", "llama"],
      ["tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "▁", "a", "▁a"]],
      ["tokenizer.ggml.scores", Float32Array.of(0, 0, 0, -1, -2, -3)],
      ["tokenizer.ggml.token_type", Int32Array.of(2, 3, 3, 1, 1, 1)],
      ["tokenizer.ggml.bos_token_id", 1],
      ["tokenizer.ggml.add_bos_token", true],
    ]);
    assert.deepEqual(tokenizerFromGguf(good).encode("a a"), [1, 5, 5]);
    for (const key of good.keys()) {
      for (const odd of [...ODD, undefined, Float32Array.of(1)]) {
        const metadata = new Map(good);
        metadata.set(key, odd);
        survives(() => tokenizerFromGguf(metadata), `${key} = ${JSON.stringify(odd)}`);
      }
    }
  });
});

describe("components that are not known", () => {
  const base = () => JSON.parse(readFileSync(join(golden, "synth-llama3-1", "tokenizer.json"), "utf8"));
  for (const field of ["normalizer", "pre_tokenizer", "post_processor", "decoder", "model"]) {
    it(`are named: ${field}`, () => {
      const json = base();
      json[field] = { ...json[field], type: "Telepathy" };
      assert.throws(
        () => tokenizerFromJson(json),
        (error) =>
          error instanceof BaimoError &&
          error.code === "format" &&
          error.message.includes("Telepathy") &&
          error.message.includes(field),
      );
    });
  }

  it("are named: a GGUF pre-tokenizer, with the option that helps", () => {
    const metadata = new Map<string, unknown>([
      ["tokenizer.ggml.model", "gpt2"],
      ["tokenizer.ggml.pre", "telepathy"],
      ["tokenizer.ggml.tokens", ["a", "b", "ab"]],
      ["tokenizer.ggml.merges", ["a b"]],
    ]);
    assert.throws(
      () => tokenizerFromGguf(metadata),
      (error) => error instanceof BaimoError && /"telepathy".*preTokenizer/s.test(error.message),
    );
    assert.deepEqual(tokenizerFromGguf(metadata, { preTokenizer: "gpt-2" }).encode("ab"), [2]);
  });
});

describe("hostile text", () => {
  for (const name of [
    "synth-qwen2-1",
    "synth-o200k-1",
    "synth-deepseek3-1",
    "synth-spm-legacy-1",
    "synth-unigram-nfkc-1",
    "synth-wordpiece-1",
  ]) {
    it(`${name}: 100 kB without a cut`, () => {
      const tokenizer = tokenizerFromJson(
        JSON.parse(readFileSync(join(golden, name, "tokenizer.json"), "utf8")),
      );
      for (const unit of ["a", "A", " ", "\n", "中", "1", ".", "'", "\u0301", "😀", "<", "\ud800"]) {
        const start = processorMs();
        const ids = tokenizer.encode(unit.repeat(100_000 / Buffer.byteLength(unit)));
        // Linear in practice, some 30 ms; a quadratic path takes a minute, so that a slow machine does not matter.
        assert.ok(processorMs() - start < 10_000, JSON.stringify(unit));
        assert.ok(ids.length > 0 || name.includes("wordpiece") || name.includes("unigram"));
      }
    });
  }
});
