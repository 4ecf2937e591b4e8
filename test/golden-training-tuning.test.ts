// Tuning against peft and trl in double precision: masks of chats, adapters, DPO, GRPO.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Checkpoint, openCheckpoint } from "../src/formats/index.ts";
import { describeModel, type ModelDescription } from "../src/models/open-model.ts";
import { createChatTemplate, openTokenizer, type Tokenizer } from "../src/tokenizers/index.ts";
import type { AdapterOptions } from "../src/train/adapter.ts";
import { labelsOf, maskChat } from "../src/train/chat-masks.ts";
import { mergeAdapter } from "../src/train/merge.ts";
import {
  type AdvantageScale,
  advantagesOf,
  type DpoKind,
  dpoLoss,
  type GrpoKind,
  grpoLoss,
} from "../src/train/preference.ts";
import { layAnswers, scoreAnswers } from "../src/train/tasks/answers.ts";
import { nextTokens, type TaughtBatch } from "../src/train/tasks/next-tokens.ts";
import { answersOf, preferPairs, sumPairs, type TaughtPair } from "../src/train/tasks/pairs.ts";
import { TrainedModel } from "../src/train/trained-model.ts";
import { Trainer } from "../src/train/trainer.ts";
import { beside, maxDifference, readJson, unlessBeside } from "./places.ts";
import { openReference } from "./reference-run.ts";
import { assertNear, machineOfOne, readTensors } from "./training.ts";

const folder = (...parts: string[]) => beside("training", ...parts);
const sft = (...parts: string[]) => folder("sft", ...parts);
const skip = unlessBeside("training", "sft", "golden.json");

/** Relative, or absolute at 0. */
function assertEqual(found: number, wanted: number, limit: number, what: string): void {
  const off = Math.abs(found - wanted) / (wanted === 0 ? 1 : Math.abs(wanted));
  assert.ok(off <= limit, `${what}: ${found}, not ${wanted}`);
}

describe("masks of chats", { skip }, () => {
  if (skip) return;
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = await openTokenizer(sft());
  });
  const { rows } = readJson(sft("masks.json"));
  for (const [file, mask] of [
    ["template-with-generation.jinja", "assistantMask"],
    ["template-stock.jinja", "maskByTurnPrefixes"],
  ]) {
    test(file, () => {
      const template = createChatTemplate(readFileSync(sft(file), "utf8"));
      const golden = readJson(sft("golden.json"));
      rows.forEach((row: Record<string, number[]> & { messages: never[] }, i: number) => {
        const chat = maskChat(template, tokenizer, row.messages);
        assert.deepEqual([...chat.tokens], row.ids, `row ${i}`);
        assert.deepEqual([...chat.mask], row[mask], `row ${i}`);
        assert.deepEqual(
          [...labelsOf(chat)],
          golden.labels[i].slice(0, chat.tokens.length),
          `labels of row ${i}`,
        );
      });
    });
  }
  test("a conversation without an answer is refused", () => {
    const template = createChatTemplate(readFileSync(sft("template-stock.jinja"), "utf8"));
    assert.throws(() => maskChat(template, tokenizer, [{ role: "user", content: "?" }]), /no answer/);
  });
});

describe("adapters in training", { skip }, () => {
  if (skip) return;
  const golden = readJson(sft("golden.json"));
  const { rows } = readJson(sft("masks.json"));
  let checkpoint: Checkpoint;
  let description: ModelDescription;
  before(async () => {
    checkpoint = await openCheckpoint(sft());
    description = await describeModel(checkpoint);
  });
  after(() => checkpoint.close());

  /** Rows of a step; each is a document, and what stands behind it would only be padding. */
  const stepOf = (numbers: readonly number[]): TaughtBatch => {
    const part = (values: readonly (readonly number[])[]) => Int32Array.from(values.flat());
    return {
      tokens: part(numbers.map((row) => rows[row].ids)),
      targets: part(numbers.map((row) => golden.labels[row].slice(0, rows[row].ids.length))),
      documents: numbers.map((row) => rows[row].ids.length),
    };
  };
  const adapterValues = (path: string) =>
    new Map(
      [...readTensors(path)].map(([name, { values }]) => [
        name.replace("base_model.model.", ""),
        Float32Array.from(values),
      ]),
    );

  for (const [run, wanted] of Object.entries<{
    options: AdapterOptions;
    adamw: never;
    schedule: never;
    clip: number;
    log: { loss: number; gradNorm: number; tokens: number }[];
    lossGap: number;
  }>(golden.runs)) {
    test(`${wanted.log.length} steps of ${run}, its files and its merged weights`, async () => {
      const machine = await machineOfOne();
      const batches: TaughtBatch[] = golden.rowsOfStep.map(stepOf);
      const maxTokens = Math.max(...batches.map(({ tokens }) => tokens.length));
      const adapter = { ...wanted.options, seed: 1 };
      const model = await TrainedModel.create(machine, { ...description, maxTokens, adapter });
      const { adamw, schedule, clip } = wanted;
      const trainer = new Trainer(machine, model, nextTokens({}), { adamw, schedule, clip });
      machine.settle();
      await model.load(checkpoint.files);
      assert.ok(model.adapter);
      model.adapter.take(adapterValues(sft(`adapter.${run}.start`, "adapter_model.safetensors")));
      const limit = Math.max(2e-5, 20 * wanted.lossGap);
      wanted.log.forEach(({ loss, gradNorm, tokens }, step) => {
        const found = trainer.step([batches[step]]);
        assert.equal(found.targets, tokens);
        assert.ok(Math.abs(found.loss - loss) <= limit, `step ${step}: loss ${found.loss}, not ${loss}`);
        assertEqual(found.gradNorm, gradNorm, 1e-4, `step ${step}: norm`);
      });
      const final = readTensors(sft(`adapter.${run}`, "adapter_model.safetensors"));
      const own = model.adapter.values();
      assert.equal(own.length, final.size);
      for (const { name, shape, values } of own) {
        const tensor = final.get(`base_model.model.${name}`);
        assert.ok(tensor, name);
        assert.deepEqual(shape, tensor.shape);
        assertNear(values, tensor.values, 2e-4, name);
      }
      const merged = readTensors(sft(`merged.${run}.safetensors`));
      for (const { name, values } of model.adapter.merged()) {
        const tensor = merged.get(`${name}.weight`);
        assert.ok(tensor, name);
        const most = values.reduce((all, value, i) => Math.max(all, Math.abs(value - tensor.values[i])), 0);
        assert.ok(most <= 2e-6, `${name}: off by ${most}`);
      }
    });
  }
});

describe("adapters merged", { skip }, () => {
  if (skip) return;
  const { rows } = readJson(sft("masks.json"));
  for (const run of Object.keys(readJson(sft("golden.json")).runs)) {
    test(`${run}: weights, and logits of the merged model`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "baimo-merged-"));
      try {
        await mergeAdapter(sft(`adapter.${run}`), folder, { base: sft() });
        const golden = readTensors(sft(`merged.${run}.safetensors`));
        const found = readTensors(join(folder, "model.safetensors"));
        for (const [name, { values }] of golden) {
          if (name === "logits") continue;
          assert.ok(maxDifference(found.get(name)?.values ?? [], values) <= 2e-6, name);
        }
        const logits = golden.get("logits");
        assert.ok(logits);
        const [, length, vocabSize] = logits.shape;
        const model = await openReference(folder);
        for (const row of [0, 1]) {
          const answer = await model.run(rows[row].ids.slice(0, length));
          const wanted = logits.values.subarray(row * length * vocabSize, (row + 1) * length * vocabSize);
          assert.ok(maxDifference(answer.logits, wanted) <= 1e-4, `logits of row ${row}`);
        }
        await model.close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe("preference", { skip }, () => {
  if (skip) return;
  const dpo = readJson(folder("preference", "dpo.json"));
  for (const [name, wanted] of Object.entries<Record<string, number[]> & { loss: number }>(dpo.cases)) {
    test(`dpo, ${name}`, () => {
      const [kind, beta] = name.split(" ");
      const count = dpo.policyChosen.length;
      let loss = 0;
      for (let i = 0; i < count; i++) {
        const pair = {
          chosen: dpo.policyChosen[i],
          rejected: dpo.policyRejected[i],
          referenceChosen: dpo.referenceChosen[i],
          referenceRejected: dpo.referenceRejected[i],
          chosenTokens: dpo.chosenTokens[i],
          rejectedTokens: dpo.rejectedTokens[i],
        };
        const found = dpoLoss(kind as DpoKind, Number(beta), pair);
        loss += found.loss / count;
        assertEqual(found.loss, wanted.perPair[i], 1e-10, `loss ${i}`);
        assertEqual(found.dChosen / count, wanted.dPolicyChosen[i], 1e-10, `chosen ${i}`);
        assertEqual(found.dRejected / count, wanted.dPolicyRejected[i], 1e-10, `rejected ${i}`);
        assertEqual(found.rewardChosen, wanted.rewardChosen[i], 1e-10, `reward ${i}`);
        assertEqual(found.rewardRejected, wanted.rewardRejected[i], 1e-10, `reward ${i}`);
      }
      assertEqual(loss, wanted.loss, 1e-10, "loss");
    });
  }

  const grpo = readJson(folder("preference", "grpo.json"));
  test("advantages", () => {
    for (const [scale, wanted] of Object.entries<number[]>(grpo.advantages)) {
      const found = advantagesOf(grpo.rewards, grpo.groupSize, scale as AdvantageScale);
      found.forEach((value, i) => {
        assertEqual(value, wanted[i], 1e-10, `${scale} ${i}`);
      });
    }
  });
  const given = readTensors(folder("preference", "grpo.safetensors"));
  const gradients = readTensors(folder("preference", "grpo.gradients.safetensors"));
  const advantages = Float32Array.from(grpo.advantages.group as number[]);
  for (const [name, { loss, options }] of Object.entries<{ loss: number; options: never }>(grpo.cases)) {
    test(`grpo, ${name}`, () => {
      const [rows, length] = given.get("logps")?.shape ?? [];
      const part = (tensor: string) => given.get(tensor)?.values ?? new Float64Array(0);
      const completions = {
        rows,
        length,
        logProbabilities: part("logps"),
        old: part("old"),
        reference: part("reference"),
        mask: part("mask"),
      };
      const kind = name.split(" ")[0] as GrpoKind;
      const found = grpoLoss(completions, advantages, { kind, ...(options as object) } as never);
      assertEqual(found.loss, loss, 1e-10, "loss");
      const wanted = gradients.get(name.replaceAll(" ", "."))?.values;
      assert.ok(wanted);
      wanted.forEach((value, i) => {
        assert.ok(
          Math.abs(found.gradient[i] - value) <= 1e-10 * Math.max(1, Math.abs(value)),
          `gradient ${i}`,
        );
      });
    });
  }

  const runs = readJson(folder("preference", "dpo-run.json"));
  for (const [kind, wanted] of Object.entries<{
    log: { loss: number; gradNorm: number; accuracy: number }[];
    lossGap: number;
  }>(runs.runs)) {
    test(`${wanted.log.length} steps of dpo, ${kind}`, async () => {
      await using checkpoint = await openCheckpoint(sft());
      const description = await describeModel(checkpoint);
      const machine = await machineOfOne();
      const pairs: TaughtPair[] = runs.pairs;
      const count = ({ prompt, chosen, rejected }: TaughtPair) =>
        2 * prompt.length + chosen.length + rejected.length;
      const maxTokens = pairs.reduce((sum, pair) => sum + count(pair), 0);
      const model = await TrainedModel.create(machine, { ...description, maxTokens });
      const { adamw, clip, beta } = runs;
      const options = { adamw, clip, schedule: { kind: "constant" as const } };
      const trainer = new Trainer(machine, model, preferPairs({ loss: kind as DpoKind, beta }), options);
      machine.settle();
      await model.load(checkpoint.files);
      const reference = sumPairs(scoreAnswers(model, layAnswers(answersOf(pairs))));
      runs.reference.forEach(([chosen, rejected]: [number, number], i: number) => {
        assertEqual(reference[i].chosen, chosen, 1e-5, `chosen ${i}`);
        assertEqual(reference[i].rejected, rejected, 1e-5, `rejected ${i}`);
      });
      const limit = Math.max(2e-5, 20 * wanted.lossGap);
      wanted.log.forEach(({ loss, gradNorm, accuracy }, step) => {
        const found = trainer.step([{ pairs, reference }]);
        assert.ok(Math.abs(found.loss - loss) <= limit, `step ${step}: loss ${found.loss}, not ${loss}`);
        assertEqual(found.gradNorm, gradNorm, 5e-4, `step ${step}: norm`);
        assert.equal(found.accuracy, accuracy, `step ${step}: accuracy`);
      });
    });
  }
});
