// The board's intervals cover what they say: counted over all outcomes, and in a seeded simulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, type Random } from "../../random.ts";
import { documentsInterval, wilson } from "./intervals.ts";
import { logChoose } from "./special-functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How often Wilson's interval holds the true share: every count of right answers by its chance. */
function coverage(share: number, n: number, intervals: readonly (readonly [number, number])[]): number {
  let covered = 0;
  for (let right = 0; right <= n; right++) {
    const [low, high] = intervals[right];
    if (low > share || high < share) continue;
    covered += Math.exp(logChoose(n, right) + right * Math.log(share) + (n - right) * Math.log(1 - share));
  }
  return covered;
}

test("a share of right answers lies in its interval in 95% of runs", () => {
  for (const n of [20, 60, 250, 1000]) {
    const intervals = range(n + 1).map((right) => wilson(right, n));
    const shares = range(99).map((i) => (i + 1) / 100);
    const all = shares.reduce((sum, share) => sum + coverage(share, n, intervals), 0) / shares.length;
    assert.ok(Math.abs(all - 0.95) <= 0.01, `n ${n}: ${all}`);
  }
});

/** Kinds of score: how good a model is, drawn for each run, and a document's score at that. */
const SCORES: Readonly<Record<string, (random: Random, skill: number) => number>> = {
  "right or wrong": (random, skill) => Number(random.uniform() < skill),
  "shares of words": (random, skill) => skill + (random.uniform() - 0.5) / 4,
  "bits of a text": (random, skill) => skill + random.normal(),
  "votes of five": (random, skill) => range(5).filter(() => random.uniform() < skill).length / 5,
};

test("a mean of any scores lies in its interval in 95% of simulated runs", () => {
  const random = createRandom(16);
  const runs = 4000;
  for (const [name, draw] of Object.entries(SCORES)) {
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const skill = 0.05 + 0.9 * random.uniform();
      const [low, high] = documentsInterval(range(25).map(() => draw(random, skill)));
      if (low <= skill && skill <= high) covered++;
    }
    assert.ok(Math.abs(covered / runs - 0.95) <= 0.01, `${name}: ${covered / runs} (seed 16)`);
  }
});
