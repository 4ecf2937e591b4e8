// Summaries of logits are the same bits however the vocabulary is parted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../random.ts";
import { isLarger, largestOf, largestPart, nucleusPart, WEIGHT_BLOCK, WeightSum } from "./logit-summary.ts";

const size = 5000;
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
