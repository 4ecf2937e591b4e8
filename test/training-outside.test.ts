// What training writes, opened by transformers and PEFT: their logits are ours.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { mergeAdapter } from "../src/train/merge.ts";
import { readTrainConfig } from "../src/train/run/config.ts";
import { runTraining } from "../src/train/run/run.ts";
import { beside, maxDifference, root, unlessBeside } from "./places.ts";
import { openReference } from "./reference-run.ts";

const python = process.env.BAIMO_PYTHON;
const skip =
  unlessBeside("training", "sft", "golden.json") ||
  (!python && "BAIMO_PYTHON names no Python that has torch, transformers and peft");
const base = beside("training", "sft");
const tokens = Array.from({ length: 40 }, (_, i) => (i * 7919 + 13) % 350);
const folder = mkdtempSync(join(tmpdir(), "baimo-outside-"));
const kinds = ["none", "lora", "rslora", "dora"] as const;

describe("what training writes, elsewhere", { skip }, () => {
  if (skip || !python) return;
  after(() => rmSync(folder, { recursive: true }));
  let answers: number[][][];
  before(async () => {
    for (const adapter of kinds) {
      const keys = { stage: "sft", model: base, data: [join(base, "conversations.jsonl")], steps: 20 };
      const sizes = { batch: 2, microBatch: 2, sequenceLength: 128, lr: 0.003, threads: 1 };
      const more = { r: 4, targets: ["q_proj", "v_proj", "down_proj"], out: join(folder, adapter), adapter };
      const config = readTrainConfig(JSON.stringify({ ...keys, ...sizes, ...more }), "run.json");
      for await (const _ of runTraining(config));
    }
    const [, ...adapters] = kinds;
    const asked = {
      tokens,
      folders: [join(folder, "none")],
      base,
      adapters: adapters.map((kind) => join(folder, kind)),
    };
    const script = join(root, "test", "oracles", "logits.py");
    const options = { input: JSON.stringify(asked), maxBuffer: 1 << 28 };
    answers = JSON.parse(execFileSync(python, [script], options).toString());
  });

  for (const [i, kind] of kinds.entries()) {
    test(kind === "none" ? "a model's folder in transformers" : `an adapter in PEFT: ${kind}`, async (t) => {
      let written = join(folder, kind);
      if (kind !== "none") await mergeAdapter(written, (written = `${written}-merged`));
      const model = await openReference(written);
      const { logits } = await model.run(tokens);
      await model.close();
      const off = maxDifference(logits, answers[i].flat());
      t.diagnostic(`largest difference of a logit: ${off}`);
      assert.ok(off <= 1e-4, `off by ${off}`);
    });
  }
});
