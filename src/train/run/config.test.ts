// Hostile configurations and data: an error that says where, always.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import type { Language } from "../../generate/language.ts";
import { createRandom } from "../../random.ts";
import { CHATML_TEMPLATE, createChatTemplate } from "../../tokenizers/chat-template/chat-template.ts";
import { readTrainConfig } from "./config.ts";
import { readChats, readPairs, readTexts } from "./examples.ts";

const SEED = 20_261_128;
const whole = "stage: sft\nmodel: m\ndata: [a.jsonl]\nout: o\nsteps: 10\nlr: 1e-3\nbatch: 4\nmicroBatch: 2\n";

describe("configurations", () => {
  test("defaults, flags over the file", () => {
    const config = readTrainConfig(whole, "x.yaml", { lr: 0.5 });
    assert.equal(config.lr, 0.5);
    assert.equal(config.schedule, "cosine");
  });

  const refused: readonly [text: string, message: RegExp][] = [
    [`${whole}learningRate: 1\n`, /^x\.yaml: learningRate is not known/],
    [whole.replace("sft", "rlhf"), /stage is "rlhf".*allowed: .*grpo/],
    [whole.replace("sft", "grpo"), /needs reward/],
    [`${whole.replace("sft", "grpo")}reward: x.js\n`, /multiple of groupSize 8/],
    [whole.replace("batch: 4", "batch: 3"), /should be a multiple of microBatch/],
    ["[1, 2]", /should be an object/],
    ["stage: [", /no YAML or JSON/],
    [`a: &a [x]\nb: [${"*a, ".repeat(200)}*a]\n`, /aliases|not known/],
  ];
  for (const [text, message] of refused) {
    test(`refused: ${message.source}`, () => {
      assert.throws(
        () => readTrainConfig(text, "x.yaml"),
        (error) => error instanceof BaimoError && error.code === "config" && message.test(error.message),
      );
    });
  }

  test(`changed at random (seed ${SEED})`, () => {
    const random = createRandom(SEED);
    for (let i = 0; i < 500; i++) {
      const letters = [...whole];
      for (let k = random.integer(6); k >= 0; k--) {
        const at = random.integer(letters.length);
        letters[at] = String.fromCharCode(
          random.integer(4) === 0 ? random.integer(0x3000) : 32 + random.integer(95),
        );
      }
      try {
        readTrainConfig(letters.join(""), "x.yaml");
      } catch (error) {
        assert.ok(error instanceof BaimoError, `${JSON.stringify(letters.join(""))}: ${error}`);
      }
    }
  });
});

describe("data", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-examples-"));
  after(() => rmSync(folder, { recursive: true }));
  /** A token a byte; 0 ends. */
  const tokenizer = {
    eosTokenIds: [0],
    encode: (text: string) => [...new TextEncoder().encode(text)],
    decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
    tokenBytes: (id: number) => Uint8Array.of(id),
  } as unknown as Language["tokenizer"];
  const language: Language = { tokenizer, chatTemplate: createChatTemplate(CHATML_TEMPLATE) };
  const texts = async (files: readonly string[]) => {
    const all: unknown[] = [];
    for await (const text of readTexts(files, tokenizer, 0)) all.push(text);
    return all;
  };
  const write = (text: string) => {
    const path = join(folder, "data.jsonl");
    writeFileSync(path, text);
    return [path];
  };

  test("texts end with the end token; what has no other is none", async () => {
    const [first] = await texts(write('{"id": "x", "text": "ab"}\n\n{"text": ""}'));
    assert.deepEqual(first, { id: "x", tokens: [97, 98, 0] });
  });

  test("a line at fault is named", async () => {
    await assert.rejects(
      texts(write('{"text": "a"}\n{"text": 5}')),
      /data\.jsonl, line 2: "text" must be a text/,
    );
    await assert.rejects(
      readChats(write('{"messages": [5]}'), language, 64),
      /"messages\[0\]" should be a message/,
    );
    await assert.rejects(
      readPairs(write('{"prompt": "a", "chosen": "b"}'), language, 64),
      /"rejected" should be/,
    );
    await assert.rejects(texts([join(folder, "absent")]), /there is no such file/);
  });

  test(`changed at random (seed ${SEED})`, async () => {
    const random = createRandom(SEED);
    const lines = [
      '{"text": "abc"}',
      '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}',
      '{"prompt": "p", "chosen": "c", "rejected": "r"}',
    ];
    for (let i = 0; i < 60; i++) {
      const letters = [...lines[i % 3]];
      for (let k = random.integer(4); k >= 0; k--)
        letters[random.integer(letters.length)] = String.fromCharCode(32 + random.integer(95));
      const files = write(letters.join(""));
      for (const read of [texts, readChats, readPairs]) {
        await read(files, language, 64).catch((error: unknown) => {
          assert.ok(error instanceof BaimoError, `${letters.join("")}: ${error}`);
        });
      }
    }
  });
});
