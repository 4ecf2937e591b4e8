// The packed-weight cache: the same bits; damage, change and a full disk do no harm.
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { load } from "../src/generate/load.ts";
import { golden } from "./places.ts";

describe("packed weights on disk", () => {
  const root = mkdtempSync(join(tmpdir(), "baimo-packed-"));
  const source = join(root, "model.gguf");
  copyFileSync(golden("gguf", "llama-kmix.gguf"), source);
  after(() => rmSync(root, { recursive: true, force: true }));

  const folder = join(root, "packed");
  const files = () => readdirSync(folder).sort();
  const logitsOf = async (packedCache?: { folder: string; maxBytes?: number; leastBytes?: number }) => {
    const model = await load(source, { threads: 2, contextLength: 64, packedCache });
    try {
      return (await model.logits([1, 50, 300, 7])).data;
    } finally {
      await model.dispose();
    }
  };
  const kept = { folder, leastBytes: 0 };

  it("are written once for each thread, and give the same bits when read", async () => {
    const expected = await logitsOf();
    assert.deepEqual(await logitsOf(kept), expected);
    assert.equal(files().length, 2);
    const written = files().map((name) => statSync(join(folder, name)).ino);
    assert.deepEqual(await logitsOf(kept), expected);
    assert.deepEqual(
      files().map((name) => statSync(join(folder, name)).ino),
      written,
    );
  });

  it("are packed anew where a byte is damaged, or the file is cut", async () => {
    const expected = await logitsOf();
    const [first, second] = files().map((name) => join(folder, name));
    const bytes = readFileSync(first);
    bytes[bytes.length >> 1] ^= 4;
    writeFileSync(first, bytes);
    writeFileSync(second, readFileSync(second).subarray(0, 1000));
    assert.deepEqual(await logitsOf(kept), expected);
    // The damaged file is gone; the cut one, of which nothing could be read, is whole again.
    assert.deepEqual(files(), [second.slice(folder.length + 1)]);
    assert.deepEqual(await logitsOf(kept), expected);
    assert.equal(files().length, 2);
  });

  it("are not those of a model that has changed since", async () => {
    const before = files();
    utimesSync(source, new Date(), new Date(Date.now() + 5000));
    await logitsOf(kept);
    assert.equal(files().length, before.length + 2);
  });

  it("are not those of another model of the same name, size and time", async () => {
    const { atime, mtime } = statSync(source);
    const other = readFileSync(source);
    const before = files();
    // A weight of the last tensor.
    other[other.length - 40] ^= 1;
    writeFileSync(source, other);
    utimesSync(source, atime, mtime);
    await logitsOf(kept);
    assert.equal(files().length, before.length + 2);
  });

  it("are removed, the oldest first, when the folder is full", async () => {
    const [{ length }] = files().map((name) => readFileSync(join(folder, name)));
    utimesSync(source, new Date(), new Date(Date.now() + 10_000));
    await logitsOf({ ...kept, maxBytes: 2.5 * length });
    assert.equal(files().length, 2);
  });

  it("are nowhere when the folder cannot be written, or holds less than one of them", async () => {
    const expected = await logitsOf();
    const blocked = join(root, "a file");
    writeFileSync(blocked, "");
    assert.deepEqual(await logitsOf({ folder: join(blocked, "packed"), leastBytes: 0 }), expected);
    const small = join(root, "small");
    assert.deepEqual(await logitsOf({ folder: small, leastBytes: 0, maxBytes: 1000 }), expected);
    assert.deepEqual(readdirSync(small), []);
  });
});
