// Summaries of logits are the same bits however the vocabulary is parted.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findLargestOf } from "../kernels/ops/largest.ts";
import { createRandom } from "../random.ts";
import { summaryOf } from "./largest-summaries.ts";
import { load } from "./load.ts";
import { isLarger, largestOf, largestPart, nucleusPart, WEIGHT_BLOCK, WeightSum } from "./logit-summary.ts";
import { createSampler, type SamplerOptions } from "./sampler.ts";
import type { GenerateOptions } from "./types.ts";

const size = 5000;
const plain: SamplerOptions = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: 3,
};
const random = createRandom(5);
const logits = Float32Array.from({ length: size }, () => 6 * random.normal());
const max = Math.max(...logits);
/** Where the vocabulary is cut: within blocks, at their ends, several times in one. */
const cuts = [
  [0, size],
  [0, 2504, size],
  [0, 1664, 3336, size],
  [0, 512, 1024, size],
  [0, 8, 16, 520, 528, size],
];
const parts = (cut: readonly number[]) =>
  cut.slice(1).map((end, i) => ({ first: cut[i], own: logits.subarray(cut[i], end) }));

test("weights add up to the same bits", () => {
  const whole = new WeightSum();
  whole.add(logits, 0, max, 1.25);
  for (const cut of cuts) {
    const sum = new WeightSum();
    const ids: number[] = [];
    for (const { first, own } of parts(cut)) {
      const { head, sums, tail, ids: likely } = nucleusPart(own, first, max, 1.25);
      sum.add(head, first, max, 1.25);
      for (const block of sums) sum.addBlock(block);
      sum.add(tail, first + head.length + sums.length * WEIGHT_BLOCK, max, 1.25);
      ids.push(...likely);
    }
    assert.equal(sum.total, whole.total);
    assert.deepEqual(ids, nucleusPart(logits, 0, max, 1.25).ids);
  }
});

test("the largest are the same, of equal ones the lower", () => {
  const rounded = logits.map(Math.round);
  const whole = largestPart(rounded, 0, 40);
  for (const cut of cuts) {
    const found = parts(cut).map(({ first, own }) => largestPart(own.map(Math.round), first, 40));
    const [ids, values] = [found.flatMap(({ ids }) => ids), found.flatMap(({ logits }) => logits)];
    assert.deepEqual(largestOf(ids, values, 40), whole);
  }
});

test("what is no number is found first, as in one row", () => {
  assert.equal(isLarger(3, 2), true);
  assert.equal(isLarger(2, 2), false);
  assert.equal(isLarger(Number.NaN, 5), true);
  assert.equal(isLarger(7, Number.NaN), false);
  assert.equal(isLarger(Number.NaN, Infinity), false);
});

describe("the largest logits of a device", () => {
  /** A sampler by whole rows and one by what is enough, on the same rows. */
  function compare(options: Partial<SamplerOptions>, row: (step: number) => Float32Array, error = 0): number {
    const all = { ...plain, ...options };
    const [whole, some] = [createSampler(all, size, []), createSampler(all, size, [])];
    let fallBacks = 0;
    for (let step = 0; step < 20; step++) {
      const logits = row(step);
      const { wish } = some;
      assert.ok(wish);
      const found = findLargestOf(logits, 512, wish.kind === "nucleus" ? wish.scale : 0);
      const summary = summaryOf({ ...found, mass: found.mass * (1 + error) }, wish, false);
      if (!summary) fallBacks++;
      assert.equal(
        (summary ? some.sampleFrom(summary) : some.sample(logits.slice())).id,
        whole.sample(logits.slice()).id,
      );
    }
    return fallBacks;
  }
  const rowOf = (spread: number, step: number, round: boolean) => {
    const values = createRandom(step);
    const value = () => spread * values.normal();
    return Float32Array.from({ length: size }, () => (round ? Math.round(value()) : value()));
  };

  for (const [name, options, most] of [
    ["greedy", { temperature: 0 }, 0],
    ["top-k", { topK: 40 }, 0],
    ["top-k and top-p", { topK: 200, topP: 0.8 }, 0],
    ["top-p", { topP: 0.9 }, 4],
    ["top-p and min-p, cold", { topP: 0.95, minP: 0.05, temperature: 0.6 }, 4],
    ["top-p that is nearly all", { topP: 0.99999 }, 20],
  ] as const) {
    test(`${name}: the tokens of whole rows`, () => {
      for (const error of [-1e-5, 1e-5]) {
        const fallBacks = compare(options, (step) => rowOf(4, step, false), error);
        assert.ok(fallBacks <= most, `${fallBacks} whole rows`);
      }
      compare(options, (step) => rowOf(1, step, true), 1e-5); // many are equal
    });
  }

  test("what is no number is told", () => {
    const row = rowOf(4, 1, false);
    row[77] = Number.NaN;
    const { best, max } = summaryOf(findLargestOf(row, 512, 0), { kind: "best" }, false)!;
    assert.deepEqual([best, max], [77, Number.NaN]);
    const none = summaryOf(
      findLargestOf(row.fill(Number.NEGATIVE_INFINITY), 512, 0),
      { kind: "best" },
      false,
    )!;
    assert.equal(none.best, -1);
  });

  test("a model on such a device chooses what it chooses by whole rows", async () => {
    const model = await load("poet", { device: "reference", contextLength: 64 });
    try {
      const prompt = model.tokenizer.encode("床前明月光");
      const sampled = async (options: GenerateOptions) => {
        const ids: number[] = [];
        for await (const event of model.complete(prompt, {
          maxTokens: 5,
          ignoreEos: true,
          seed: 5,
          ...options,
        }))
          if (event.type === "text-delta") ids.push(...event.tokens.map(({ id }) => id));
        return ids;
      };
      for (const options of [{ temperature: 0 }, { topK: 30 }, { topP: 0.9, topK: 0 }])
        assert.deepEqual(await sampled(options), await sampled({ ...options, logprobs: 0 })); // which take whole rows
    } finally {
      await model.dispose();
    }
  });
});
