// Every family in training: gradients against finite differences, or a refusal that names the knob.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { openCheckpoint } from "../src/formats/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { createRandom } from "../src/random.ts";
import { nextTokens } from "../src/train/tasks/next-tokens.ts";
import { TrainedModel } from "../src/train/trained-model.ts";
import { Trainer } from "../src/train/trainer.ts";
import { goldenSets } from "./places.ts";
import { machineOfOne } from "./training.ts";

const seed = 20_261_128;
const LENGTH = 21;
/** How far weights are moved, of their size; and how far the loss may be from what the gradient says, of its change. */
const STEP = 2e-5;
const ALLOWED = 0.01;

/** Families that must train, by their golden models' names. */
const TRAINED =
  /^(llama|mistral|qwen2|qwen3(?!_5|_next)|gemma|gemma2|gemma3|olmo|olmo2|olmo3|gpt2|phi3|mixtral|qwen2_?moe|qwen3_?moe|olmoe)/;

describe("families in training", () => {
  for (const { name, path } of goldenSets("families")) {
    test(name, async () => {
      await using checkpoint = await openCheckpoint(path);
      const { config, weights } = await describeModel(checkpoint);
      const machine = await machineOfOne();
      const model = await TrainedModel.create(machine, { config, weights, maxTokens: LENGTH }).catch(
        (error) => {
          assert.ok(error instanceof BaimoError && error.code === "config", error);
          assert.match(error.message, /has no backward pass|have no backward pass/);
          return undefined;
        },
      );
      if (!model) {
        assert.doesNotMatch(name, TRAINED);
        return;
      }
      const adamw = { lr: 0, beta1: 0, beta2: 0, eps: 1, weightDecay: 0 };
      const options = { adamw, clip: 0, schedule: { kind: "constant" as const } };
      const trainer = new Trainer(machine, model, nextTokens({}), options);
      machine.settle();
      await model.load(checkpoint.files);
      const random = createRandom(seed);
      const tokens = Int32Array.from({ length: LENGTH }, () => random.integer(config.vocabSize));
      const targets = tokens.map((_, i) => (i % 4 === 3 ? -100 : (tokens[i + 1] ?? -100)));
      const batch = { tokens, targets, documents: [13, 8] };
      const { f32 } = machine;
      trainer.measure([batch]);
      // Along the gradient itself each tensor's part of the change is certain to be there.
      const moved = model.learned.map(({ address, gradient, rows, cols }) => {
        const count = rows * cols;
        const [values, slope] = [address, gradient].map((at) => f32.slice(at / 4, at / 4 + count));
        const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1e-2;
        const length = Math.sqrt(slope.reduce((sum, value) => sum + value * value, 0));
        return { address, values, slope, by: length > 1e-9 ? (STEP * size) / length : 0, length };
      });
      const lossAt = (sign: number) => {
        for (const { address, values, slope, by } of moved)
          f32.set(
            values.map((value, i) => value + sign * by * slope[i]),
            address / 4,
          );
        model.refresh();
        return trainer.measure([batch]).loss;
      };
      const found = lossAt(1) - lossAt(-1);
      const wanted = moved.reduce((sum, { by, length }) => sum + 2 * by * length * length, 0);
      assert.ok(
        Math.abs(found - wanted) <= ALLOWED * wanted,
        `the loss changes by ${found}, but its gradient says ${wanted}`,
      );
    });
  }
});
