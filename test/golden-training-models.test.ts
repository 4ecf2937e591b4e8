// Whole models in training against torch in double precision: gradients, steps, accumulation.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Checkpoint, openCheckpoint } from "../src/formats/index.ts";
import { describeModel, type ModelDescription } from "../src/models/open-model.ts";
import type { MuonOptions } from "../src/train/optimize/muon.ts";
import type { AdamWOptions } from "../src/train/optimize/optimizer.ts";
import type { Schedule } from "../src/train/optimize/schedule.ts";
import { nextTokens } from "../src/train/tasks/next-tokens.ts";
import { TrainedModel } from "../src/train/trained-model.ts";
import { Trainer } from "../src/train/trainer.ts";
import { beside, readJson, unlessBeside } from "./places.ts";
import { assertNear, type GoldenTensor, machineOfOne, readTensors } from "./training.ts";

const folder = (...parts: string[]) => beside("training", "models", ...parts);
const skip = unlessBeside("training", "models");

/** A run of the fixtures. */
interface Run {
  readonly options: {
    readonly adamw: AdamWOptions;
    readonly muon?: MuonOptions;
    readonly clip: number;
    readonly schedule: Schedule;
  };
  readonly log: readonly { loss: number; crossEntropy: number; gradNorm: number }[];
  readonly lossGap: number;
  readonly gradNormRelativeGap: number;
  readonly finalGap: readonly [number, string];
}

/** Rows [from, to) of batch `step`, packed one after another. */
function batchOf(batches: ReadonlyMap<string, GoldenTensor>, step: number, [from, to]: readonly number[]) {
  const part = (name: string) => {
    const tensor = batches.get(`${name}.${step}`);
    assert.ok(tensor);
    const length = tensor.shape[1];
    return Int32Array.from(tensor.values.subarray(from * length, to * length));
  };
  const [tokens, labels, positions] = [part("tokens"), part("labels"), part("positions")];
  // Positions restart with every document, and with every row.
  const documents: number[] = [];
  positions.forEach((position) => {
    if (position === 0) documents.push(0);
    documents[documents.length - 1]++;
  });
  return { tokens, documents, targets: labels };
}

for (const name of skip || !existsSync(folder()) ? [] : readdirSync(folder())) {
  describe(`training ${name}`, { skip }, async () => {
    const golden = readJson(folder(name, "golden.json"));
    const batches = readTensors(folder(name, "batches.safetensors"));
    const runs: Readonly<Record<string, Run>> = golden.runs;
    const rows: number = golden.batch;
    // "the middle third (keys) of h.*.attn.c_attn.bias: …"
    const [, pattern] = /third .* of (\S+):/.exec(golden.undetermined ?? "") ?? [];
    assert.equal(pattern === undefined, golden.undetermined === undefined, "undetermined, but what?");
    const isUndetermined = (tensor: string) =>
      pattern !== undefined &&
      new RegExp(`${pattern.replaceAll(".", "\\.").replaceAll("*", "\\d+")}$`).test(tensor);
    const determined = (tensor: string, values: ArrayLike<number>) =>
      isUndetermined(tensor)
        ? Array.from(values).filter((_, i) => Math.floor((3 * i) / values.length) !== 1)
        : values;
    let checkpoint: Checkpoint;
    let description: ModelDescription;
    before(async () => {
      checkpoint = await openCheckpoint(folder(name));
      description = await describeModel(checkpoint);
    });
    after(() => checkpoint.close());

    const open = async (options: Run["options"], microBatches = 1) => {
      const machine = await machineOfOne();
      const maxTokens = (rows / microBatches) * golden.length;
      const model = await TrainedModel.create(machine, { ...description, maxTokens });
      const balance = golden.balance?.coefficient ?? 0;
      const trainer = new Trainer(machine, model, nextTokens({ balance }), options);
      machine.settle();
      await model.load(checkpoint.files);
      return { model, trainer };
    };
    /** The micro-batches of a step. */
    const stepOf = (step: number, microBatches = 1) =>
      Array.from({ length: microBatches }, (_, i) =>
        batchOf(batches, step, [(i * rows) / microBatches, ((i + 1) * rows) / microBatches]),
      );
    const compare = (
      found: readonly { name: string; values: Float32Array }[],
      wanted: ReadonlyMap<string, GoldenTensor>,
      limit: (name: string) => number,
    ) => {
      for (const [tensor, { values }] of wanted) {
        const own = found.find((each) => each.name === tensor);
        assert.ok(own, `no tensor "${tensor}"`);
        assertNear(determined(tensor, own.values), determined(tensor, values), limit(tensor), tensor);
      }
    };

    test("the gradient of every parameter", async () => {
      const { model, trainer } = await open(Object.values(runs)[0].options);
      const { loss, crossEntropy, gradNorm } = trainer.measure(stepOf(0));
      const { first } = golden;
      assert.ok(Math.abs(loss - first.loss) <= 2e-5, `loss ${loss}, not ${first.loss}`);
      assert.ok(Math.abs(crossEntropy - first.crossEntropy) <= 2e-5);
      assert.ok(Math.abs(gradNorm / first.gradNorm - 1) <= 2e-5, `norm ${gradNorm}`);
      const wanted = readTensors(folder(name, "gradients.safetensors"));
      compare(model.parameters.gradients(), wanted, (tensor) =>
        Math.min(1e-4, Math.max(2e-5, 20 * (first.gradientDifference[tensor]?.norm ?? 0))),
      );
    });

    for (const [run, { options, log, lossGap, gradNormRelativeGap, finalGap }] of Object.entries(runs)) {
      test(`${log.length} steps, ${run}`, async () => {
        const { model, trainer } = await open(options);
        const ofLoss = Math.min(2e-4, Math.max(2e-5, 20 * lossGap));
        const ofNorm = Math.min(5e-4, Math.max(2e-5, 20 * gradNormRelativeGap));
        log.forEach((wanted, step) => {
          const { loss, gradNorm } = trainer.step(stepOf(step));
          assert.ok(Math.abs(loss - wanted.loss) <= ofLoss, `step ${step}: loss ${loss}, not ${wanted.loss}`);
          const off = Math.abs(gradNorm / wanted.gradNorm - 1);
          assert.ok(off <= ofNorm, `step ${step}: norm ${gradNorm}, not ${wanted.gradNorm}`);
        });
        const final = readTensors(folder(name, `final.${run}.safetensors`));
        compare(model.parameters.values(), final, () => Math.max(2e-5, 20 * finalGap[0]));
      });
    }

    const { accumulation } = golden;
    if (accumulation) {
      test(`accumulation of ${accumulation.microBatches}`, async () => {
        const count: number = accumulation.microBatches;
        const { trainer } = await open(Object.values(runs)[0].options, count);
        accumulation.lossF32.forEach((wanted: number, step: number) => {
          const { loss } = trainer.step(stepOf(step, count));
          assert.ok(Math.abs(loss - wanted) <= 2e-5, `step ${step}: loss ${loss}, not ${wanted}`);
        });
      });
    }
  });
}
