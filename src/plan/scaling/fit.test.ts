// Fits give back the law that made the runs; delta method and bootstrap agree.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "../../random.ts";
import { bootstrapLaw, fitLaw, type Run } from "./fit.ts";
import { besiroglu, constantNames, lossAt, valuesOf } from "./laws.ts";

const random = createRandom(7);
const runs: Run[] = Array.from({ length: 120 }, () => {
  const [parameters, tokens] = [10 ** (7 + 3 * random.uniform()), 10 ** (8.5 + 2.5 * random.uniform())];
  return {
    parameters,
    tokens,
    loss: lossAt(valuesOf(besiroglu), parameters, tokens) * (1 + 0.003 * random.normal()),
  };
});

it("the constants come back within three standard errors, and the bootstrap is as wide", () => {
  const { constants, standardErrors } = fitLaw(runs);
  assert.ok(standardErrors);
  const intervals = bootstrapLaw(runs, { resamples: 60 });
  const truth = valuesOf(besiroglu);
  for (const name of constantNames) {
    const error = standardErrors[name];
    assert.ok(Math.abs(constants[name] - truth[name]) < 3 * error, `${name}: ${constants[name]} ± ${error}`);
    const [low, high] = intervals[name];
    const ratio = (high - low) / (2 * 1.2816 * error);
    assert.ok(
      ratio > 0.6 && ratio < 1.6,
      `${name}: the bootstrap's interval is ${ratio} times the delta method's`,
    );
  }
});

it("too few runs, or a loss of 0, are refused", () => {
  assert.throws(() => fitLaw(runs.slice(0, 5)), /5 runs; expected 6/);
  assert.throws(() => fitLaw(runs.map((run, i) => (i === 3 ? { ...run, loss: 0 } : run))), /run 3: expected/);
});
