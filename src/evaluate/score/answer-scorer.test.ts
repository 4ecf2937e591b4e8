// A task that judges single answers: its prompt, its filters, its metric.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openAnswerScorer } from "./answer-scorer.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-scorer-"));
after(() => rmSync(folder, { recursive: true }));

test("a task's prompt, and its first score of an answer", () => {
  const path = join(folder, "sums.yaml");
  writeFileSync(
    path,
    "task: sums\ndataset_path: json\noutput_type: generate_until\ntest_split: test\n" +
      'doc_to_text: "{{a}} + {{b}} ="\ndoc_to_target: "{{a + b}}"\nmetric_list:\n  - metric: exact_match\n' +
      'filter_list:\n  - name: last\n    filter:\n      - function: regex\n        regex_pattern: "(\\\\d+)"\n' +
      "        group_select: -1\n      - function: take_first\n",
  );
  const scorer = openAnswerScorer(path, []);
  const row = { a: 2, b: 3 };
  assert.equal(scorer.prompt(row), "2 + 3 =");
  assert.equal(scorer.score(row, " it is 5."), 1);
  assert.equal(scorer.score(row, " 5, or 6"), 0);
  assert.throws(() => openAnswerScorer("sums", []), /sums/);
});
