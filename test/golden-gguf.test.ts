// Tiny GGUF models of every weight type against a float64 reference and against native llama.cpp.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkGguf } from "./gguf-golden.ts";
import { goldenSets } from "./places.ts";

const models = goldenSets("gguf").filter(({ path }) => path.endsWith(".gguf"));

describe("tiny GGUF models", () => {
  const all = { ours: 0, native: 0 };
  for (const { name, path } of models) {
    for (const device of ["reference", "cpu"] as const) {
      it(`${name} on ${device}`, async () => {
        const { ours, native } = await checkGguf(path, device);
        all.ours += ours;
        all.native += native;
      });
    }
  }
  it("rounded activations err as native's do, pooled over all models and prompts", () => {
    const ratio = Math.sqrt(all.ours / all.native);
    assert.ok(ratio > 0.5 && ratio <= 1.2, `ratio ${ratio}`);
  });
});
