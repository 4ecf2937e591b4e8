// An exported run: its shards are the rows of its steps in order, its files as the manifest says.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { exportRun } from "../src/train/export/export-run.ts";
import { readTrainConfig } from "../src/train/run/config.ts";
import { openRun } from "../src/train/run/open-run.ts";
import type { TaughtBatch } from "../src/train/tasks/next-tokens.ts";
import { beside, readJson, unlessBeside } from "./places.ts";
import { readTensors } from "./training.ts";

const skip = unlessBeside("training", "sft", "golden.json");
const folder = mkdtempSync(join(tmpdir(), "baimo-export-"));
after(() => rmSync(folder, { recursive: true }));

/** A run over some texts, most of which share a row with another. */
function runOf(more: object = {}) {
  const base = join(folder, "base");
  mkdirSync(base, { recursive: true });
  const config = {
    ...readJson(beside("training", "sft", "config.json")),
    num_hidden_layers: 1,
    layer_types: undefined,
  };
  writeFileSync(join(base, "config.json"), JSON.stringify(config));
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    cpSync(beside("training", "sft", name), join(base, name));
  const data = join(folder, "texts.jsonl");
  const texts = Array.from({ length: 30 }, (_, i) => ({ text: "a word ".repeat(1 + (i % 5)) + i }));
  writeFileSync(data, texts.map((text) => JSON.stringify(text)).join("\n"));
  const keys = { stage: "pretrain", model: base, data: [data], out: join(folder, "out"), steps: 7 };
  const sizes = { sequenceLength: 24, batch: 4, microBatch: 1, seed: 3, warmup: 2 };
  return readTrainConfig(JSON.stringify({ ...keys, ...sizes, ...more }), "run.json");
}

describe("an exported run", { skip }, () => {
  if (skip) return;
  test("shards, weights, config and manifest", async () => {
    const config = runOf();
    const output = join(folder, "exported");
    const summary = await exportRun(config, { output, script: "print()\n" });
    assert.equal(summary.tokens, 7 * 4 * 24);
    assert.ok(summary.sharedRows > 0);
    const bytes = (name: string) => readFileSync(join(output, name));
    const tokens = new Uint16Array(new Uint8Array(bytes("data/tokens-00000.npy")).buffer);
    const learned = bytes("data/learned-00000.npy");
    const about = readJson(join(output, "config.json"));
    await using run = await openRun(config);
    const source = run.data.source([]);
    let at = 0;
    for (let step = 0; step < 7; step++) {
      const { batches } = await source.step(step);
      // A micro-batch has one row; the separator fills what is left of it.
      for (const { tokens: ids, targets } of batches as readonly TaughtBatch[]) {
        for (let i = 0; i < 24; i++) {
          assert.equal(tokens[at + i], ids[i] ?? about.data.separator);
          assert.equal(learned[at + i], i > 0 && (targets[i - 1] ?? -1) >= 0 ? 1 : 0);
          if (learned[at + i]) assert.equal(tokens[at + i], targets[i - 1]);
        }
        at += 24;
      }
    }
    assert.equal(tokens.length, at);
    assert.deepEqual(about.rates.slice(0, 3), [0.5, 1, 1]);
    assert.equal(about.model.type, "qwen3");
    assert.equal(about.optimizer.beta2, 0.95);
    const weights = readTensors(join(output, "model", "model.safetensors"));
    const initial = readTensors(join(folder, "out", "initial", "model.safetensors"));
    assert.deepEqual([...weights.keys()].sort(), [...initial.keys()].sort());
    const { files } = readJson(join(output, "manifest.json"));
    for (const name of ["train.py", "config.json", "data/tokens-00000.npy", "model/model.safetensors"])
      assert.ok(
        files.some(({ file }: { file: string }) => file === name),
        name,
      );
    for (const { file, sha256 } of files)
      assert.equal(createHash("sha256").update(bytes(file)).digest("hex"), sha256, file);
  });

  test("what another trainer would do otherwise is refused", async () => {
    const options = { output: join(folder, "refused"), script: "" };
    await assert.rejects(exportRun(runOf({ optimizer: "muon" }), options), /optimizer muon is not exported/);
    await assert.rejects(exportRun(runOf({ stage: "sft" }), options), /stage sft/);
    const output = join(folder, "exported");
    await assert.rejects(exportRun(runOf(), { ...options, output }), /should be new or empty/);
  });
});
