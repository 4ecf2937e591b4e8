// Where a run begins and ends: random weights, and an end that is open until the rate falls.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readTrainConfig } from "../src/train/run/config.ts";
import { runTraining } from "../src/train/run/run.ts";
import { beside, unlessBeside } from "./places.ts";

const skip = unlessBeside("training", "sft", "golden.json");
const model = beside("training", "sft");
const folder = mkdtempSync(join(tmpdir(), "baimo-begins-"));
after(() => rmSync(folder, { recursive: true }));

/** A run of answers from random weights; stopped behind step `stop` where one is given. */
async function run(name: string, more: object, stop?: number) {
  const keys = { stage: "sft", initialize: true, model, data: [join(model, "conversations.jsonl")] };
  const sizes = { out: join(folder, name), sequenceLength: 128, batch: 2, microBatch: 1, threads: 1 };
  const rate = { lr: 0.003, schedule: "wsd", warmup: 1, saveEvery: 1 };
  const config = readTrainConfig(JSON.stringify({ ...keys, ...sizes, ...rate, ...more }), "run.json");
  const stopper = new AbortController();
  for await (const event of runTraining(config, { signal: stopper.signal }))
    if (event.type === "step" && event.step === stop) stopper.abort();
  return readFileSync(join(folder, name, "model.safetensors"));
}

test("the end of wsd may change until the rate falls, not later", { skip }, async () => {
  const whole = await run("whole", { steps: 6, decayStart: 3 });
  assert.ok(!whole.equals(readFileSync(join(model, "model.safetensors"))));
  await assert.rejects(run("changed", { steps: 20, decayStart: 10 }, 3), /stopped after step 3/);
  await assert.rejects(run("changed", { steps: 6, decayStart: 2 }), /other settings/);
  assert.ok((await run("changed", { steps: 6, decayStart: 3 })).equals(whole));
  await assert.rejects(run("changed", { steps: 8, decayStart: 7 }), /other settings/);
});
