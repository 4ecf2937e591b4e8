// Prompts, requests and hashes of tasks against runs of lm-evaluation-harness.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonText } from "../src/evaluate/python/values.ts";
import { argumentsOf } from "../src/evaluate/tasks/eval-request.ts";
import { taskHash } from "../src/evaluate/tasks/open-task.ts";
import { plainNumbers } from "../src/python-json.ts";
import { prepareOfRun, resultsOf, runNames, samplesOf, selectRun } from "./evaluation-runs.ts";
import { unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "lm_eval");

for (const run of skip ? ["none"] : runNames) {
  test(`prompts and hashes of the run ${run}`, { skip }, async () => {
    const { tasks } = selectRun(run);
    const { task_hashes: hashes, configs } = resultsOf(run);
    assert.deepEqual(
      tasks.map(({ task }) => task),
      Object.keys(hashes),
    );
    for (const config of tasks) {
      const { prepared } = await prepareOfRun(run, config);
      const samples = samplesOf(run, config.task);
      const filters = new Set(samples.map(({ filter }) => filter)).size;
      assert.equal(prepared.length * filters, samples.length, config.task);
      for (const [i, { requests, hashes: own, target, document }] of prepared.entries()) {
        const sample = samples[i];
        const where = `${config.task} ${i}`;
        const found = Object.fromEntries(
          requests.map((request, at) => [
            `gen_args_${at}`,
            Object.fromEntries(argumentsOf(request).map((argument, j) => [`arg_${j}`, argument])),
          ]),
        );
        assert.deepEqual(plainNumbers(found), plainNumbers(sample.arguments), where);
        assert.deepEqual(document, sample.doc, where);
        assert.equal(pythonText(target), sample.target, where);
        assert.equal(own.document, sample.doc_hash, where);
        assert.equal(own.prompt, sample.prompt_hash, where);
        assert.equal(own.target, sample.target_hash, where);
      }
      assert.equal(await taskHash(prepared, filters), hashes[config.task], config.task);
      assert.deepEqual(plainNumbers(config.dump), {
        ...configs[config.task],
        metadata: plainNumbers(config.metadata),
      });
    }
  });
}
