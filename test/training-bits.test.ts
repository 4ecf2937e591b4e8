// Bits of training: the same for any number of threads, and whether blocks are kept or not.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { describeModel } from "../src/models/open-model.ts";
import { createRandom } from "../src/random.ts";
import { TrainingSession } from "../src/train/session.ts";
import { beside, unlessBeside } from "./places.ts";

const folder = (...parts: string[]) => beside("training", "models", ...parts);
const skip = unlessBeside("training", "models");
const seed = 20_261_128;
const LENGTH = 41;

/** Some documents of random ids, of lengths that no thread's share divides. */
function batchOf(step: number, vocabSize: number) {
  const random = createRandom(seed + step);
  const tokens = Int32Array.from({ length: LENGTH }, () => random.integer(vocabSize));
  return {
    tokens,
    targets: tokens.map((_, i) => (i % 5 === step ? -100 : (tokens[i + 1] ?? 1))),
    documents: [23, 11, 7],
  };
}

const hashOf = (values: Float32Array) =>
  createHash("sha256")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest("hex");

describe("bits of training", { skip }, () => {
  for (const name of skip || !existsSync(folder()) ? [] : readdirSync(folder())) {
    test(`${name}: 1, 2 and 3 threads, blocks computed again or kept`, async () => {
      await using checkpoint = await openCheckpoint(folder(name));
      const description = await describeModel(checkpoint);
      const { config, weights } = description;
      const adamw = { lr: 0.004, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 };
      const muon = { lr: 0.02, momentum: 0.95, nesterov: true, weightDecay: 0, scale: "original" as const };
      const options = { adamw, muon, clip: 1, schedule: { kind: "constant" as const }, balance: 0.01 };
      let wanted: { losses: number[]; weights: string[] } | undefined;
      for (const [threads, recompute] of [
        [1, "none"],
        [2, "block"],
        [3, "attention"],
      ] as const) {
        const session = await TrainingSession.open({
          parts: { config, weights, maxTokens: LENGTH, recompute },
          files: checkpoint.files,
          objective: { kind: "tokens", options },
          threads,
        });
        const guard = { loss: Infinity, gradNorm: Infinity };
        const losses: number[] = [];
        for (let step = 0; step < 3; step++) {
          const { report } = await session.step([batchOf(step, config.vocabSize)], guard);
          losses.push(report.loss, report.gradNorm);
        }
        const found = {
          losses,
          weights: session.model.parameters.values().map(({ values }) => hashOf(values)),
        };
        await session.close();
        wanted ??= found;
        assert.deepEqual(found, wanted, `${threads} threads, recompute ${recompute} (seed ${seed})`);
      }
    });
  }
});
