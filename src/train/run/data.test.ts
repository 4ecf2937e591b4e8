// What steps learn from: every token once an epoch, and the documents that data's order tells of.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createOrder, openSequences, sequencesOfStep } from "../../data/index.ts";
import type { Language } from "../../generate/language.ts";
import { CHATML_TEMPLATE, createChatTemplate } from "../../tokenizers/chat-template/chat-template.ts";
import type { TaughtBatch } from "../tasks/next-tokens.ts";
import { readTrainConfig } from "./config.ts";
import { openRunData, type Reader } from "./data.ts";
import { readRunOrder, writeRun } from "./run-file.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-run-data-"));
after(() => rmSync(folder, { recursive: true }));

/** A token a byte; 0 ends. */
const tokenizer = {
  eosTokenIds: [0],
  vocabSize: 256,
  idToToken: String,
  encode: (text: string) => [...new TextEncoder().encode(text)],
  decode: (ids: ArrayLike<number>) => String.fromCharCode(...Array.from(ids)),
  tokenBytes: (id: number) => Uint8Array.of(id),
} as unknown as Language["tokenizer"];
const language: Language = { tokenizer, chatTemplate: createChatTemplate(CHATML_TEMPLATE) };
const reader = { path: folder, config: { eosTokenIds: [] }, language } as unknown as Reader;

const rows = {
  texts: Array.from({ length: 20 }, (_, i) => ({ id: `t${i}`, text: "abcdefghij".repeat(1 + (i % 4)) })),
  chats: Array.from({ length: 7 }, (_, i) => ({
    id: `c${i}`,
    messages: [
      { role: "user", content: "q" },
      { role: "assistant", content: "a".repeat(i + 1) },
    ],
  })),
};
const write = (name: keyof typeof rows) => {
  const path = join(folder, `${name}.jsonl`);
  writeFileSync(path, rows[name].map((row) => JSON.stringify(row)).join("\n"));
  return path;
};
const configOf = (more: object) =>
  readTrainConfig(
    JSON.stringify({
      model: folder,
      sequenceLength: 24,
      batch: 3,
      microBatch: 1,
      steps: 4,
      seed: 5,
      ...more,
    }),
    "run.json",
  );

/** The documents of a run's step by its folder alone. */
async function orderOf(out: string, step: number): Promise<string[]> {
  const run = readRunOrder(out) ?? assert.fail("no run.json");
  const sequences = await openSequences(run.folder);
  const order = createOrder({ seed: run.seed, manifestHash: sequences.hash, sequences: sequences.count });
  const documents = await sequences.documentsOf(sequencesOfStep(order, step, run.batch));
  await sequences.close();
  return documents.flat().map(({ id }) => id);
}

describe("a run's data", () => {
  test("texts, packed: each token comes once an epoch, as data order says", async () => {
    const out = join(folder, "packed");
    const config = configOf({ stage: "pretrain", data: [write("texts")], out, batch: 1 });
    const data = await openRunData(config, reader, false);
    writeRun(config, data.folder);
    const source = data.source([]);
    let tokens = 0;
    const steps = data.count;
    for (let step = 0; step < steps; step++) {
      const { batches, documents } = await source.step(step);
      for (const { tokens: ids, documents: lengths } of batches as TaughtBatch[]) {
        tokens += ids.length;
        assert.equal(
          lengths.reduce((a, b) => a + b, 0),
          ids.length,
        );
      }
      assert.deepEqual(new Set(await documents()), new Set(await orderOf(out, step)));
    }
    assert.equal(
      tokens,
      rows.texts.reduce((sum, { text }) => sum + text.length + 1, 0),
    );
    await data.close();
    const again = await openRunData(config, reader, true);
    assert.equal(again.hash, data.hash);
    await again.close();
  });

  test("conversations: the same order by the list of them", async () => {
    const out = join(folder, "chats");
    const config = configOf({ stage: "sft", data: [write("chats")], out, sequenceLength: 128 });
    const data = await openRunData(config, reader, false);
    writeRun(config, data.folder);
    for (const step of [0, 3]) {
      const { documents } = await data.source([]).step(step);
      assert.deepEqual(await documents(), await orderOf(out, step));
    }
  });

  test("a corpus that was packed otherwise is refused", async () => {
    const config = configOf({ stage: "pretrain", data: [join(folder, "packed", "data")], out: folder });
    await openRunData(config, reader, false).then((data) => data.close());
    await assert.rejects(openRunData({ ...config, sequenceLength: 32 }, reader, false), /have 24 tokens/);
    const other = {
      ...reader,
      language: { tokenizer: { ...tokenizer, vocabSize: 255 } as typeof tokenizer },
    };
    await assert.rejects(openRunData(config, other, false), /another tokenizer/);
  });
});
