// Rows that are read when they are asked for, beside those that are kept.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PythonRandom } from "../statistics/python-random.ts";
import { isLargeJson, largeRows } from "./large-json.ts";
import { readRows } from "./read-rows.ts";
import { unifyColumns } from "./unify-columns.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-large-"));
after(() => rmSync(folder, { recursive: true }));

test("rows that are not kept are those that would be", async () => {
  const [a, b] = ["large-a.jsonl", "large-b.jsonl"].map((name) => join(folder, name));
  writeFileSync(a, '{"q": "甲", "n": 1}\r\n\n{"q": "𠮷", "n": 2.5}\n');
  writeFileSync(b, '  {"q": "丙", "extra": null}\n{"q": "end"}');
  const kept = unifyColumns([...(await readRows(a, "json")), ...(await readRows(b, "json"))]);
  const rows = await largeRows([a, b]);
  assert.equal(rows.length, 4);
  assert.deepEqual([...rows], kept);
  assert.deepEqual(rows.slice(1, 3), kept.slice(1, 3));
  assert.deepEqual(rows.at(-1), kept[3]);
  assert.equal(rows[4], undefined);
  assert.deepEqual(new PythonRandom(7).sample(rows, 2), new PythonRandom(7).sample(kept, 2));
  writeFileSync(b, '{"q": "丙"}\n\n[1]\n');
  await assert.rejects(largeRows([a, b]), /large-b\.jsonl, line 3 must be an object/);
  writeFileSync(b, Buffer.from([123, 34, 255]));
  await assert.rejects(largeRows([b]), /line 1: is not text in UTF-8/);
  assert.equal(await isLargeJson([a, b]), false);
});
