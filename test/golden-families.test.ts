// Every family against its golden run: logits, hidden states and greedy ids, on both backends.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Checkpoint, dequantize, openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import type { TraceableModel } from "../src/generate/model.ts";
import { findFamily } from "../src/models/families/find.ts";
import { isLong } from "../src/test-long.ts";
import { greedyIds } from "./greedy.ts";
import { golden, goldenSets, maxDifference, readJson, unlessBeside } from "./places.ts";

const missing = unlessBeside("families");
if (missing) it("families that are not copied here", { skip: missing }, () => {});

/** Of the families every so manyth runs on the reference, too: its operations are those that the table of cases compares with. */
const EACH = isLong ? 1 : 3;
const sets = goldenSets("families");
const left = sets.filter((_, i) => i % EACH !== 0).length;
if (left > 0) it(`${left} families on the reference`, { skip: "npm run test:long has them" }, () => {});

for (const [i, { name, path: folder }] of sets.entries()) {
  const { model_type: type } = readJson(`${folder}/config.json`);
  if (!findFamily("huggingface", type)) {
    it(`${name}: a family that is not here yet`, () => assert.fail(`no family reads model_type "${type}"`));
    continue;
  }
  const stored = readJson(`${folder}/golden.json`);
  for (const device of i % EACH === 0 ? (["reference", "cpu"] as const) : (["cpu"] as const)) {
    // Room for another order of summation and other exponentials: fixtures' README, "Tolerances". On the CPU sums of
    // products are float32.
    const least = device === "cpu" ? 5e-4 : 1e-4;
    const tolerance = {
      logits: Math.max(least, 20 * stored.fp32_vs_fp64_max_abs),
      hidden: Math.max(least, 20 * stored.fp32_vs_fp64_hidden_max_abs),
    };
    describe(`${name} on ${device}`, () => {
      let model: TraceableModel;
      let answers: Checkpoint;
      before(async () => {
        // More threads give the same bits: exactness.test.ts, exactness-families.test.ts.
        model = await load(folder, { device, threads: 1, contextLength: 96, cacheType: "F32" });
        const notes = model.engine.warnings.filter((note) => !/there is no tokenizer|trained for/.test(note));
        assert.deepEqual(notes, [], "the self-test of good kernels");
        answers = await openCheckpoint(`${folder}/golden.safetensors`);
      });
      after(async () => {
        await model?.dispose();
        await answers?.close();
      });
      const tensor = async (key: string) => {
        const { dtype, shape } = answers.tensors.get(key)!;
        const count = shape.reduce((product, size) => product * size, 1);
        return dequantize(dtype, await answers.readTensor(key), count);
      };
      const compareStates = async (states: readonly Float32Array[], prefix: string) => {
        for (const [l, values] of states.entries()) {
          const difference = maxDifference(values, await tensor(`${prefix}.${l}`));
          assert.ok(difference <= tolerance.hidden, `${prefix}.${l} differs by ${difference}`);
        }
        assert.ok(!answers.tensors.has(`${prefix}.${states.length}`));
      };

      for (const [i, one] of stored.cases.entries()) {
        const decoder: number[] | undefined = one.decoder_input_ids;
        it(`case ${i}: logits and hidden states of ${one.input_ids.length} tokens`, async () => {
          const { logits, hidden, encoderHidden } = await (decoder
            ? model.trace(decoder, { encoderTokens: one.input_ids })
            : model.trace(one.input_ids));
          if (decoder) await compareStates(encoderHidden, `enc_hidden.${i}`);
          await compareStates(hidden, decoder ? `dec_hidden.${i}` : `hidden.${i}`);
          const { languageHead, classifier } = model.config;
          if (!languageHead && !classifier) return;
          const difference = maxDifference(logits, await tensor(`logits.${i}`));
          assert.ok(difference <= tolerance.logits, `logits differ by ${difference}`);
        });
        if (!one.greedy) continue; // an encoder alone foretells nothing
        it(`case ${i}: greedy ids`, async () => {
          const greedy = one.greedy_cached ?? one.greedy;
          assert.deepEqual(await greedyIds(model, one.input_ids, greedy.length, decoder), greedy);
        });
        if (one.greedy_cached && device === "reference") {
          it(`case ${i}: greedy ids when everything is computed anew`, async () => {
            const ids: number[] = [...one.input_ids];
            for (const expected of one.greedy) {
              const { data } = await model.logits(ids, { positions: "last" });
              assert.equal(data.indexOf(data.reduce((a, b) => Math.max(a, b))), expected);
              ids.push(expected);
            }
          });
        }
      }
    });
  }
}

it("a context is no longer than the table of learned positions", async () => {
  for (const [name, expected] of [
    ["gpt2", 64],
    ["opt-bare", 64],
    ["bloom", 4096],
  ] as const) {
    const model = await load(golden("families", name), { device: "reference", contextLength: 4096 });
    assert.equal(model.contextLength, expected);
    await model.dispose();
  }
});
