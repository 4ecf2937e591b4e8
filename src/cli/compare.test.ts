// The verdicts of `baimo verify` on runs that differ in known ways.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareCase, nameLayer, toleranceFor } from "./compare.ts";
import type { Golden, GoldenCase } from "./golden.ts";

const exact: GoldenCase = {
  tokens: [3, 4],
  greedy: [1, 2],
  logits: Float32Array.of(0, 1, 2, 3, 4, 5),
  hidden: [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)],
};
const tolerance = { logits: 1e-3, hidden: 1e-3 };
const copy = () => ({
  logits: exact.logits.slice(),
  hidden: exact.hidden.map((values) => values.slice()),
  encoderHidden: [],
});

test("an equal run agrees", () => {
  const result = compareCase(exact, copy(), [1, 2], tolerance);
  assert.deepEqual(result, { tokens: 2, ok: true, logits: 0, hidden: 0 });
});

test("the first part that diverges is named", () => {
  const inLayer = copy();
  inLayer.hidden[1][0] += 0.01;
  inLayer.hidden[2][0] += 0.02;
  inLayer.logits[0] += 0.5;
  const result = compareCase(exact, inLayer, [1, 2], tolerance);
  assert.equal(result.ok, false);
  assert.equal(result.divergesAt, "layer 0");
  const inHead = copy();
  inHead.logits[0] += 0.5;
  assert.equal(compareCase(exact, inHead, [1, 2], tolerance).divergesAt, "output");
  assert.equal(nameLayer(0, 4), "embedding");
  assert.equal(nameLayer(4, 4), "layer 3 or the final norm");
});

test("a value that is no number, and missing states, never agree", () => {
  const broken = copy();
  broken.hidden[2][1] = Number.NaN;
  assert.equal(compareCase(exact, broken, [1, 2], tolerance).ok, false);
  const short = { ...copy(), hidden: copy().hidden.slice(0, 2) };
  assert.equal(compareCase(exact, short, [1, 2], tolerance).divergesAt, "layer 1 or the final norm");
});

test("another greedy continuation fails, except where activations are rounded", () => {
  const result = compareCase(exact, copy(), [1, 5], tolerance);
  assert.equal(result.ok, false);
  assert.equal(result.greedyDifference, 1);
  const native = { ...exact, native: [[0, 0.01] as const, [5, 0.6] as const] };
  const rounded = compareCase(native, copy(), [1, 5], { ...tolerance, timesNative: 2 });
  assert.equal(rounded.ok, true);
  assert.equal(rounded.greedyDifference, 1);
});

test("quantised weights are measured against native's own difference", () => {
  const total = Math.log(exact.logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  // Native is 0.1 away on both tokens, so 0.2 is allowed; shifting one logit moves its log-probability by less.
  const native = [4, 5].map((id) => [id, Math.exp(exact.logits[id] - total + 0.1)] as const);
  const run = (shift: number) => {
    const trace = copy();
    trace.logits[4] += shift;
    return compareCase({ ...exact, hidden: [], native }, trace, [1, 2], { ...tolerance, timesNative: 2 });
  };
  const near = run(0.2);
  assert.equal(near.ok, true);
  assert.ok(Math.abs(near.logProbability!.native - 0.1) < 1e-6);
  assert.equal(run(0.6).ok, false);
});

test("tolerances follow the oracle's rounding, the device and the precision", () => {
  const folder: Golden = { file: "", cases: [], rounding: { logits: 1e-5, hidden: 1e-6 } };
  assert.deepEqual(toleranceFor(folder, "float32", "reference"), { logits: 2e-4, hidden: 1e-4 });
  assert.deepEqual(toleranceFor(folder, "float32", "cpu"), { logits: 5e-4, hidden: 5e-4 });
  const file: Golden = { file: "", cases: [] };
  assert.equal(toleranceFor(file, "float32", "cpu").logits, 1e-3);
  assert.equal(toleranceFor(file, "half", "cpu").logits, 1e-2);
  assert.equal(toleranceFor(file, "quantized", "cpu").timesNative, 2);
});
