// The 21 tasks that are refused before a model is asked, or run with something said.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { BaimoError } from "../src/errors.ts";
import { prepareRun } from "../src/evaluate/prepare-run.ts";
import { scoreTask } from "../src/evaluate/score/score-task.ts";
import { beside, readJson, unlessBeside } from "./places.ts";

const skip = unlessBeside("evaluation", "lm_eval", "refused");
const folder = beside("evaluation", "lm_eval", "refused");

/** What each message must say. */
const SAYS: Readonly<Record<string, RegExp>> = {
  function_process_docs: /function_process_docs\.yaml: process_docs names the function clean of utils\.py/,
  function_metric: /function_metric\.yaml: metric_list\[0\]\.metric names the function score of utils\.py/,
  class: /class\.yaml: class names the function MyTask of task\.py/,
  yaml_booleans: /doc_to_choice .*YAML 1\.1 .*quote/,
  undefined_name: /doc_to_text "\{\{question\}\}" .*'question' is undefined.*columns are q, y/,
  choices_no_list: /doc_to_choice gave "Tom has a", which is no list/,
  unknown_key: /doc_to_txt is no key of a task; do you mean doc_to_text\?/,
  unknown_output_type: /multi_choice.*loglikelihood, multiple_choice, loglikelihood_rolling, generate_until/,
  unknown_filter: /is regexp; do you mean regex_pos\? The known filters are .*take_first/,
  unknown_metric: /is accuracy_of_mine\. The known metrics are acc, /,
  missing_split: /test_split is validation; the data has the splits test/,
  missing_file: /data_files names data\/nothing\.jsonl.*refused\/data\/nothing\.jsonl/,
  missing_include: /missing_include\.yaml includes .*nowhere\.yaml, and there is no such file/,
  include_cycle: /circle: .*include_cycle\.yaml -> .*include_cycle\.yaml/,
  too_many_shots: /3 shots need 4 documents where the document itself is left out, and the pool has 3/,
  empty_choice: /doc_to_choice has no text at 1/,
  no_room: /512 tokens leaves no room for the prompt in a context of 512/,
  no_documents: /there is no document/,
};
for (const { task, lm_eval, baimo } of existsSync(folder)
  ? readJson(beside("evaluation", "lm_eval", "refused", "cases.json"))
  : []) {
  test(task, { skip }, async () => {
    const prepare = () => prepareRun({ tasks: [task], includePaths: [folder] }, { contextLength: 512 });
    // Those that run count wrong documents.
    if (!/^(run|refuse or)/.test(baimo)) {
      await assert.rejects(prepare, (error: unknown) => {
        assert.ok(error instanceof BaimoError, String(error));
        assert.match(error.message, SAYS[task] ?? /./);
        return true;
      });
      return;
    }
    const { tasks } = await prepare();
    const [{ task: open, documents }] = tasks;
    const answered = documents.map((prepared, i) => ({
      prepared,
      answers: prepared.requests.map((_, choice) => [
        [choice === lm_eval.choices[i] ? -1 : -2, false] as const,
      ]),
    }));
    const { scores, labelsMissing } = scoreTask(open, answered, 0);
    for (const { metric, value } of scores) assert.equal(value, lm_eval.score[`${metric},none`]);
    assert.ok(labelsMissing > 0 && labelsMissing < 3, `${labelsMissing} labels are missing`);
  });
}
