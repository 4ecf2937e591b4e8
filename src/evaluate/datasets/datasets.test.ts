// Data of tasks against what `datasets` takes and gives; folders, the Hub's cache, what is missing.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { dumpJson } from "../python/values.ts";
import { readTaskConfig } from "../tasks/task-config.ts";
import { chooseFiles } from "./choose-files.ts";
import { type DataPlaces, loadDataset } from "./dataset.ts";
import { compileGlob } from "./glob.ts";
import { licenceWarning } from "./licence.ts";
import { readParquetRows } from "./parquet-rows.ts";

const stored = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../../test/golden/evaluation-data.json"), "utf8"),
);
const folder = mkdtempSync(join(tmpdir(), "baimo-datasets-"));
after(() => rmSync(folder, { recursive: true }));
const put = (name: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
};
const table = Buffer.from(stored.parquet, "base64");
const says = (pattern: RegExp) => (error: unknown) =>
  error instanceof BaimoError && pattern.test(error.message);

describe("what datasets takes and gives", () => {
  for (const { files, splits } of stored.folders) {
    it(`splits of ${files.join(" ")}`, () => {
      const chosen = chooseFiles(files, { configs: [] }, { config: null, where: "t.yaml" });
      const found = [...chosen.splits].map(([split, names]) => [split, names]);
      assert.deepEqual(Object.fromEntries(found), splits);
    });
  }

  it("patterns", () => {
    const { names, cases } = stored.globs;
    for (const { pattern, found } of cases) {
      const fits = compileGlob(pattern, "t.yaml");
      assert.deepEqual(names.filter(fits).sort(), found, pattern);
    }
    const long = compileGlob(`${"*a".repeat(400)}b`, "t.yaml");
    assert.equal(long("a".repeat(4000)), false);
  });

  it("values of Parquet", async () => {
    put("values.parquet", table);
    assert.equal(dumpJson(await readParquetRows(join(folder, "values.parquet"))), stored.rows);
  });
});

const CARD = `---
license: cc-by-nc-4.0
configs:
- config_name: zh
  data_files:
  - split: dev
    path: zh/dev.jsonl
  - split: test
    path: "zh/part-*.jsonl"
- config_name: en
  data_dir: en
---
# About
`;
const task = (changes: Record<string, unknown>) =>
  readTaskConfig(
    {
      task: "t",
      dataset_path: "someone/poems",
      test_split: "test",
      output_type: "generate_until",
      doc_to_text: "q",
      doc_to_target: "a",
      ...changes,
    },
    "t.yaml",
  );
const row = (q: string) => `{"q": "${q}", "a": "x"}\n`;
const commit = "0123456789abcdef0123456789abcdef01234567";

describe("a dataset of a task", () => {
  put("someone/poems/README.md", CARD);
  put("someone/poems/zh/dev.jsonl", row("dev"));
  put("someone/poems/zh/part-2.jsonl", row("two"));
  put("someone/poems/zh/part-1.jsonl", row("one"));
  put("someone/poems/en/test-00000-of-00001.parquet", table);
  const places: DataPlaces = { folders: [folder] };

  it("is a folder with a card", async () => {
    const { splits, names, source } = await loadDataset(task({ dataset_name: "zh" }), places);
    assert.deepEqual(splits.get("test"), [
      { q: "one", a: "x" },
      { q: "two", a: "x" },
    ]);
    assert.deepEqual(names, ["dev", "test"]);
    assert.equal(splits.has("dev"), false); // nothing asks for it
    assert.equal(source.licence, "cc-by-nc-4.0");
    assert.match(licenceWarning(source.licence) ?? "", /not allow commercial use/);
    assert.equal(source.files.length, 2);
    assert.match(source.files[0].sha256, /^[0-9a-f]{64}$/);
  });

  it("has Parquet in a folder of its own", async () => {
    const { splits } = await loadDataset(task({ dataset_name: "en" }), places);
    assert.equal(splits.get("test")?.length, 3);
  });

  it("lies in the Hub's cache", async () => {
    const home = "hub/datasets--other--quiz";
    put(`${home}/refs/main`, commit);
    put(`${home}/snapshots/${commit}/data/test-00000-of-00002.parquet`, table);
    const hub = { cacheFolder: join(folder, "hub"), offline: true };
    const wanted = task({ dataset_path: "other/quiz" });
    await assert.rejects(
      loadDataset(wanted, { folders: [folder], hub }),
      says(/lacks data\/test-00001-of-00002\.parquet/),
    );
    put(`${home}/snapshots/${commit}/data/test-00001-of-00002.parquet`, table);
    const { splits, source } = await loadDataset(wanted, { folders: [folder], hub });
    assert.equal(splits.get("test")?.length, 6);
    assert.equal(source.revision, commit);
  });

  it("is refused by what is missing", async () => {
    const hub = { cacheFolder: join(folder, "hub"), offline: true };
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ dataset_name: "fr" }, /t\.yaml: dataset_name is "fr"; the dataset has zh, en/],
      [{}, /t\.yaml: dataset_name is null; the dataset has zh, en/],
      [{ dataset_path: "no/where" }, /no\/where \(revision main\) is not in the Hub's cache.*--download/],
      [{ dataset_path: "../poems" }, /there is no such folder/],
      [{ dataset_kwargs: { data_files: { test: "zh/none-*" } } }, /lacks zh\/none-\*/],
      [{ dataset_kwargs: { features: 1 } }, /dataset_kwargs\.features is not known here/],
    ];
    for (const [changes, pattern] of cases)
      await assert.rejects(loadDataset(task(changes), { folders: [folder], hub }), says(pattern));
  });
});
