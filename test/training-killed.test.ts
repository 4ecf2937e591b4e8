// A training killed at random moments, also while it writes a checkpoint, ends with the same bits.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../src/random.ts";
import { beside, root, unlessBeside } from "./places.ts";

const KILLS = Number(process.env.BAIMO_KILLS ?? 1);
const SEED = Number(process.env.BAIMO_SEED ?? 20_261_128);
const skip = unlessBeside("training", "sft", "golden.json");
const STEPS = 12;

test(`kill -9, ${KILLS} times (seed ${SEED})`, { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-trained-"));
  const random = createRandom(SEED);
  const sft = beside("training", "sft");
  const config = join(folder, "train.yaml");
  const data = join(sft, "conversations.jsonl");
  writeFileSync(
    config,
    `stage: sft\nmodel: ${sft}\ndata: [${data}]\nevaluation: [${data}]\nout: out\nsequenceLength: 128\nbatch: 2\n` +
      `microBatch: 1\nsteps: ${STEPS}\nlr: 0.003\noptimizer: muon\nsaveEvery: 1\nevaluateEvery: 5\nthreads: 2\n`,
  );
  /** Runs the command; kills it so many milliseconds after an event of so many. */
  const train = (out: string, kill?: { after: number; delay: number }) =>
    new Promise<number | null>((resolve, reject) => {
      const main = join(root, "dist", "src", "cli", "main.js");
      const child = spawn(process.execPath, [main, "train", config, "--set", `out=${out}`, "--json"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let events = 0;
      child.stdout.on("data", (text) => {
        events += String(text).split("\n").length - 1;
        if (kill && events >= kill.after) setTimeout(() => child.kill("SIGKILL"), kill.delay);
      });
      child.once("error", reject);
      child.once("close", (status) => resolve(status));
    });
  /** The log but for what tells of time. */
  const logOf = (out: string) =>
    readFileSync(join(out, "log.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        const { _timestamp, _runtime, "train/tokens_per_second": _, ...rest } = JSON.parse(line);
        return rest;
      });
  try {
    const whole = join(folder, "whole");
    assert.equal(await train(whole), 0);
    const killed = join(folder, "killed");
    let amidWriting = 0;
    for (let i = 0; i < KILLS; i++) {
      const status = await train(killed, { after: 2 + random.integer(7), delay: random.uniform() * 12 });
      assert.notEqual(status, 1);
      const checkpoints = join(killed, "checkpoints");
      if (existsSync(checkpoints) && readdirSync(checkpoints).some((name) => name.startsWith(".writing")))
        amidWriting++;
    }
    t.diagnostic(`${amidWriting} of ${KILLS} fell into the writing of a checkpoint`);
    assert.equal(await train(killed), 0);
    for (const name of ["model.safetensors", join("checkpoints", `step-${STEPS}`, "state.safetensors")]) {
      assert.ok(readFileSync(join(killed, name)).equals(readFileSync(join(whole, name))), name);
    }
    assert.deepEqual(logOf(killed), logOf(whole));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
