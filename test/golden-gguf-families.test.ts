// GGUF files made by llama.cpp's converter of September 2026, against the golden runs.
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
        const answers = await openCheckpoint(golden("families", family, "golden.safetensors"));
        const { logits } = await model.run(prompt);
        const expected = new Float32Array((await answers.readTensor(`logits.${i}`)).slice().buffer);
        const difference = maxDifference(logits, expected);
        assert.ok(difference <= Math.max(1e-4, 20 * stored.fp32_vs_fp64_max_abs), `differs by ${difference}`);
        await model.close();
        await answers.close();
      });
    }
  });
}
