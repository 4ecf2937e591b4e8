// Scores of stored answers against lm-evaluation-harness: documents equal, aggregates within 1e-9.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreGroups } from "../src/evaluate/score/score-group.ts";
import type { Answer, AnsweredDocument, ScoredTask } from "../src/evaluate/score/score-task.ts";
import { scoreTask } from "../src/evaluate/score/score-task.ts";
import { openTask } from "../src/evaluate/tasks/open-task.ts";
import type { TaskConfig } from "../src/evaluate/tasks/task-config.ts";
import { resultsOf, runNames, type Sample, samplesOf, selectRun, settingsOf } from "./evaluation-runs.ts";
import { unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "lm_eval");

/** An answer as results files have it, which is texts. */
function answerOf(stored: string | [string, string], { outputType }: TaskConfig): Answer {
  if (Array.isArray(stored)) return [Number(stored[0]), stored[1] === "True"];
  return outputType === "loglikelihood_rolling" ? Number(stored) : stored;
}

function close(found: number, expected: number | "N/A", relative: number, what: string): void {
  if (expected === "N/A") return;
  assert.ok(
    Math.abs(found - expected) <= relative * Math.abs(expected) + 1e-300,
    `${what}: ${found}, expected ${expected}`,
  );
}

for (const run of skip ? ["none"] : runNames) {
  test(`scores of the run ${run}`, { skip }, () => {
    const { tasks, groups } = selectRun(run);
    const { results } = resultsOf(run);
    const scored = new Map<string, ScoredTask>();
    for (const config of tasks) {
      const samples: Sample[] = samplesOf(run, config.task);
      const filter = samples[0].filter;
      const answered: AnsweredDocument[] = samples
        .filter((sample) => sample.filter === filter)
        .map((sample) => ({
          prepared: { id: sample.doc_id, document: sample.doc },
          answers: sample.resps.map((all: (string | [string, string])[]) =>
            all.map((one) => answerOf(one, config)),
          ),
        }));
      const task = openTask(
        config,
        answered.map(({ prepared }) => prepared.document),
      );
      const found = scoreTask(task, answered, settingsOf(run).bootstrap_iters);
      scored.set(config.task, found);
      for (const [i, { filter: name, scores, filtered }] of found.samples.entries()) {
        const sample = samples[i];
        const where = `${config.task} ${sample.doc_id} ${name}`;
        assert.equal(name, sample.filter, where);
        assert.deepEqual(Object.keys(scores), sample.metrics, where);
        if (config.outputType === "generate_until") assert.deepEqual(filtered, sample.filtered_resps, where);
        for (const metric of sample.metrics) {
          // numpy's text of an array has eight digits
          if (metric !== "brier_score")
            assert.deepEqual(scores[metric], sample[metric], `${where} ${metric}`);
        }
      }
      for (const { metric, filter: name, value, error } of found.scores) {
        const relative = metric === "brier_score" ? 1e-6 : 1e-9;
        const expected = results[config.task];
        close(value, expected[`${metric},${name}`], relative, `${config.task} ${metric}`);
        const wanted = expected[`${metric}_stderr,${name}`];
        assert.equal(error === null, wanted === "N/A", `${config.task} ${metric} error`);
        if (error !== null) close(error, wanted, 1e-9, `${config.task} ${metric} error`);
      }
      assert.equal(found.scores.length * 2 + 3, Object.keys(results[config.task]).length, config.task);
    }
    for (const { group, count, scores } of scoreGroups(groups, scored)) {
      const expected = results[group.name];
      assert.equal(count, expected.sample_len);
      assert.equal(group.alias, expected.alias);
      for (const { metric, filter, value, error, count: size } of scores) {
        close(value, expected[`${metric},${filter}`], 1e-9, `${group.name} ${metric}`);
        close(
          error ?? Number.NaN,
          expected[`${metric}_stderr,${filter}`],
          1e-9,
          `${group.name} ${metric} error`,
        );
        assert.equal(size, expected.sample_count[`${metric},${filter}`]);
      }
      assert.equal(Object.keys(expected).length, 4 + 2 * scores.length);
    }
  });
}
