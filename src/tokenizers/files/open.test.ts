// openTokenizer from folders, files, bytes and GGUF; decode streams.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { openTokenizer } from "../index.ts";

const golden = resolve("test/golden");
const at = (...parts: string[]) => join(golden, "tokenizers", ...parts);

describe("openTokenizer", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "baimo-tokenizer-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("opens a folder, a file, its bytes and what was parsed, all alike", async () => {
    const path = at("synth-llama3-1", "tokenizer.json");
    const bytes = await readFile(path);
    const sources = [at("synth-llama3-1"), path, new Uint8Array(bytes), { json: JSON.parse(String(bytes)) }];
    const [first, ...others] = await Promise.all(sources.map((source) => openTokenizer(source)));
    const expected = first.encode("Hello 世界 12345");
    assert.ok(expected.length > 4 && expected[0] === 1400);
    for (const tokenizer of others) assert.deepEqual(tokenizer.encode("Hello 世界 12345"), expected);
    assert.equal(first.bosTokenId, 1400);
    assert.deepEqual(first.eosTokenIds, [1401, 1402]);
    assert.equal(others[0].bosTokenId, 1400); // the configuration beside the file counts
    assert.equal(others[2].bosTokenId, undefined);
  });

  it("opens a GGUF file and a SentencePiece model", async () => {
    const gguf = await openTokenizer(join(golden, "gguf", "qwen2-q8_0.gguf"));
    assert.equal(gguf.kind, "bpe");
    assert.equal(gguf.vocabSize, 1405);
    assert.deepEqual(gguf.eosTokenIds, [1402, 1400]);
    const model = await openTokenizer(at("synth-spm-model-bpe-1", "tokenizer.model"));
    assert.equal(model.kind, "spm-bpe");
    assert.equal(model.encode("a")[0], 1);
    assert.deepEqual(
      await openTokenizer({ model: await readFile(at("synth-spm-model-bpe-1", "tokenizer.model")) }).then(
        (t) => t.encode("ab c"),
      ),
      model.encode("ab c"),
    );
  });

  it("reads what stands beside the tokenizer: configuration, generation, template", async () => {
    await writeFile(
      join(folder, "tokenizer.model"),
      await readFile(at("synth-spm-model-bpe-1", "tokenizer.model")),
    );
    const added = { "1300": { content: "<|turn|>", special: true, lstrip: false, rstrip: true } };
    await writeFile(
      join(folder, "tokenizer_config.json"),
      JSON.stringify({
        bos_token: { content: "<s>" },
        eos_token: "</s>",
        add_bos_token: false,
        added_tokens_decoder: added,
      }),
    );
    await writeFile(join(folder, "generation_config.json"), JSON.stringify({ eos_token_id: [2, 1300] }));
    await writeFile(join(folder, "chat_template.jinja"), "{{ messages }}");
    const tokenizer = await openTokenizer(folder);
    assert.equal(tokenizer.bosTokenId, 1);
    assert.deepEqual(tokenizer.eosTokenIds, [2, 1300]);
    assert.equal(tokenizer.chatTemplate, "{{ messages }}");
    assert.equal(tokenizer.vocabSize, 1301);
    const plain = tokenizer.encode("a");
    assert.deepEqual(tokenizer.encode("<|turn|>  a", { parseSpecialTokens: true }), [1300, ...plain]);
    assert.ok(!tokenizer.encode("<|turn|>").includes(1300));
    assert.equal(tokenizer.decode([1300, ...plain], { skipSpecialTokens: false }), "<|turn|> a");
    assert.equal(tokenizer.decode([1300, ...plain]), "a");
  });

  it("takes tokens and templates of the configuration, as transformers does, and refuses odd ones", async () => {
    const place = await mkdtemp(join(folder, "added-"));
    const json = JSON.parse(String(await readFile(at("synth-qwen2-1", "tokenizer.json"))));
    await writeFile(join(place, "tokenizer.json"), JSON.stringify(json));
    const configure = (config: object) =>
      writeFile(join(place, "tokenizer_config.json"), JSON.stringify(config));
    const words = Object.keys(json.model.vocab);
    const added = {
      "9": { content: "<|new|>", special: true },
      "1401": { content: "<|im_start|>", special: true },
      "4000": { content: words[300], special: false },
    };
    await configure({ added_tokens_decoder: added, chat_template: { default: "D", tool_use: "T" } });
    const tokenizer = await openTokenizer(place);
    assert.equal(tokenizer.vocabSize, 1406, "what is new follows the vocabulary");
    assert.deepEqual(tokenizer.encode("<|im_start|><|new|>", { parseSpecialTokens: true }), [1401, 1405]);
    assert.deepEqual(
      [...tokenizer.chatTemplates],
      [
        ["default", "D"],
        ["tool_use", "T"],
      ],
    );
    for (const [config, message] of [
      [{ added_tokens_decoder: { x: { content: "a" } } }, /added_tokens_decoder\["x"\] must be a token id/],
      [{ added_tokens_decoder: { 1: "a" } }, /added_tokens_decoder\["1"\] must be an object/],
      [{ chat_template: 5 }, /chat_template must be an array but is 5/],
      [{ chat_template: [{ name: "default" }] }, /chat_template\[0\]\.template must be a string/],
    ] as const) {
      await configure(config);
      await assert.rejects(openTokenizer(place), { code: "format", message });
    }
    await configure({});
    await writeFile(join(place, "chat_template.jinja"), Uint8Array.of(0x61, 0xe9));
    await assert.rejects(openTokenizer(place), { message: /chat_template.jinja is not text in UTF-8/ });
  });

  it("says what is missing", async () => {
    const coded = (code: string) => (error: unknown) => error instanceof BaimoError && error.code === code;
    await assert.rejects(openTokenizer(join(folder, "absent")), coded("request"));
    await assert.rejects(openTokenizer(join(golden, "quants")), coded("request"));
    await assert.rejects(openTokenizer(Uint8Array.of(1, 2, 3)), coded("format"));
    for (const [text, message] of [
      ["", /bytes: is empty; it is no vocabulary that is read: a tokenizer.json, /],
      ["hello", /bytes: begins with "hello"; it is no vocabulary/],
      ["version https://git-lfs.github.com/spec/v1", /begins with "version " \(perhaps a Git LFS pointer/],
      ['{"model": {"type"', /^the given bytes is not JSON/],
    ] as const) {
      const bytes = new TextEncoder().encode(text);
      await assert.rejects(openTokenizer(bytes), { code: "format", message });
    }
    await assert.rejects(openTokenizer(new TextEncoder().encode("{ not json }")), coded("format"));
    await assert.rejects(openTokenizer({} as never), coded("request"));
  });
});

describe("a decode stream", () => {
  it("never ends in half a character, whatever the tokens cut", async () => {
    const tokenizer = await openTokenizer(at("synth-gpt2-1"));
    const text = "你好，世界！👩\u200d💻 é";
    const bytes = [...new TextEncoder().encode(text)];
    const byteIds = bytes.map((b) => tokenizer.encode("\0").length && idOfByte(b));
    function idOfByte(b: number): number {
      const printable = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      if (printable) return tokenizer.tokenToId(String.fromCharCode(b)) as number;
      const others = Array.from({ length: 256 }, (_, i) => i).filter(
        (i) => !((i >= 0x21 && i <= 0x7e) || (i >= 0xa1 && i <= 0xac) || i >= 0xae),
      );
      return tokenizer.tokenToId(String.fromCharCode(256 + others.indexOf(b))) as number;
    }
    const stream = tokenizer.createDecodeStream();
    const pushed = byteIds.map((id) => stream.push(id));
    assert.ok(pushed.every((part) => !part.includes("\ufffd")));
    assert.equal(pushed.join("") + stream.flush(), text);
    assert.equal(pushed.filter((part) => part !== "").length, [...text].length);
  });

  it("gives out what was cut short when flushed, and goes on after malformed bytes", async () => {
    const tokenizer = await openTokenizer(at("synth-spm-legacy-1"));
    const byte = (b: string) => tokenizer.tokenToId(`<0x${b}>`) as number;
    const stream = tokenizer.createDecodeStream();
    assert.equal(stream.push(byte("E4")), "");
    assert.equal(stream.push(byte("BD")), "");
    assert.equal(stream.push(byte("A0")), "你");
    assert.equal(stream.push(byte("E5")), "");
    const letter = tokenizer.tokenToId("a") as number;
    assert.equal(stream.push(letter), "\ufffda");
    assert.equal(stream.push(byte("E5")), "");
    assert.equal(stream.flush(), "\ufffd");
  });
});
