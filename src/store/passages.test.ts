// Passages: where files are cut, what each says of its place, and what a question finds first.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../test/places.ts";
import { createRandom } from "../random.ts";
import { openStore } from "./open-store.ts";
import { PassageSearch } from "./passage-search.ts";
import { cutFile } from "./passages.ts";
import { plainIndex } from "./plain-index.ts";

const file = (name: string, mediaType: string, text: string) => ({ name, mediaType, text });
const turned = () => new Promise<void>((resolve) => setImmediate(resolve));

test("files are cut at pages, headings and paragraphs", () => {
  const pages = cutFile(file("a.pdf", "application/pdf", "one\n\ftwo\n\f\n\ffour"));
  assert.deepEqual(
    pages.map(({ page, line, text }) => [page, line, text]),
    [
      [1, undefined, "one"],
      [2, undefined, "two"],
      [4, undefined, "four"],
    ],
  );
  const notes = `# Method\n\n${"word ".repeat(150)}\n\nmore\n\n## Result ##\nfine\n`;
  assert.deepEqual(
    cutFile(file("a.md", "text/markdown", notes)).map(({ heading, line }) => [heading, line]),
    [
      ["Method", 1],
      ["Method", 4],
      ["Result", 7],
    ],
  );
  const [script] = cutFile(file("a.py", "text/plain", "# no heading\nx = 1"));
  assert.deepEqual([script.heading, script.line], [undefined, 1]);
  const rows = Array.from({ length: 200 }, (_, i) => `${i},value ${i}`).join("\n");
  const table = cutFile(file("a.csv", "text/csv", `id,name\n${rows}`));
  assert.ok(table.length > 1 && table.every(({ text }) => text.startsWith("id,name\n")));
});

test("no passage is long, and none of the text is lost, whatever the lines are", () => {
  for (const unit of ["汉字，没有换行。", "no end", "Sentence one. "]) {
    const text = unit.repeat(900);
    const passages = cutFile(file("long.txt", "text/plain", text));
    assert.ok(passages.every((passage) => passage.text.length <= 1400));
    const flat = (given: string) => given.replace(/\s/g, "");
    assert.equal(flat(passages.map((passage) => passage.text).join("")), flat(text));
  }
  assert.deepEqual(cutFile(file("empty", "text/plain", " \n\n")), []);
});

test("a plain index ranks as SQLite's does: prose, Chinese, marks over letters, ends of words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-ranks-"));
  const store = await openStore(folder);
  try {
    const plain = new PassageSearch(plainIndex);
    const random = createRandom(7);
    const manual = readFileSync(join(root, "docs", "server.md"), "utf8");
    const vocabulary = (
      "rivers running relational Ångström naïve café 月亮 秋天 的 hopping hopefulness national yes year years singing " +
      "generalizations oscillators 42 x ΑΘΗΝΑ ёлка が 한국어 agreed plastered conflated triplicate controlling"
    ).split(" ");
    const words = (count: number) =>
      Array.from({ length: count }, () => vocabulary[Math.floor(random.uniform() ** 2 * vocabulary.length)]);
    const texts = Array.from({ length: 60 }, () => words(20 + random.integer(200)).join(" "));
    const files = [file("a.txt", "text/plain", texts.join("\n\n")), file("b.md", "text/markdown", manual)];
    const questions = [...manual.split("\n").slice(0, 40), "秋天的月亮", "???"];
    for (let i = 0; i < 60; i++) questions.push(words(1 + (i % 5)).join(i % 2 ? " " : ", "));
    for (const question of questions) {
      const [one, other] = [
        await store.passages.find(files, question, turned),
        await plain.find(files, question, turned),
      ];
      assert.deepEqual(other, one, question);
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});

test("a question finds what matches best, in Chinese too, and else the beginnings, the last file's first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-passages-"));
  const store = await openStore(folder);
  try {
    const about = (topic: string) => `${topic} ${"filler text ".repeat(90)}`;
    const topics = ["rivers", "mountains", "秋天的月亮", "violins"];
    const report = file("report.pdf", "application/pdf", topics.map(about).join("\n\f"));
    const notes = file("notes.txt", "text/plain", "Something else.");
    const first = async (question: string) => {
      const { matching, beginnings, passages } = await store.passages.find([report, notes], question, turned);
      assert.equal(new Set(beginnings).size, passages.length);
      const [best] = [...matching, ...beginnings];
      return [best.file, best.page];
    };
    assert.deepEqual(await first("Who plays the violin?"), ["report.pdf", 4]);
    assert.deepEqual(await first("月亮在哪里"), ["report.pdf", 3]);
    assert.deepEqual(await first(`"OR" NEAR( mountain*`), ["report.pdf", 2]);
    assert.deepEqual(await first("???"), ["notes.txt", undefined]);
    // More sets of files than are kept, asked at once and again: some go while they are made.
    const long = "word ".repeat(12_000);
    const sets = Array.from({ length: 12 }, (_, i) => [
      file(`${i}.txt`, "text/plain", `number ${i} ${long}`),
    ]);
    for (const round of [0, 1]) {
      const found = await Promise.all(sets.map((set) => store.passages.find(set, `number ${round}`, turned)));
      assert.deepEqual(
        found.map(({ matching }) => matching[0].file),
        sets.map(([{ name }]) => name),
      );
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});
