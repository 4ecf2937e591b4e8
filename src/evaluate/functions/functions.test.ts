// Functions written anew against what Python gave; how a task's file finds them.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ModuleSource } from "../python/module-source.ts";
import type { Document } from "../tasks/document.ts";
import { loadYaml } from "../tasks/load-yaml.ts";
import { openTask } from "../tasks/open-task.ts";
import { readTaskConfig } from "../tasks/task-config.ts";
import { PORTS } from "./registry.ts";

const stored = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../../test/golden/evaluation-functions.json"), "utf8"),
);

/** Numbers to twelve digits: numpy adds in another order. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, item) =>
    typeof item === "number" ? Number(item.toPrecision(12)) : item,
  );

describe("functions of lm-evaluation-harness", () => {
  for (const { function: name, hash, documents, answers, expected } of stored.cases) {
    it(name, () => {
      const found = PORTS.get(hash);
      const port = found?.kind === "named" ? found.of(name.split(" ").at(-1)) : found;
      assert.ok(port, "it is registered");
      const given = stored.documents[documents];
      if (port.kind === "results") {
        const made = given.map((document: Document, i: number) =>
          port.run(document, stored.answers[answers][i]),
        );
        return assert.deepEqual(rounded(made), rounded(expected));
      }
      if (port.kind === "aggregation") return assert.deepEqual(rounded(port.run(given)), rounded(expected));
      const made = port.kind === "documents" ? port.run(given) : given.map(port.run);
      assert.equal(JSON.stringify(made), JSON.stringify(expected)); // the order of columns, too
    });
  }

  it("each has a case", () => {
    const tested = new Set(stored.cases.map(({ hash }: { hash: string }) => hash));
    assert.deepEqual(
      [...PORTS.keys()].filter((hash) => !tested.has(hash)),
      [],
    );
  });
});

const LAW = `from functools import partial


def process_docs(dataset, subject):
    # those of a subject
    return dataset.filter(lambda x: x["category"] == subject)


process_law = partial(process_docs, subject="law")
`;
const TASK = `task: law
dataset_path: json
test_split: test
process_docs: !function utils.process_law
output_type: generate_until
doc_to_text: question
doc_to_target: answer
`;

describe("a task that names a function", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-functions-"));
  after(() => rmSync(folder, { recursive: true }));
  const read = (python: string) => {
    writeFileSync(join(folder, "utils.py"), python);
    writeFileSync(join(folder, "law.yaml"), TASK);
    return readTaskConfig(loadYaml(join(folder, "law.yaml")), "law.yaml");
  };

  it("finds it by its source", () => {
    const config = read(LAW);
    const documents = ["law", "math"].map((category) => ({ category, question: category, answer: "A" }));
    assert.deepEqual(config.processDocs?.(documents), [documents[0]]);
    assert.equal(openTask(config, config.processDocs!(documents)).documents.length, 1);
    assert.equal(config.dump.process_docs, 'process_law = partial(process_docs, subject="law")\n');
  });

  it("refuses another source, by key, file, name and hash", () => {
    for (const python of [LAW.replace('"law"', '"lore"'), LAW.replace("==", "!=")]) {
      assert.throws(
        () => read(python),
        /law\.yaml: process_docs names the function process_law of utils\.py.*hash [0-9a-f]{16}/,
      );
    }
    assert.throws(() => read("x = 1\n"), /its source is not there/);
  });
});

describe("the source of a name", () => {
  it("is all that it names, in order, whatever else the file holds", () => {
    const text = `"""def a(): no"""
import re, os.path as p
x = """
def a(): not this
"""
@wrap(
    1)
def a(s):
    t = '''
b = 1
'''
    return b(s) + t


class Other: pass
def b(s):
    return re.sub("[(]", "", s)
`;
    const module = new ModuleSource(text);
    assert.equal(
      module.closure("a"),
      `import re, os.path as p
@wrap(
    1)
def a(s):
    t = '''
b = 1
'''
    return b(s) + t
def b(s):
    return re.sub("[(]", "", s)`,
    );
    assert.equal(module.closure("c"), undefined);
  });
});
