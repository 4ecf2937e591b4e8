// GGUF files made by llama.cpp's converter, or as it makes them, against the golden runs.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { openCheckpoint } from "../src/formats/index.ts";
import { golden, maxDifference, readJson } from "./places.ts";
import { openReference } from "./reference-run.ts";

for (const file of readdirSync(golden("gguf-families"))) {
  const family = file.replace(/\.gguf$/, "");
  describe(`${file} on reference`, () => {
    const stored = readJson(golden("families", family, "golden.json"));
    for (const [i, { input_ids: prompt }] of stored.cases.entries()) {
      it(`case ${i}: logits of ${prompt.length} tokens`, async () => {
        const model = await openReference(golden("gguf-families", file));
        if (family === "xlm-roberta-rank" && i === 0) return model.close(); // GGUF has no position for padding
        const answers = await openCheckpoint(golden("families", family, "golden.safetensors"));
        const { logits } = await model.run(prompt);
        // An encoder alone is known by its final states.
        const hasLogits = answers.tensors.has(`logits.${i}`);
        const key = hasLogits ? `logits.${i}` : `hidden.${i}.${model.config.numLayers}`;
        const expected = new Float32Array((await answers.readTensor(key)).slice().buffer);
        const difference = maxDifference(logits, expected);
        const rounding = hasLogits ? stored.fp32_vs_fp64_max_abs : stored.fp32_vs_fp64_hidden_max_abs;
        assert.ok(difference <= Math.max(1e-4, 20 * rounding), `differs by ${difference}`);
        await model.close();
        await answers.close();
      });
    }
  });
}
