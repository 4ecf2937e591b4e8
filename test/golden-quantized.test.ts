// Checkpoints of other quantisers against transformers' run of the same weights in float32.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { dequantize, openCheckpoint } from "../src/formats/index.ts";
import { load } from "../src/generate/load.ts";
import { describeModel } from "../src/models/open-model.ts";
import { matricesOf } from "../src/models/weights/tensor-plan.ts";
import { greedyIds } from "./greedy.ts";
import { goldenSets, maxDifference, readJson } from "./places.ts";

/** Types whose products round activations to 8 bits on the CPU, as those of GGUF files do. */
const rounding = /^Q|^MXFP4/;
/** What that rounding makes of logits, in parts of their size: 0.1 to 0.4 % were measured, with MXFP4 2.1 %. */
const ROUNDED = 0.03;

/** The narrowest types that hold the weights exactly. */
const forms: Readonly<Record<string, string>> = {
  "awq-llama": "Q5_0",
  "awq-qwen3-moe": "F32", // groups of 16
  "ct-float-block": "E4M3_32",
  "ct-float-channel": "E4M3_32",
  "ct-int8": "Q8_0",
  "ct-int8-asym": "F32", // values from -255 to 255
  "ct-mixed": "Q4_0 Q8_0",
  "ct-mxfp4": "MXFP4",
  "ct-nvfp4": "F32",
  "ct-pack4": "Q4_0",
  "ct-pack4-asym": "Q5_0",
  "ct-pack4-act-order": "F32",
  "fp8-block-cut": "F32", // of 48 columns
  "fp8-block-deepseek": "BF16", // of 16 columns, powers of two
  "fp8-block-qwen3": "E4M3_32",
  "fp8-tensor": "E4M3_32",
  gptq2: "Q4_0",
  gptq3: "Q4_0",
  gptq4: "Q4_0",
  "gptq4-asym": "Q5_0",
  "gptq4-v2-act-order": "F32",
  gptq8: "Q8_0",
};

/** One set of each type is enough for the CPU's own kernels. */
const onCpu = ["awq-llama", "ct-mixed", "fp8-block-deepseek", "fp8-block-qwen3"];

for (const { name, path } of goldenSets("quantized")) {
  const stored = readJson(`${path}/golden.json`);
  describe(name, () => {
    let types: ReadonlySet<string>;
    before(async () => {
      types = await typesOf(path);
    });
    if (forms[name] !== undefined)
      it(`weights are ${forms[name]}`, () => assert.deepEqual([...types].sort().join(" "), forms[name]));
    const devices =
      name in forms && !onCpu.includes(name) ? (["reference"] as const) : (["reference", "cpu"] as const);
    for (const device of devices) {
      it(`logits and greedy ids on ${device}`, async () => {
        const model = await load(path, { device, threads: 2, contextLength: 48, cacheType: "F32" });
        const answers = await openCheckpoint(`${path}/golden.safetensors`);
        try {
          const rounds = device === "cpu" && [...types].some((type) => rounding.test(type));
          const exact = Math.max(device === "cpu" ? 5e-4 : 1e-4, 20 * stored.fp32_vs_fp64_max_abs);
          const notes = model.engine.warnings.filter(
            (note) => !/there is no tokenizer|only F32 holds/.test(note),
          );
          assert.deepEqual(notes, [], "the self-test of good kernels");
          for (const [i, { input_ids: ids, greedy }] of stored.cases.entries()) {
            const { data } = await model.logits(ids, { positions: "all" });
            const expected = dequantize("F32", await answers.readTensor(`logits.${i}`), data.length);
            if (rounds) {
              const error = Math.sqrt(meanSquare(data.map((value, at) => value - expected[at])));
              const spread = Math.sqrt(meanSquare(expected));
              assert.ok(error <= ROUNDED * spread, `logits differ by ${error} of ${spread}`);
              continue;
            }
            const difference = maxDifference(data, expected);
            assert.ok(difference <= exact, `logits differ by ${difference}`);
            assert.deepEqual(await greedyIds(model, ids, greedy.length), greedy);
          }
        } finally {
          await answers.close();
          await model.dispose();
        }
      });
    }
  });
}

/** The types in which matrices are read that lie in several tensors. */
async function typesOf(path: string): Promise<Set<string>> {
  const checkpoint = await openCheckpoint(path);
  const { weights } = await describeModel(checkpoint);
  await checkpoint.close();
  return new Set(matricesOf(weights).flatMap(({ stored }) => (stored.encoding ? [stored.dtype] : [])));
}

const meanSquare = (values: Float32Array): number =>
  values.reduce((sum, value) => sum + value * value, 0) / values.length;
