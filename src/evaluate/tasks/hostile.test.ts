// Tasks that are made to hurt: each ends with a BaimoError that names file and key, soon.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { prepareRun } from "../prepare-run.ts";
import { parseYaml } from "./yaml.ts";

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "baimo-hostile-"));
  writeFileSync(join(folder, "rows.jsonl"), '{"q": "a", "y": 0}\n{"q": "b", "y": 1}\n');
});
after(() => rmSync(folder, { recursive: true }));

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BaimoError, String(error));
  assert.match(error.message, pattern);
  return true;
};

test("YAML 1.1 as PyYAML reads it", () => {
  const text =
    "a: yes\nb: 1e-7\nc: 1.0e-7\nd: 010\ne: 1:30\nf: y\ng: !function u.f\nh: 1.0\ni: 'x\ny'\nj: [0x1F, ~]\n";
  const { g, h, ...others } = parseYaml(text, "x.yaml") as Record<string, unknown>;
  assert.deepEqual(others, { a: true, b: "1e-7", c: 1e-7, d: 8, e: 90, f: "y", i: "x y", j: [31, null] });
  assert.deepEqual(h, Object(1));
  assert.equal(JSON.stringify(g), '{"name":"u.f","folder":""}');
});

test("YAML that grows, nests or names Python's objects", () => {
  const bomb = Array.from({ length: 9 }, (_, i) =>
    i === 0
      ? "a0: &a0 [x, x, x, x]"
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
  ).join("\n");
  assert.throws(() => parseYaml(bomb, "bomb.yaml"), refused(/^bomb\.yaml is not YAML that a task can be/));
  assert.throws(() => parseYaml("a: &a {b: [*a]}", "self.yaml"), refused(/\*a stands in what it names/));
  assert.throws(() => parseYaml("[".repeat(50_000), "deep.yaml"), refused(/^deep\.yaml/));
  assert.throws(
    () => parseYaml("a: !!python/object/apply:os.system [ls]", "py.yaml"),
    refused(/Unresolved tag/),
  );
});

const BASE = {
  dataset_path: "json",
  dataset_kwargs: { data_files: { test: "rows.jsonl" } },
  test_split: "test",
  output_type: "multiple_choice",
  doc_to_text: "{{q}}",
  doc_to_choice: ["one", "two"],
  doc_to_target: "y",
};
const CASES: [name: string, changes: Record<string, unknown>, says: RegExp][] = [
  [
    "loops",
    { doc_to_text: "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}" },
    /runs too long/,
  ],
  [
    "grows",
    { doc_to_text: "{% set x = q * 9000000 %}{{ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x }}" },
    /makes too much|writes too much/,
  ],
  ["prints-nothing", { doc_to_text: "{{ q.nothing }}" }, /has no attribute 'nothing'/],
  ["syntax", { doc_to_text: "{{ q" }, /doc_to_text "\{\{ q" cannot be rendered/],
  [
    "bad-regex",
    { filter_list: [{ name: "a", filter: [{ function: "regex", regex_pattern: "(" }] }] },
    /lacks a \)/,
  ],
  ["wrong-kind", { num_fewshot: "three" }, /num_fewshot must be a whole number but is "three"/],
  ["no-sampler", { fewshot_config: { sampler: "balanced" } }, /known ones are default, first_n/],
  ["repeats-much", { repeats: 1e9 }, /repeats is 1000000000; at most 10000/],
  ["includes-folder", { include: "." }, /includes .*, and there is no such file/],
  ["unsafe", { unsafe_code: true }, /runs Python that a model writes/],
];
for (const [task, changes, says] of CASES) {
  test(`a task that ${task}`, async () => {
    // JSON is YAML
    writeFileSync(join(folder, `${task}.yaml`), JSON.stringify({ task, ...BASE, ...changes }));
    await assert.rejects(prepareRun({ tasks: [task], includePaths: [folder] }), refused(says));
  });
}

test("groups that hold themselves, and names that nothing has", async () => {
  writeFileSync(join(folder, "round.yaml"), "group: round\ntask: [square]\n");
  writeFileSync(join(folder, "square.yaml"), "group: square\ntask: [round]\n");
  const run = (tasks: string[]) => prepareRun({ tasks, includePaths: [folder] });
  await assert.rejects(run(["round"]), refused(/nest more than 20 deep, or in a circle/));
  await assert.rejects(run(["lops"]), refused(/no task, group or tag is named lops; do you mean loops\?/));
  await assert.rejects(run([]), refused(/no task is named/));
});
