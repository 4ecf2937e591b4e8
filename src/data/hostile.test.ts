// Damaged and hostile corpora: every failure is a BaimoError that names the file.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { BaimoError } from "../errors.ts";
import { createRandom } from "../random.ts";
import { cleanCorpus } from "./clean-corpus.ts";
import { dedupCorpus } from "./dedup-corpus.ts";
import { readDocuments } from "./documents/read-documents.ts";
import { GZIPPED_PARQUET, PARQUET } from "./test-parquet.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-corpus-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function readAll(path: string): Promise<string[]> {
  return (await collect(readDocuments([path]))).map(({ text }) => text);
}

const refused = (path: string, message: RegExp) =>
  assert.rejects(readAll(path), (error) => {
    assert.ok(error instanceof BaimoError, String(error));
    assert.match(error.message, message);
    return true;
  });

describe("what cannot be read is refused by its place", () => {
  it("JSON Lines", async () => {
    await refused(write("a.jsonl", '{"text": "a"}\n{"text": '), /a\.jsonl, line 2 is not JSON/);
    await refused(write("b.jsonl", "[1]"), /b\.jsonl, line 1 must be an object but is \[1\]/);
    await refused(write("c.jsonl", '{"txt": "a"}'), /line 1 has no "text"; it has "txt"/);
    await refused(write("d.jsonl", '{"text": 5}'), /"text" must be a text or lines of text but is 5/);
    await refused(write("e.jsonl", Uint8Array.of(0x7b, 0xff, 0xfe)), /line 1 or after: is not text in UTF-8/);
    await refused(write("f.jsonl", '{"__proto__": {"text": "x"}}'), /has no "text"/);
  });

  it("packed files, unknown ones, none", async () => {
    const packed = gzipSync('{"text": "a"}\n'.repeat(100));
    assert.equal((await readAll(write("a.jsonl.gz", packed))).length, 100);
    await refused(write("b.jsonl.gz", packed.subarray(0, 30)), /b\.jsonl\.gz: does not unpack/);
    await refused(write("c.jsonl.gz", "no gzip"), /c\.jsonl\.gz: does not unpack/);
    await refused(write("d.bin", "x"), /d\.bin: expected \.jsonl, \.parquet or \.txt/);
    await refused(join(folder, "none.jsonl"), /none\.jsonl: there is no such file/);
    await refused(write("e.parquet", "PAR1PAR1PAR1"), /e\.parquet: /);
  });

  it("Parquet: columns, lists of lines, another packing", async () => {
    const path = write("gzip.parquet", GZIPPED_PARQUET);
    const documents = await collect(readDocuments([path], { text: ["text", "lines"], id: "id" }));
    assert.deepEqual(documents, [
      { id: "a", text: "山高月小\n一\n二" },
      { id: "b", text: "水落石出\n三" },
      { id: "c", text: "a river\n" },
    ]);
    await assert.rejects(
      collect(readDocuments([path], { text: ["txt"], id: "id" })),
      /no column "txt"; it has id, text/,
    );
  });

  it("Parquet: 300 damaged copies of a file", async () => {
    assert.deepEqual(await readAll(write("good.parquet", PARQUET)), ["山高月小", "水落石出", "a river"]);
    const random = createRandom(19);
    for (let i = 0; i < 300; i++) {
      const bytes = Uint8Array.from(PARQUET);
      const changes = 1 + random.integer(4);
      for (let change = 0; change < changes; change++)
        bytes[random.integer(bytes.length)] = random.integer(256);
      const path = write(
        "damaged.parquet",
        random.integer(4) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes,
      );
      await readAll(path).catch((error) =>
        assert.ok(error instanceof BaimoError, `seed 19, copy ${i}: ${error?.stack}`),
      );
    }
  });
});

it("cleaning leaves no output behind where the input fails", async () => {
  const output = join(folder, "out.jsonl");
  const broken = write("broken.jsonl", '{"text": "a"}\nno');
  await assert.rejects(cleanCorpus([broken], { output, threads: 1 }), BaimoError);
  await assert.rejects(dedupCorpus([broken], { output, threads: 1 }), BaimoError);
  for (const path of [output, `${output}.partial`]) assert.throws(() => readFileSync(path), /ENOENT/);
});

it("one thread and two clean and dedup to the same bytes", async () => {
  const rows = Array.from({ length: 300 }, (_, i) => ({
    id: `d${i}`,
    text:
      i % 3 === 0
        ? `写信给 a${i}@example.com，电话13800138000。`
        : `第${i % 50}天，他又去了河边看水。`.repeat(9),
  }));
  const input = write("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const bytes = (path: string) => [readFileSync(path, "utf8"), readFileSync(`${path}.dropped.jsonl`, "utf8")];
  const run = async (threads: number) => {
    const [clean, dedup] = [join(folder, `clean${threads}.jsonl`), join(folder, `dedup${threads}.jsonl`)];
    const counts = await cleanCorpus([input], { output: clean, threads, quality: "none" });
    assert.deepEqual(counts, { documents: 300, kept: 300, dropped: {}, masked: 200 });
    const { kept, equal } = await dedupCorpus([clean], { output: dedup, threads });
    assert.ok(kept < 60 && equal > 100, `${kept}, ${equal}`);
    return [bytes(clean), bytes(dedup)];
  };
  assert.deepEqual(await run(2), await run(1));
  assert.match(readFileSync(join(folder, "clean1.jsonl"), "utf8"), /写信给 \[email\]，电话\[phone\]。/);
});
