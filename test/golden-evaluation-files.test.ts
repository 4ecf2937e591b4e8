// Files of a run against those of lm-evaluation-harness, and against Every Eval Ever's schemas.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { everyEvalFiles } from "../src/evaluate/report/every-eval-ever.ts";
import { resultsFile, samplesFile } from "../src/evaluate/report/lm-eval-files.ts";
import { readRun } from "../src/evaluate/report/read-run.ts";
import type { RunFacts } from "../src/evaluate/report/run-facts.ts";
import { rescore } from "../src/evaluate/rescore.ts";
import { parsePythonJson } from "../src/python-json.ts";
import { lmEval, resultsOf, runNames, samplesOf } from "./evaluation-runs.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "lm_eval");

const facts: RunFacts = {
  model: "models/poet",
  identity: "0",
  subject: {},
  version: "0.0.0",
  started: "2026-01-01T00:00:00.000Z",
  resamples: 2000,
  seed: 1234,
  fewshotSeed: 1234,
  systemInstruction: null,
  fewshotAsMultiturn: true,
  chatTemplate: null,
  ownTemplate: null,
};

for (const run of skip ? ["none"] : runNames) {
  test(`the files of the run ${run}`, { skip }, async () => {
    const evaluation = await rescore(readRun(resolve(lmEval, "runs", run)), 2);
    for (const task of evaluation.tasks) {
      const name = task.scored.config.task;
      const lines = samplesFile(task).trimEnd().split("\n");
      for (const [i, sample] of samplesOf(run, name).entries()) {
        const own = parsePythonJson(lines[i]) as Record<string, unknown>;
        // numpy's text of an array stands there
        if ("brier_score" in sample) sample.brier_score = own.brier_score;
        assert.deepEqual(own, sample, `${name} ${i}`);
        assert.deepEqual(Object.keys(own), Object.keys(sample));
      }
    }
    const found = JSON.parse(await resultsFile(evaluation, facts));
    const expected = resultsOf(run);
    for (const key of ["configs", "versions", "n-shot", "higher_is_better"]) {
      const wanted = Object.entries(expected[key]).filter(([name]) => name in expected.configs);
      assert.deepEqual(found[key], Object.fromEntries(wanted), key);
    }
    assert.deepEqual(found.task_hashes, expected.task_hashes);
    for (const [name, scores] of Object.entries<Record<string, unknown>>(found.results)) {
      assert.deepEqual(Object.keys(scores), Object.keys(expected.results[name]), name);
    }
    assert.deepEqual(Object.keys(found.groups ?? {}).sort(), Object.keys(expected.groups ?? {}).sort());
    for (const [name, scores] of Object.entries<Record<string, number>>(expected.groups ?? {}))
      for (const [key, value] of Object.entries(scores))
        if (typeof value === "number") {
          const own = found.groups[name][key];
          assert.ok(
            Math.abs(own - value) <= 1e-9 * Math.abs(value),
            `${name}: ${key} is ${own}, not ${value}`,
          );
        }
  });
}

test("Every Eval Ever's schemas", {
  skip: skip || unlessBeside("evaluation", "every_eval_ever"),
}, async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const read = (name: string) => {
    const { $schema: _, ...schema } = readJson(beside("evaluation", "every_eval_ever", name));
    return ajv.compile(schema);
  };
  const [isEvaluation, isInstance] = [read("eval.schema.json"), read("instance_level_eval.schema.json")];
  for (const run of runNames.slice(0, 3)) {
    const evaluation = await rescore(readRun(resolve(lmEval, "runs", run)), 0);
    const price = { currency: "USD", input: 1, output: 2, source: "a page", date: "2026-01-01" } as const;
    const cost = { promptTokens: 7, completionTokens: 2, amount: 0.001, seconds: 0.5, latency: 0.25 };
    const paid = evaluation.tasks.map((task) => ({
      ...task,
      cost,
      answered: task.answered.map((one) => ({ ...one, costs: one.answers.flat().map(() => cost) })),
    }));
    const files = await everyEvalFiles({ ...evaluation, tasks: paid }, { ...facts, price });
    assert.ok(isEvaluation(JSON.parse(files.evaluation)), ajv.errorsText(isEvaluation.errors));
    for (const line of files.instances.trimEnd().split("\n")) {
      assert.equal(JSON.parse(line).token_usage.total_tokens % 9, 0);
      assert.ok(isInstance(JSON.parse(line)), ajv.errorsText(isInstance.errors));
    }
  }
});
