// Tasks whose answers are programs: run, scored by pass@k, stored, scored again, refused.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareRun } from "../prepare-run.ts";
import { readRun } from "../report/read-run.ts";
import { rescore } from "../rescore.ts";
import { runInFolder } from "../run-in-folder.ts";
import type { Subject } from "../subjects/subject.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-code-"));
after(() => rmSync(folder, { recursive: true }));
const ROWS = [
  { prompt: "function twice(x) {", test: "assert.equal(twice(3), 6);" },
  { prompt: "function half(x) {", test: "assert.equal(half(8), 4);" },
];
writeFileSync(join(folder, "js.jsonl"), ROWS.map((row) => JSON.stringify(row)).join("\n"));
const put = (changes: Record<string, unknown>) => {
  const task = {
    task: "js",
    dataset_path: "json",
    dataset_kwargs: { data_files: { test: "js.jsonl" } },
    test_split: "test",
    output_type: "generate_until",
    doc_to_text: "{{prompt}}",
    doc_to_target: "{{test}}",
    generation_kwargs: { until: ["\n}"], max_gen_toks: 64 },
    repeats: 2,
    code: { language: "javascript", program: "{{prompt}}{{answer}}\n}", seconds: 0.1 },
    metric_list: [{ metric: "pass@1" }, { metric: "pass@2" }],
  };
  writeFileSync(join(folder, "js.yaml"), JSON.stringify(Object.assign(task, changes)));
  return { tasks: ["js"], includePaths: [folder] };
};

/** Doubles, and halves the second time only. */
const subject: Subject = {
  name: "programmer",
  facts: {},
  countTokens: (text) => text.length,
  ask: async (questions) =>
    questions.map(({ request, repeat }) => {
      const isTwice = request.kind === "generate_until" && request.prompt.includes("twice");
      const answer = isTwice ? "\n  return 2 * x;" : repeat === 0 ? "\n  for (;;);" : "\n  return x / 2;";
      return { answer, cost: { promptTokens: 1, completionTokens: 1 } };
    }),
};

test("programs are run and scored, and scored again from the files", async () => {
  const settings = put({});
  const out = join(folder, "out");
  const options = { isChat: false, out, identity: "1", version: "0" };
  const { evaluation } = await runInFolder(await prepareRun(settings), subject, settings, options);
  const scoresOf = ({ tasks: [{ scored }] }: typeof evaluation) =>
    scored.scores.map(({ metric, value }) => [metric, value]);
  assert.deepEqual(scoresOf(evaluation), [
    ["pass@1", 0.75],
    ["pass@2", 1],
  ]);
  assert.deepEqual(scoresOf(await rescore(readRun(out), 0)), scoresOf(evaluation));
});

test("refused before a model is asked", async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ code: { language: "python" } }, /code\.language is python, which no sandbox in Node holds/],
    [{ code: { language: "lua" } }, /code\.language is "lua"; expected javascript/],
    [
      { code: { language: "javascript", second: 1 } },
      /code\.second is no key of a task; do you mean seconds/,
    ],
    [
      { code: { language: "javascript", seconds: 1e9 } },
      /code\.seconds is 1000000000; expected a number up to 60/,
    ],
    [{ metric_list: [{ metric: "pass@5" }] }, /pass@5, and repeats asks for 2 answers/],
    [{ metric_list: [{ metric: "acc" }] }, /programs are measured by pass@1/],
    [{ unsafe_code: true }, /runs Python that a model writes/],
  ];
  for (const [changes, says] of cases)
    await assert.rejects(prepareRun(put(changes)), (error: Error) => says.test(error.message), String(says));
});
