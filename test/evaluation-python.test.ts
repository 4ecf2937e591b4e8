// lm-evaluation-harness and `datasets`, unmodified, on the files of a run, where installed.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareRun } from "../src/evaluate/prepare-run.ts";
import { runInFolder } from "../src/evaluate/run-in-folder.ts";
import type { Subject } from "../src/evaluate/subjects/subject.ts";
import { root } from "./places.ts";

const hasBoth = spawnSync("python3", ["-c", "import lm_eval, datasets"]).status === 0;
const skip = hasBoth ? false : "the packages lm_eval and datasets for Python are not installed";
const folder = mkdtempSync(join(tmpdir(), "baimo-python-"));
after(() => rmSync(folder, { recursive: true }));

const subject: Subject = {
  name: "by length",
  facts: {},
  countTokens: (text) => text.length,
  ask: async (questions) =>
    questions.map(({ request }) => {
      const length = request.kind === "loglikelihood" ? request.continuation.length : 0;
      return { answer: [-length / 3, false], cost: { promptTokens: 1, completionTokens: 0 } };
    }),
};

test("lm-evaluation-harness finds the samples, and datasets loads them", { skip }, async () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({
    q: `问 ${i} 𠮷`,
    a: i % 2,
    note: i % 3 ? null : "x",
  }));
  writeFileSync(join(folder, "rows.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const task = {
    task: "two_words",
    dataset_path: "json",
    dataset_kwargs: { data_files: { test: "rows.jsonl" } },
    test_split: "test",
    output_type: "multiple_choice",
    doc_to_text: "{{q}}",
    doc_to_choice: ["one", "three"],
    doc_to_target: "a",
  };
  writeFileSync(join(folder, "two_words.yaml"), JSON.stringify(task));
  const settings = { tasks: ["two_words"], includePaths: [folder] };
  const options = { isChat: false, out: join(folder, "out"), identity: "1", version: "0" };
  const run = await runInFolder(await prepareRun(settings), subject, settings, options);
  const script = join(root, "test", "read-samples.py");
  const env = Object.assign({}, process.env, { HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1" });
  const said = execFileSync("python3", [script, String(run.folder), join(folder, "cache")], { env });
  assert.deepEqual(String(said).trim().split("\n"), ["two_words 12 acc True", "two_words 12 acc_norm True"]);
});
