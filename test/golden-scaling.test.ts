// Fits of scaling laws and the stopping of runs against stored ones (data beside the checkout).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { bootstrapLaw, fitLaw, type Run } from "../src/plan/scaling/fit.ts";
import { fitIsoflop } from "../src/plan/scaling/isoflop.ts";
import { type Constants, constantNames } from "../src/plan/scaling/laws.ts";
import { fitPowerLaw } from "../src/plan/scaling/power-law.ts";
import { judgeRun, type RunLog } from "../src/plan/scaling/stop.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

const folder = ["training", "scaling"];

interface StoredFit {
  rows: { N: number; D: number; loss: number }[];
  fit: Constants;
  sumOfHuber: number;
  bootstrap: { interval80: Record<string, [number, number]> };
}

it("fits of stored tables", { skip: unlessBeside(...folder, "chinchilla.json") }, () => {
  const sets: Record<string, StoredFit> = readJson(beside(...folder, "chinchilla.json"));
  for (const [name, { rows, fit, sumOfHuber, bootstrap }] of Object.entries(sets)) {
    if (!rows) continue;
    const runs: Run[] = rows.map(({ N, D, loss }) => ({ parameters: N, tokens: D, loss }));
    const found = fitLaw(runs);
    assert.ok(found.sumOfHuber <= 1.0001 * sumOfHuber, `${name}: ${found.sumOfHuber} and ${sumOfHuber}`);
    for (const constant of constantNames) {
      const [low, high] = bootstrap.interval80[constant];
      const value = found.constants[constant];
      if (name === "clean")
        assert.ok(Math.abs(value / fit[constant] - 1) < 0.005, `${name} ${constant}: ${value}`);
      else assert.ok(value > low && value < high, `${name} ${constant}: ${value}`);
      const own = found.standardErrors![constant] * 2 * 1.2816;
      assert.ok(
        own > 0.4 * (high - low) && own < 2.5 * (high - low),
        `${name} ${constant}: width ${own}, ${high - low}`,
      );
    }
  }
  const noisy = sets.noisy?.rows.map(({ N, D, loss }) => ({ parameters: N, tokens: D, loss }));
  if (noisy)
    assert.deepEqual(bootstrapLaw(noisy, { resamples: 3 }), bootstrapLaw(noisy, { resamples: 3 }), "seeded");
});

it("optima of equal FLOPs", { skip: unlessBeside(...folder, "isoflop.json") }, () => {
  const stored = readJson(beside(...folder, "isoflop.json"));
  const groups: StoredGroup[] = stored.groups;
  const found = fitIsoflop(
    groups.map(({ C, points }) => ({
      flops: C,
      runs: points.map(({ N, loss }) => ({ parameters: N, loss })),
    })),
  );
  const near = (value: number, expected: number) =>
    assert.ok(Math.abs(value / expected - 1) < 1e-6, `${value}, ${expected}`);
  near(found.exponent, stored.exponentOfN);
  near(found.coefficient, stored.coefficient);
  for (const [i, { minimumN, minimumLoss }] of groups.entries()) {
    near(found.minima[i].parameters, minimumN);
    near(found.minima[i].loss, minimumLoss);
  }
});

interface StoredGroup {
  C: number;
  points: { N: number; loss: number }[];
  minimumN: number;
  minimumLoss: number;
}

it("curves that flatten as a power", { skip: unlessBeside(...folder, "power-law.json") }, () => {
  for (const { points, at10000, sumOfHuber } of readJson(beside(...folder, "power-law.json"))) {
    const { E, K, p, sumOfHuber: own } = fitPowerLaw(points);
    assert.ok(own <= 1.0001 * sumOfHuber, `${own}, ${sumOfHuber}`);
    const later = E + K / 10_000 ** p;
    assert.ok(Math.abs(later / at10000 - 1) < 0.005, `${later}, ${at10000}`);
  }
});

interface StoredRun extends RunLog {
  run: number;
  final: number;
}

/** Steps that a run makes before it is stopped: it is asked at every evaluation, with what it has by then. */
function stepsOf(run: StoredRun, target: number): number {
  for (const [at, [step]] of run.heldOut!.entries()) {
    const soFar = { ...run, loss: run.loss.slice(0, step), heldOut: run.heldOut!.slice(0, at + 1) };
    if (step < run.steps && judgeRun(soFar, target).verdict === "stop") return step;
  }
  return run.steps;
}

it("stops doomed runs, and none that would have met its target", {
  skip: unlessBeside(...folder, "curves.jsonl"),
}, () => {
  const lines = readFileSync(beside(...folder, "curves.jsonl"), "utf8")
    .trim()
    .split("\n");
  const runs: StoredRun[] = lines.map((line) => JSON.parse(line));
  for (const [target, wanted] of [
    [4.45, 0.25],
    [4.55, 0.35],
  ]) {
    for (const run of runs.filter(({ final }) => final <= target))
      assert.equal(stepsOf(run, target), run.steps, `run ${run.run} would have met ${target}`);
    const doomed = runs.filter(({ final }) => final > 1.01 * target);
    const saved = doomed.reduce((sum, run) => sum + 1 - stepsOf(run, target) / run.steps, 0) / doomed.length;
    assert.ok(
      saved >= wanted,
      `${target}: ${(100 * saved).toFixed(1)}% of ${doomed.length} doomed runs saved`,
    );
  }
});
