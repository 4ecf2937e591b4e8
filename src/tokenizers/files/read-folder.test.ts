// The forms of a folder: each gives the ids that tokenizer.json of the same vocabulary gives.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { chooseFiles } from "../../formats/hub/hub-files.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerFromFiles } from "./from-files.ts";
import { type FolderReader, readTokenizerFiles } from "./read-folder.ts";

const root = "test/golden/tokenizers";
const golden = (folder: string, name: string): Uint8Array => readFileSync(join(root, folder, name));
const json = (folder: string, name: string) => JSON.parse(String(golden(folder, name)));
const texts = (folder: string): string[] =>
  json(folder, "cases.json").map(({ text }: { text: string }) => text);

/** A folder in memory: values that are no bytes are written as JSON, or as text. */
function folderOf(files: Record<string, unknown>): FolderReader {
  const encode = (value: unknown) =>
    value instanceof Uint8Array
      ? value
      : new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  return { name: "m", read: async (name) => (name in files ? encode(files[name]) : undefined) };
}

async function open(files: Record<string, unknown>): Promise<Tokenizer> {
  const tokenizer = tokenizerFromFiles(await readTokenizerFiles(folderOf(files)));
  assert.ok(tokenizer, "there is a tokenizer");
  return tokenizer;
}

function assertSameIds(a: Tokenizer, b: Tokenizer, folder: string): void {
  for (const text of texts(folder)) {
    assert.deepEqual(a.encode(text), b.encode(text), JSON.stringify(text));
    const options = { parseSpecialTokens: true, addSpecialTokens: false };
    assert.deepEqual(a.encode(text, options), b.encode(text, options), JSON.stringify(text));
    const ids = a.encode(text, options);
    assert.equal(a.decode(ids), b.decode(ids));
  }
}

describe("a folder's tokenizer files", () => {
  it("vocab.json with merges.txt, GPT-2's and Qwen2's", async () => {
    for (const [folder, className] of [
      ["synth-gpt2-1", "GPT2Tokenizer"],
      ["synth-qwen2-1", "Qwen2Tokenizer"],
    ]) {
      const file = json(folder, "tokenizer.json");
      const config = json(folder, "tokenizer_config.json");
      const merges = file.model.merges.map((merge: string | string[]) =>
        typeof merge === "string" ? merge : merge.join(" "),
      );
      const added = Object.fromEntries(
        file.added_tokens.map((token: { id: number }) => [String(token.id), token]),
      );
      const tokenizer = await open({
        "vocab.json": file.model.vocab,
        "merges.txt": `#version: 0.2\n${merges.join("\n")}\n`,
        "tokenizer_config.json": { ...config, tokenizer_class: className, added_tokens_decoder: added },
      });
      assertSameIds(
        tokenizer,
        await open({ "tokenizer.json": file, "tokenizer_config.json": config }),
        folder,
      );
    }
  });

  it("vocab.json with merges.txt of OPT: BOS as the configuration says, the class by the model", async () => {
    const { model } = json("synth-gpt2-1", "tokenizer.json");
    const tokenizer = await open({
      "config.json": { model_type: "opt" },
      "vocab.json": { ...model.vocab, "</s>": 5000 },
      "merges.txt": model.merges.map((m: string | string[]) => [m].flat().join(" ")).join("\r\n"),
      "tokenizer_config.json": {
        add_bos_token: true,
        bos_token: "</s>",
        eos_token: { content: "</s>" },
        unk_token: "</s>",
      },
    });
    assert.equal(tokenizer.bosTokenId, 5000);
    assert.deepEqual(tokenizer.eosTokenIds, [5000]);
    assert.equal(tokenizer.encode("ab")[0], 5000);
    assert.equal(tokenizer.decode(tokenizer.encode("ab c")), "ab c");
  });

  it("vocab.txt of BERT", async () => {
    const folder = "synth-wordpiece-1";
    const file = json(folder, "tokenizer.json");
    const lines: string[] = [];
    for (const [token, id] of Object.entries(file.model.vocab)) lines[id as number] = token;
    const config = { tokenizer_class: "BertTokenizer", do_lower_case: file.normalizer.lowercase };
    const tokenizer = await open({ "vocab.txt": `${lines.join("\n")}\n`, "tokenizer_config.json": config });
    assertSameIds(tokenizer, await open({ "tokenizer.json": file }), folder);
  });

  it("tiktoken, whatever its name; special tokens follow the ranks", async () => {
    const folder = "synth-qwen2-1";
    const file = json(folder, "tokenizer.json");
    const plain = await open({ "tokenizer.json": { ...file, added_tokens: [] } });
    const ranks = Array.from(Object.keys(file.model.vocab), (token) => {
      const id = plain.tokenToId(token) as number;
      return `${Buffer.from(plain.tokenBytes(id)).toString("base64")} ${id}`;
    }).join("\n");
    for (const name of ["qwen.tiktoken", "tiktoken.model", "tokenizer.model"]) {
      const tokenizer = await open({
        [name]: ranks,
        "config.json": { model_type: "qwen" },
        "tokenizer_config.json": { tokenizer_class: "QWenTokenizer" },
      });
      for (const text of texts(folder)) assert.deepEqual(tokenizer.encode(text), plain.encode(text), text);
      const size = plain.vocabSize;
      assert.deepEqual(tokenizer.encode("<|im_start|>", { parseSpecialTokens: true }), [size + 1]);
      assert.deepEqual(tokenizer.eosTokenIds, [size, size + 2]);
    }
    await assert.rejects(
      open({ "tiktoken.model": ranks, "config.json": { model_type: "poet" } }),
      (error) => error instanceof BaimoError && /poet.*not known.*tokenizer\.json/.test(error.message),
    );
    await assert.rejects(
      open({ "qwen.tiktoken": "YQ== 0\nYg== x\n" }),
      (error) => error instanceof BaimoError && error.code === "format" && /line 2/.test(error.message),
    );
  });

  it("spiece.model; what older folders keep beside it", async () => {
    const model = golden("synth-spm-model-bpe-1", "tokenizer.model");
    const tokenizer = await open({
      "spiece.model": model,
      "added_tokens.json": { "<|turn|>": 1300, "<note>": 1301 },
      "special_tokens_map.json": { eos_token: { content: "</s>" }, additional_special_tokens: ["<|turn|>"] },
    });
    assert.ok(tokenizer.isSpecial(1300) && !tokenizer.isSpecial(1301));
    assert.deepEqual(tokenizer.eosTokenIds, [2]);
    assert.ok(tokenizer.encode("<note>").includes(1301));
    assert.deepEqual(tokenizer.encode("ab"), (await open({ "tokenizer.model": model })).encode("ab"));
  });

  it("templates: of a file, of files by name, and of chat_template.json where there is no other", async () => {
    const vocabulary = { "tokenizer.json": golden("synth-gpt2-1", "tokenizer.json") };
    const files = await readTokenizerFiles(
      folderOf({
        ...vocabulary,
        "chat_template.jinja": "one",
        "additional_chat_templates/tool_use.jinja": "two",
        "chat_template.json": { chat_template: "three" },
      }),
    );
    assert.equal(files.chatTemplate, "one");
    assert.deepEqual(files.namedTemplates, new Map([["tool_use", "two"]]));
    const older = { ...vocabulary, "chat_template.json": { chat_template: "three" } };
    assert.equal((await readTokenizerFiles(folderOf(older))).chatTemplate, "three");
  });

  it("says what it cannot read, and gives nothing where nothing is", async () => {
    assert.equal(tokenizerFromFiles(await readTokenizerFiles(folderOf({ "config.json": {} }))), undefined);
    const unknown = { "vocab.json": { a: 0 }, "merges.txt": "", "config.json": { model_type: "poet" } };
    for (const files of [unknown, { "vocab.txt": "a\n" }]) {
      await assert.rejects(
        open(files),
        (error) =>
          error instanceof BaimoError && error.code === "request" && /save_pretrained/.test(error.message),
      );
    }
    await assert.rejects(
      open({ "tokenizer.json": "{" }),
      (error) => error instanceof BaimoError && /m: tokenizer\.json is not JSON/.test(error.message),
    );
  });

  it("reads what `baimo pull` brings, no more and no less", async () => {
    const read = new Set<string>();
    const folder = (has: readonly string[]): FolderReader => ({
      async read(name) {
        read.add(name);
        return has.includes(name) ? new TextEncoder().encode("{}") : undefined;
      },
    });
    await readTokenizerFiles(folder([]), { pieces: true });
    await readTokenizerFiles(folder([]));
    const others = [
      "README.md",
      "onnx/tokenizer.json",
      "preprocessor_config.json",
      "sentencepiece.bpe.model",
    ];
    const names = ["model.safetensors", ...read, ...others];
    const { files } = chooseFiles(names, { repo: "a/b", revision: "main" });
    assert.deepEqual([...files].sort(), ["model.safetensors", ...read].sort());
  });
});

const findings = "../shared/findings/public-reports";
for (const name of ["F07-vocab-merges", "F08-spiece-model"]) {
  const place = join(findings, name);
  const skip = existsSync(place) ? false : "the reported inputs are not beside the checkout";
  it(`the ids of ${name}`, { skip }, async () => {
    const read = async (file: string) => {
      const path = join(place, "tok", file);
      return existsSync(path) ? readFileSync(path) : undefined;
    };
    const tokenizer = tokenizerFromFiles(await readTokenizerFiles({ read }));
    const { text, ids } = JSON.parse(readFileSync(join(place, "case.json"), "utf8"));
    assert.deepEqual(tokenizer?.encode(text, { addSpecialTokens: false }), ids);
  });
}
