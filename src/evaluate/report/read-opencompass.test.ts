// OpenCompass's own folders read as runs: every form of its files, beside ours, and what is no run.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { makeBoard } from "./board.ts";
import { compareRuns } from "./compare-runs.ts";
import { readRun, readRuns } from "./read-run.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-opencompass-files-"));
after(() => rmSync(folder, { recursive: true }));
const put = (path: string, value: unknown) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof value === "string" ? value : JSON.stringify(value, null, 4));
};
const numbered = (items: readonly unknown[]) => Object.fromEntries(items.map((item, i) => [i, item]));

/** The predictions of PPLInferencer and GenInferencer, as open-compass/opencompass a5acc4b writes them. */
function model(name: string, shift: number) {
  const at = `run/predictions/${name}`;
  const ppl = (i: number, label: string) => {
    const prompt = `例题\n问${i} 答案: ${label}`;
    return { "testing input": prompt, prompt, PPL: label === "AB"[(i + shift) % 2] ? 1.5 : 2.25, BPB: 0.1 };
  };
  put(
    `${at}/letters.json`,
    numbered(
      Array.from({ length: 6 }, (_, i) => ({
        "in-context examples": "例题",
        origin_prompt: `例题\n问${i} 答案: A`,
        "label: A": ppl(i, "A"),
        "label: B": ppl(i, "B"),
        prediction: "AB"[(i + shift) % 2],
        gold: "AB"[i % 2],
      })),
    ),
  );
  // A chat template: rounds; a large task in two parts.
  const chat = (i: number) => ({
    origin_prompt: [{ role: "HUMAN", prompt: `几加${i}？` }],
    prediction: `答案是 ${i + shift}。`,
    gold: String(i),
  });
  put(`${at}/sums_0.json`, numbered([0, 1].map(chat)));
  put(`${at}/sums_1.json`, numbered([2].map(chat)));
  put(`${at}/tmp_sums_2.json`, numbered([9].map(chat)));
  // AccEvaluator's details say no "correct".
  const detail = (i: number) => ({
    prompt: "",
    origin_prediction: "",
    predictions: String(i + shift),
    references: String(i),
  });
  put(`run/results/${name}/sums.json`, {
    accuracy: 0,
    details: { type: "GEN", ...numbered([0, 1, 2].map(detail)) },
  });
  // Evaluators of its own give a list.
  const plain = (i: number) => ({ origin_prompt: `说${i}`, prediction: "是", gold: "是" });
  put(`${at}/lists.json`, numbered([0, 1].map(plain)));
  const listed = (correct: boolean) => ({
    example_abbr: "x_0",
    pred: ["是"],
    answer: ["是"],
    correct: [correct],
  });
  put(`run/results/${name}/lists.json`, { accuracy: 50, details: [listed(true), listed(shift === 0)] });
  put(`${at}/undetailed.json`, numbered([plain(0)]));
  put(`run/results/${name}/undetailed.json`, { accuracy: 100 });
  put(`${at}/empty.json`, {});
}
model("大模型-chat", 0);
model("small", 1);

test("the runs of a folder, one for each model", () => {
  const [small, large] = readRuns(join(folder, "run"));
  assert.deepEqual([small.model, large.model], ["small", "大模型-chat"]);
  assert.deepEqual(
    large.tasks.map(({ name, documents }) => [name, documents.length]),
    [
      ["letters", 6],
      ["lists", 2],
      ["sums", 3],
    ],
  );
  const why = Object.fromEntries(large.left.map((one) => [one.task, one.why]));
  assert.match(why.undetailed, /does not say which answers are right .*--dump-eval-details/);
  assert.match(why.empty, /empty/);
  const board = makeBoard([small, large]);
  const scores = Object.fromEntries(
    board.rows.map(({ task, cells }) => [task, cells.map(({ score }) => score)]),
  );
  assert.deepEqual(scores, { letters: [0, 1], lists: [0.5, 1], sums: [0, 1] });
  assert.equal(board.left.length, 4);
  assert.equal(board.rows.find(({ task }) => task === "letters")?.asked, "PPL");
});

test("two of them compared by their places, and why", () => {
  const [a, b] = ["大模型-chat", "small"].map((name) => readRun(join(folder, "run", "predictions", name)));
  const { tasks, changed, settings } = compareRuns(a, b);
  assert.deepEqual(
    tasks.map(({ task, pairs, difference }) => [task, pairs, difference]),
    [
      ["letters", 6, 1],
      ["lists", 2, 0.5],
      ["sums", 3, 1],
    ],
  );
  const [letters, lists, sums] = tasks;
  assert.equal(letters.changes.answer.length, 6);
  assert.equal(lists.changes.extraction.length, 1);
  assert.equal(sums.changes.answer.length, 3);
  assert.equal(changed, 10);
  assert.deepEqual(settings, []); // its files say none
});

test("what is no run is refused, with what is expected", () => {
  put("nothing/readme.txt", "");
  put("broken/predictions/m/t.json", '{"0": {"prediction": ');
  put("broken2/results_1.json", "[]");
  put("odd/predictions/m/t.json", { 0: "text" });
  mkdirSync(join(folder, "bare", "predictions"), { recursive: true });
  put("emptied/results_1.json", {
    results: { a: {} },
    configs: { a: { task: "a", doc_to_text: "b", doc_to_target: "c" } },
  });
  put("emptied/samples_a_1.jsonl", "");
  const [emptied] = readRuns(join(folder, "emptied"));
  assert.deepEqual([emptied.tasks, emptied.left.length], [[], 1]);
  const cases: [string, RegExp][] = [
    ["nothing", /there is no run in it; expected the results_\*\.json/],
    ["missing", /there is no such folder/],
    ["nothing/readme.txt", /is a file/],
    ["broken", /t\.json is not JSON: at character/],
    ["broken2", /results_1\.json/],
    ["odd", /t\.json: 0/],
    ["bare", /there is no run in it/],
    ["run", /holds 2 runs, and one is wanted; give one of .*predictions.small/],
  ];
  for (const [name, message] of cases)
    assert.throws(
      () => readRun(join(folder, name)),
      (error) => error instanceof BaimoError && message.test(error.message),
      name,
    );
});
