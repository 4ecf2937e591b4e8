// A knob that does not exist is refused, when a family's file is compiled and when it runs.
import assert from "node:assert/strict";
import { it } from "node:test";
import { BaimoError } from "../../errors.ts";
import type { HuggingFaceForm } from "../families/family.ts";
import {
  completeConfig,
  type Knobs,
  type RequiredKnobs,
  type RopeScaling,
  trainedContext,
} from "./config.ts";

const required: RequiredKnobs = {
  architecture: "test",
  vocabSize: 8,
  hiddenSize: 8,
  intermediateSize: 8,
  numLayers: 2,
  numHeads: 2,
  contextLength: 8,
  eosTokenIds: [],
  normEps: 1e-5,
};

it("misspelt in a family's file, it does not compile", () => {
  const form: HuggingFaceForm = {
    types: ["test"],
    // @ts-expect-error: "Did you mean to write 'qkvBias'?"
    knobs: (): Knobs => ({ qkvBiass: true }),
  };
  assert.ok(form.knobs);
});

it("got past the compiler, it is refused by name", () => {
  const misspelt: object = { qkvBiass: true };
  assert.throws(
    () => completeConfig({ ...required, ...misspelt }),
    (e) => e instanceof BaimoError && e.code === "config" && e.message.includes('"qkvBiass"'),
  );
  const inherited: object = { toString: true };
  assert.throws(() => completeConfig({ ...required, ...inherited }), BaimoError);
});

it("knobs without a default may be set, or stay unset", () => {
  const plain = completeConfig(required);
  assert.equal(plain.headDim, 4);
  assert.equal(plain.bosTokenId, undefined);
  assert.equal(completeConfig({ ...required, bosTokenId: 1, latent: undefined }).bosTokenId, 1);
});

it("angles that are stretched reach beyond the context that the checkpoint states", () => {
  const reach = (scaling: RopeScaling, contextLength = 4096) =>
    trainedContext(completeConfig({ ...required, contextLength, ropes: [{ theta: 1e4, dims: 4, scaling }] }));
  assert.equal(trainedContext(completeConfig(required)), 8);
  assert.equal(reach({ type: "none" }), 4096);
  assert.equal(reach({ type: "linear", factor: 4 }), 16_384);
  assert.equal(reach({ type: "dynamic", factor: 2, originalContextLength: 4096 }), 8192);
  const llama3 = { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: 8192 };
  assert.equal(reach({ type: "llama3", ...llama3 }, 131_072), 131_072);
});
