// RoPE's records where old and new spellings meet: what transformers 5.18 makes of each.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigReader } from "../../config/config-reader.ts";
import type { CheckpointFacts } from "../family.ts";
import { readGgufRope } from "./gguf-rope.ts";
import { readRope, readRopesByType } from "./rope-fields.ts";

const sizes = { dims: 8, contextLength: 128 };
const reader = (fields: object) => new ConfigReader("config.json", new Map(Object.entries(fields)));
const linear = (factor: number) => ({ type: "linear", factor });
const none = { type: "none" };

describe("ropes by the type of a layer", () => {
  const stretched = { rope_type: "linear", factor: 8 };
  const both = (full: object, sliding: object) => ({
    rope_parameters: { full_attention: full, sliding_attention: sliding },
  });
  const cases: [what: string, fields: object, full: object, sliding: object][] = [
    [
      "an older file: sliding layers are not stretched",
      { rope_scaling: stretched, rope_theta: 66 },
      { theta: 66, dims: 8, scaling: linear(8) },
      { theta: 55, dims: 8, scaling: none },
    ],
    [
      "a record for each",
      both({ ...stretched, rope_theta: 77 }, { rope_type: "default", rope_theta: 5 }),
      { theta: 77, dims: 8, scaling: linear(8) },
      { theta: 5, dims: 8, scaling: none },
    ],
    [
      "rope_scaling goes over the record of full attention",
      {
        ...both({ rope_type: "default", rope_theta: 77 }, { rope_type: "default", rope_theta: 5 }),
        rope_scaling: stretched,
      },
      { theta: 77, dims: 8, scaling: linear(8) },
      { theta: 5, dims: 8, scaling: none },
    ],
    [
      "with all that it says",
      {
        ...both({ rope_type: "linear", factor: 3, rope_theta: 77 }, { rope_type: "default", rope_theta: 5 }),
        rope_scaling: { ...stretched, rope_theta: 9 },
      },
      { theta: 9, dims: 8, scaling: linear(8) },
      { theta: 5, dims: 8, scaling: none },
    ],
    [
      "a record of one alone, and bases beside it",
      { rope_parameters: { sliding_attention: { rope_type: "default", rope_theta: 5 } }, rope_theta: 66 },
      { theta: 66, dims: 8, scaling: none },
      { theta: 5, dims: 8, scaling: none },
    ],
    [
      "no base at all",
      both({ rope_type: "default" }, { rope_type: "default" }),
      { theta: 1e6, dims: 8, scaling: none },
      { theta: 55, dims: 8, scaling: none },
    ],
  ];
  for (const [what, fields, full, sliding] of cases) {
    it(what, () => {
      const r = reader(fields);
      assert.deepEqual(readRopesByType(r, { ...sizes, theta: 1e6 }, 55), [full, sliding]);
      r.finish();
    });
  }
});

describe("the context length of pre-training", () => {
  const yarn = { rope_type: "yarn", factor: 4 };
  const originalOf = (record: object, original?: number) => {
    const { scaling } = readRope(reader({ rope_parameters: record }), { ...sizes, original });
    return "originalContextLength" in scaling && scaling.originalContextLength;
  };
  it("is the record's, or else that of the model", () => {
    assert.equal(originalOf({ ...yarn, original_max_position_embeddings: 32 }), 32);
    assert.equal(originalOf(yarn), 128);
    const llama3 = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    assert.equal(originalOf(llama3), 128);
  });
  it("stands beside the record in Phi-3, and counts before the record's", () => {
    assert.equal(originalOf({ ...yarn, original_max_position_embeddings: 32 }, 64), 64);
    assert.equal(originalOf(yarn, 64), 64);
  });
});

it("GGUF's factor of 0 is none, as llama.cpp takes it, and one below is refused", () => {
  const read = (factor: number) => {
    const fields = reader({ "rope.scaling.type": "linear", "rope.scaling.factor": factor });
    return readGgufRope(fields, { values: () => undefined } as unknown as CheckpointFacts, sizes).scaling;
  };
  assert.deepEqual(read(2), linear(2));
  assert.deepEqual(read(0), linear(1));
  assert.throws(() => read(-2), /"rope.scaling.factor" should be above 0, found -2/);
});
