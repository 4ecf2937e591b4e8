// Encoder-decoder models: the prompt is the encoder's text, a request is a conversation.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openCheckpoint, writeSafetensors } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import type { ChatEvent } from "../src/generate/types.ts";
import { createRandom } from "../src/random.ts";
import { golden, readJson } from "./places.ts";

/** The golden T5 v1.1 with a vocabulary as large as a tokenizer's: its other weights, and random rows. */
async function makeFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "baimo-t5-"));
  const from = golden("families", "t5v11");
  const words = golden("tokenizers", "synth-unigram-nfkc-1");
  for (const file of ["tokenizer.json", "tokenizer_config.json"])
    copyFileSync(join(words, file), join(folder, file));
  const vocabSize = readJson(join(words, "tokenizer.json")).model.vocab.length + 8;
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({ ...readJson(join(from, "config.json")), vocab_size: vocabSize }),
  );
  const checkpoint = await openCheckpoint(from);
  const random = createRandom(11);
  try {
    const tensors = [];
    for (const { name, dtype, shape } of checkpoint.tensors.values()) {
      if (/embed_tokens/.test(name)) continue;
      const grows = name === "shared.weight" || name === "lm_head.weight";
      const rows = Float32Array.from({ length: vocabSize * shape[1] }, () => random.normal());
      const data = grows ? new Uint8Array(rows.buffer) : await checkpoint.readTensor(name);
      tensors.push({ name, dtype, shape: grows ? [vocabSize, shape[1]] : shape, data });
    }
    await writeSafetensors(join(folder, "model.safetensors"), { tensors });
  } finally {
    await checkpoint.close();
  }
  return folder;
}

async function textOf(events: AsyncGenerator<ChatEvent, unknown>): Promise<string> {
  let text = "";
  for await (const event of events) if (event.type === "text-delta") text += event.text;
  return text;
}

describe("a model with an encoder", () => {
  let folder: string;
  let model: TraceableModel;
  before(async () => {
    folder = await makeFolder();
    model = await load(folder, { contextLength: 64, threads: 2, chunkTokens: 5 });
  });
  after(async () => {
    await model?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  const options = { temperature: 0, maxTokens: 12, ignoreEos: true };

  it("answers a text, and another text otherwise", async () => {
    const answer = await textOf(model.complete("translate English to German: a house", options));
    assert.notEqual(answer, "");
    assert.equal(await textOf(model.complete("translate English to German: a house", options)), answer);
    assert.notEqual(await textOf(model.complete("summarize: the river and the mountain", options)), answer);
  });

  it("takes a conversation as its messages' text, ended as the tokenizer ends one", async () => {
    const request = "summarize: the river";
    const chat = await textOf(model.chat([{ role: "user", content: request }], options));
    assert.equal(chat, await textOf(model.complete(request, options)));
    const two = [
      { role: "system", content: "Answer briefly." },
      { role: "user", content: request },
    ];
    const joined = await textOf(model.complete(`Answer briefly.\n${request}`, options));
    assert.equal(await textOf(model.chat(two, options)), joined);
  });

  it("continues the decoder's own tokens, and its logits are those of one pass", async () => {
    const encoderTokens = model.tokenizer.encode("the river and the mountain");
    const ids: number[] = [0];
    for await (const event of model.complete(encoderTokens, { ...options, decoderTokens: ids.slice() })) {
      if (event.type === "text-delta") ids.push(...event.tokens.map(({ id }) => id));
    }
    const { data, shape } = await model.logits(ids, { encoderTokens });
    assert.deepEqual(shape, [ids.length, model.config.vocabSize]);
    for (let t = 0; t + 1 < ids.length; t++) {
      const row = data.subarray(t * shape[1], (t + 1) * shape[1]);
      assert.equal(row.indexOf(row.reduce((a, b) => Math.max(a, b))), ids[t + 1]);
    }
  });

  it("gives the same bits for any number of threads and chunks", async () => {
    const encoderTokens = Array.from({ length: 40 }, (_, i) => (i * 31) % 900);
    const decoder = [0, 5, 9, 200, 31];
    const expected = (await model.logits(decoder, { encoderTokens })).data;
    for (const [threads, chunkTokens] of [
      [1, 64],
      [3, 7],
    ]) {
      const other = await load(folder, { contextLength: 64, threads, chunkTokens });
      try {
        assert.deepEqual((await other.logits(decoder, { encoderTokens })).data, expected);
      } finally {
        await other.dispose();
      }
    }
  });

  it("says what it needs", async () => {
    await assert.rejects(model.logits([0]), /has an encoder: pass its tokens as encoderTokens/);
    await assert.rejects(
      textOf(model.complete(new Array(65).fill(3), options)),
      /the encoder's text has 65 tokens/,
    );
    const plain = await load(golden("gguf", "llama-q8_0.gguf"), { contextLength: 64 });
    try {
      await assert.rejects(plain.logits([1], { encoderTokens: [1] }), /has no encoder/);
      await assert.rejects(textOf(plain.complete([1], { decoderTokens: [1] })), /has no encoder/);
    } finally {
      await plain.dispose();
    }
  });
});
