// Statistics of evaluation against references: Python's random, scipy, statsmodels.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clopperPearson, passAtK, wilson } from "../src/evaluate/statistics/intervals.ts";
import { benjaminiHochberg, holm } from "../src/evaluate/statistics/many-tests.ts";
import {
  clusteredError,
  differences,
  mcNemar,
  pairedBootstrap,
  pairedError,
  pairedT,
  pairTable,
  type TestResult,
  wilcoxon,
} from "../src/evaluate/statistics/paired.ts";
import { PythonRandom } from "../src/evaluate/statistics/python-random.ts";
import { mean, meanError, pearson, spearman } from "../src/statistics/moments.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "statistics");
const read = (name: string) => readJson(beside("evaluation", "statistics", name));

/** Equal to 1e-9 of the expected value. */
function close(found: number, expected: number, what: string): void {
  const error = Math.abs(found - expected);
  assert.ok(error <= 1e-9 * Math.max(1e-12, Math.abs(expected)), `${what}: ${found}, expected ${expected}`);
}

function closeList(found: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  for (const [i, value] of expected.entries()) close(found[i], value, `${what}[${i}]`);
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

test("Python's random numbers, exactly", { skip }, () => {
  for (const one of read("python_random.json")) {
    const anew = () => new PythonRandom(one.seed);
    const draw = <T>(count: number, next: (random: PythonRandom) => T): T[] => {
      const random = anew();
      return range(count).map(() => next(random));
    };
    assert.deepEqual(
      draw(5, (random) => random.random()),
      one.random,
    );
    assert.deepEqual(
      draw(4, (random) => random.getrandbits(32)),
      one.getrandbits_32,
    );
    assert.deepEqual(anew().choices(range(7), 10), one.choices_10_of_7);
    assert.deepEqual(
      draw(4, (random) => random.sample(range(12), 3)),
      one.sample_3_of_12,
    );
    assert.deepEqual(
      draw(3, (random) => random.sample(range(200), 5)),
      one.sample_5_of_200,
    );
    assert.deepEqual(anew().sample(range(85), 21), one.sample_21_of_85);
    assert.deepEqual(anew().sample(range(85), 20), one.sample_20_of_85);
    const list = range(10);
    anew().shuffle(list);
    assert.deepEqual(list, one.shuffle_10);
    assert.deepEqual(
      draw(5, (random) => random.randrange(1000)),
      one.randrange_1000,
    );
  }
});

test("intervals of a share, and pass@k", { skip }, () => {
  for (const { correct, n, wilson95, clopper_pearson95, mean_stderr } of read("intervals.json")) {
    closeList(wilson(correct, n), wilson95, `wilson ${correct}/${n}`);
    closeList(clopperPearson(correct, n), clopper_pearson95, `clopper ${correct}/${n}`);
    if (mean_stderr !== null) close(meanError(range(n).map((i) => Number(i < correct))), mean_stderr, "mean");
  }
  for (const { n, correct, k, pass_at_k } of read("pass_at_k.json")) {
    close(passAtK(n, correct, k), pass_at_k, `pass@${k}`);
  }
});

test("tests of pairs", { skip }, () => {
  for (const one of read("paired.json")) {
    const { a, b } = one;
    const table = pairTable(a, b);
    assert.deepEqual(
      { both: table.both, only_a: table.onlyA, only_b: table.onlyB, none: table.none },
      one.table,
    );
    close(mean(differences(a, b)), one.difference, "difference");
    close(pairedError(a, b), one.paired_stderr, "error");
    const { exact, midP, corrected, chiSquare } = mcNemar(table);
    close(exact, one.mcnemar_exact_p, "exact");
    close(midP, one.mcnemar_mid_p, "mid-p");
    closeTest(corrected, one.mcnemar_chi2_corrected, "corrected");
    closeTest(chiSquare, one.mcnemar_chi2, "chi square");
    const { seed, resamples, percentile95, stderr } = one.bootstrap;
    const { interval, error } = pairedBootstrap(a, b, { seed, resamples });
    closeList(interval, percentile95, "percentiles");
    close(error, stderr, "bootstrap");
  }
});

function closeTest(found: TestResult | null, expected: [number, number] | null, what: string): void {
  if (found === null || expected === null) assert.equal(found, expected, what);
  else closeList([found.statistic, found.p], expected, what);
}

test("tests of pairs of scores", { skip }, () => {
  for (const one of read("scores.json")) {
    const { a, b, cluster } = one;
    close(mean(differences(a, b)), one.mean_difference, "difference");
    close(pairedError(a, b), one.paired_stderr, "error");
    closeTest(pairedT(a, b), one.t, "t");
    closeTest(wilcoxon(a, b), one.wilcoxon, "wilcoxon");
    close(clusteredError(differences(a, b), cluster), one.clustered_stderr, "clusters");
    close(pearson(a, b), one.pearson, "pearson");
    close(spearman(a, b), one.spearman, "spearman");
  }
});

test("corrections for many tests", { skip }, () => {
  for (const one of read("holm.json")) {
    closeList(holm(one.p), one.holm, "holm");
    closeList(benjaminiHochberg(one.p), one.benjamini_hochberg, "benjamini-hochberg");
  }
});
