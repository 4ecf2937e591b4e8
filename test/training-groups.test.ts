// GRPO over the engine: slopes, micro-batches, a reward that rises, the same bits after a stop.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { createRandom } from "../src/random.ts";
import { readTrainConfig } from "../src/train/run/config.ts";
import { runTraining } from "../src/train/run/run.ts";
import { layAnswers, scoreAnswers } from "../src/train/tasks/answers.ts";
import { learnGroups } from "../src/train/tasks/groups.ts";
import { TrainedModel } from "../src/train/trained-model.ts";
import { Trainer } from "../src/train/trainer.ts";
import { beside, unlessBeside } from "./places.ts";
import { machineOfOne } from "./training.ts";

const skip = unlessBeside("training", "sft", "golden.json");
const base = beside("training", "sft");
const SEED = 20_261_129;
const folder = mkdtempSync(join(tmpdir(), "baimo-groups-"));
after(() => rmSync(folder, { recursive: true }));

/** Of an answer, the part that is the letter e. */
const reward = (_row: unknown, answer: string) => (answer.split("e").length - 1) / Math.max(1, answer.length);

/** A run of some steps; stopped behind step `stop` and begun again where one is given. */
async function run(name: string, more: object, stop?: number) {
  const prompts = join(folder, "prompts.jsonl");
  writeFileSync(prompts, ["a", "say", "the"].map((prompt) => JSON.stringify({ prompt })).join("\n"));
  const out = join(folder, name);
  const keys = { stage: "grpo", model: base, data: [prompts], out, reward: "x.js", schedule: "constant" };
  const sizes = { sequenceLength: 24, answerTokens: 12, batch: 8, microBatch: 4, groupSize: 4, threads: 1 };
  const config = readTrainConfig(JSON.stringify({ ...keys, ...sizes, lr: 0.01, ...more }), "run.json");
  for (let goes = stop === undefined ? 1 : 2; goes > 0; goes--) {
    const stopper = new AbortController();
    try {
      for await (const event of runTraining(config, { judge: { reward }, signal: stopper.signal }))
        if (event.type === "step" && event.step === stop && goes === 2) stopper.abort();
    } catch (error) {
      assert.ok(goes === 2, String(error));
    }
  }
  const log = readFileSync(join(out, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const { _timestamp, _runtime, "train/tokens_per_second": _, ...rest } = JSON.parse(line);
      return rest;
    });
  return { out, log };
}

describe("groups of answers", { skip }, () => {
  if (skip) return;
  test(`the slope is that of the loss, whatever the micro-batches (seed ${SEED})`, async () => {
    await using checkpoint = await openCheckpoint(base);
    const description = await describeModel(checkpoint);
    const machine = await machineOfOne();
    const model = await TrainedModel.create(machine, { ...description, maxTokens: 80 });
    const random = createRandom(SEED);
    const ids = (count: number) => Array.from({ length: count }, () => random.integer(300));
    const given = [5, 9, 1, 7].map((length) => ({ prompt: ids(4), answer: ids(length) }));
    for (const [loss, level] of [
      ["dapo", "token"],
      ["grpo", "sequence"],
      ["dr_grpo", "token"],
    ] as const) {
      const options = { loss, level, low: 0.2, high: 0.28, beta: 0.1, maxCompletion: 12 };
      const adamw = { lr: 0, beta1: 0, beta2: 0, eps: 1, weightDecay: 0 };
      const schedule = { kind: "constant" as const };
      const trainer = new Trainer(machine, model, learnGroups(options), { adamw, clip: 0, schedule });
      machine.settle();
      await model.load(checkpoint.files);
      const scores = scoreAnswers(model, layAnswers(given));
      // Ratios about 1, some beyond what is clipped.
      const answers = given.map((each, i) => ({
        ...each,
        advantage: [1.2, -0.7, 0.4, -0.9][i],
        old: scores[i].map((value) => value + 0.6 * (random.uniform() - 0.5)),
        reference: scores[i].map((value) => value + 0.4 * (random.uniform() - 0.5)),
      }));
      const whole = trainer.measure([{ answers }]);
      const slopes = model.learned.map(({ gradient, rows, cols }) =>
        machine.f32.slice(gradient / 4, gradient / 4 + rows * cols),
      );
      const parted = trainer.measure([{ answers: answers.slice(0, 3) }, { answers: answers.slice(3) }]);
      for (const name of ["loss", "gradNorm", "kl", "clipped"] as const)
        assert.ok(Math.abs(parted[name] - whole[name]) < 1e-5 * Math.abs(whole[name]) + 1e-9, name);
      assert.ok(loss !== "dapo" || (whole.clipped > 0 && whole.clipped < 1), `clipped ${whole.clipped}`);
      // Along the gradient by a step that moves the loss by what the norm says.
      const by = 2e-3 / whole.gradNorm;
      const lossAt = (sign: number) => {
        const move = (factor: number) =>
          model.learned.forEach(({ address }, k) => {
            for (let i = 0; i < slopes[k].length; i++) machine.f32[address / 4 + i] += factor * slopes[k][i];
          });
        move(sign * by);
        model.refresh();
        const found = trainer.measure([{ answers }]).loss;
        move(-sign * by);
        model.refresh();
        return found;
      };
      const rise = (lossAt(1) - lossAt(-1)) / (2 * by * whole.gradNorm ** 2);
      assert.ok(Math.abs(rise - 1) < 0.02, `${loss}: the loss rises ${rise} times as the gradient says`);
    }
  });

  test("a reward rises; a run that was stopped amid its updates has the same log", async () => {
    const steps = { steps: 8, updates: 2, saveEvery: 3 };
    const whole = await run("whole", steps);
    const rewards = whole.log.flatMap((line) => line["train/reward"] ?? []);
    assert.equal(rewards.length, 4);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(mean(rewards.slice(2)) > mean(rewards.slice(0, 2)), rewards.join(", "));
    assert.ok(Math.abs(whole.log[0]["train/kl"]) < 1e-6 && whole.log[7]["train/kl"] > 1e-4);
    const stopped = await run("stopped", steps, 5);
    assert.deepEqual(stopped.log, whole.log);
    const weights = (out: string) => readFileSync(join(out, "model.safetensors"));
    assert.ok(weights(stopped.out).equals(weights(whole.out)));
  });

  test("an adapter learns beside the engine of its base", async () => {
    const { log } = await run("adapter", { steps: 3, adapter: "lora", lr: 0.03 });
    assert.ok(log.every((line) => Number.isFinite(line["train/loss"]) && line["train/grad_norm"] > 0));
    assert.ok(Math.abs(log[0]["train/kl"]) < 1e-6 && log[2]["train/kl"] > 0);
  });
});
