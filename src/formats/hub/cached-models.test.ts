// Listing and removing models of the Hub's cache folder: links, shared blobs, several commits.
//
// The folders are made as huggingface_hub makes them, and hold things that must never be touched.
//
// The folders are made as huggingface_hub makes them, and hold things that must never be touched.
import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, beforeEach, test } from "node:test";
import { is } from "../test-errors.ts";
import { listCachedModels, planRemoval, removeCachedModels } from "./cached-models.ts";

const root = mkdtempSync(join(tmpdir(), "baimo-cache-"));
after(() => rmSync(root, { recursive: true }));
const cache = join(root, "hub");
beforeEach(() => rmSync(cache, { recursive: true, force: true }));

const first = "1".repeat(40);
const second = "2".repeat(40);

/** Writes a repository: blobs by name and size, for each commit its files with their blobs, and the refs. */
function write(
  repo: string,
  what: {
    blobs: Record<string, number>;
    snapshots: Record<string, Record<string, string>>;
    refs?: Record<string, string>;
    link?: (blob: string, path: string) => void;
  },
): string {
  const home = join(cache, `models--${repo.replace("/", "--")}`);
  const file = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  for (const [name, size] of Object.entries(what.blobs))
    file(join(home, "blobs", name), new Uint8Array(size));
  for (const [commit, files] of Object.entries(what.snapshots)) {
    for (const [name, blob] of Object.entries(files)) {
      const path = join(home, "snapshots", commit, name);
      const target = join(home, "blobs", blob);
      mkdirSync(dirname(path), { recursive: true });
      (what.link ?? ((to, from) => symlinkSync(relative(dirname(from), to), from)))(target, path);
    }
  }
  for (const [ref, commit] of Object.entries(what.refs ?? {})) file(join(home, "refs", ref), commit);
  return home;
}

const quants = () =>
  write("someone/quants", {
    blobs: { a: 1000, b: 2000, c: 300, d: 10 },
    snapshots: {
      [first]: { "m-Q4_K_M.gguf": "a", "README.md": "d" },
      [second]: {
        "m-Q4_K_M.gguf": "a",
        "Q8_0/m-Q8_0-00001-of-00002.gguf": "b",
        "Q8_0/m-Q8_0-00002-of-00002.gguf": "c",
        "README.md": "d",
      },
    },
    refs: { main: second, "refs/pr/1": first },
  });

test("a folder that is not there holds no models", async () => {
  assert.deepEqual(await listCachedModels(cache), { models: [], totalSize: 0, unfinished: [] });
});

test("every quantisation of every commit is listed, other kinds of repositories are not", async () => {
  const home = quants();
  write("someone/folder", {
    blobs: { w: 500, x: 20, "y.incomplete": 70, "z.baimo.incomplete": 5 },
    snapshots: { [first]: { "model.safetensors": "w", "config.json": "x" } },
    refs: { main: first },
  });
  write("someone/pickled", {
    blobs: { w: 40 },
    snapshots: { [first]: { "pytorch_model.bin": "w" }, "not-a-commit": { "pytorch_model.bin": "w" } },
  });
  mkdirSync(join(cache, "datasets--someone--data", "snapshots", first), { recursive: true });
  mkdirSync(join(cache, ".locks"));
  const used = new Date("2026-03-01T12:00:00Z");
  for (const blob of ["b", "c"]) utimesSync(join(home, "blobs", blob), used, new Date("2026-01-01"));

  const { models, totalSize, unfinished } = await listCachedModels(cache);
  const shown = models.map(({ repo, quantisation, format, commit, refs, files, size }) =>
    [repo, quantisation ?? "-", format, commit[0], refs.join(), files.length, size].join(" "),
  );
  assert.deepEqual(shown.sort(), [
    "someone/folder - safetensors 1 main 2 520",
    "someone/pickled - torch 1  1 40",
    "someone/quants Q4_K_M gguf 1 refs/pr/1 1 1000",
    "someone/quants Q4_K_M gguf 2 main 1 1000",
    "someone/quants Q8_0 gguf 2 main 2 2300",
  ]);
  assert.equal(totalSize, 1000 + 2000 + 300 + 10 + 500 + 20 + 70 + 5 + 40, "shared blobs count once");
  assert.deepEqual(unfinished, [{ repo: "someone/folder", size: 75 }]);
  const q8 = models.find((model) => model.quantisation === "Q8_0")!;
  assert.equal(q8.lastUsed, used.getTime());
  assert.equal(q8.path, `${home}/snapshots/${second}/Q8_0/m-Q8_0-00001-of-00002.gguf`);
});

test("removing a quantisation leaves what others need", async () => {
  const home = quants();
  const removal = await planRemoval(cache, { repo: "someone/quants", quantisation: "q8_0" });
  assert.equal(removal.freed, 2300);
  assert.ok(existsSync(join(home, "blobs", "b")), "a plan deletes nothing");
  await removeCachedModels(removal);
  assert.deepEqual(readdirSync(join(home, "blobs")).sort(), ["a", "d"]);
  assert.deepEqual(
    readdirSync(join(home, "snapshots", second))
      .filter((name) => name !== "Q8_0")
      .sort(),
    ["README.md", "m-Q4_K_M.gguf"],
  );
  assert.equal(readFileSync(join(home, "snapshots", second, "m-Q4_K_M.gguf")).length, 1000);
  assert.equal(readFileSync(join(home, "refs", "main"), "utf8"), second);
});

test("removing a revision leaves the blobs that another one shares", async () => {
  const home = quants();
  const old = await planRemoval(cache, { repo: "someone/quants", revision: "refs/pr/1" });
  assert.equal(old.freed, 0);
  assert.deepEqual(
    old.models.map(({ commit }) => commit),
    [first],
  );
  await removeCachedModels(old);
  assert.equal(readFileSync(join(home, "snapshots", second, "m-Q4_K_M.gguf")).length, 1000);
  const [model] = (await listCachedModels(cache)).models.filter(({ commit }) => commit === first);
  assert.equal(model.format, "other", "its README is left");

  const rest = await planRemoval(cache, { repo: "someone/quants", revision: second });
  assert.equal(rest.freed, 3300);
});

test("removing the last model removes the repository, with its locks, its README and what was not finished", async () => {
  const home = quants();
  writeFileSync(join(home, "blobs", "e.baimo.incomplete"), new Uint8Array(50));
  mkdirSync(join(cache, ".locks", "models--someone--quants"), { recursive: true });
  writeFileSync(join(cache, ".locks", "models--someone--quants", "a.lock"), "");
  const removal = await planRemoval(cache, { repo: "someone/quants" });
  assert.deepEqual([removal.models.length, removal.freed, removal.unfinished], [3, 3360, 1]);
  await removeCachedModels(removal);
  assert.ok(!existsSync(home));
  assert.ok(!existsSync(join(cache, ".locks", "models--someone--quants")));
  assert.deepEqual((await listCachedModels(cache)).models, []);
});

test("an emptied commit goes with its ref", async () => {
  const home = write("someone/two", {
    blobs: { a: 1, b: 2 },
    snapshots: { [first]: { "m-Q4_0.gguf": "a" }, [second]: { "m-Q8_0.gguf": "b" } },
    refs: { main: first, other: second },
  });
  await removeCachedModels(await planRemoval(cache, { repo: "someone/two", quantisation: "Q4_0" }));
  assert.deepEqual(readdirSync(join(home, "snapshots")), [second]);
  assert.deepEqual(readdirSync(join(home, "refs")), ["other"]);
  assert.deepEqual(readdirSync(join(home, "blobs")), ["b"]);
});

test("hard links, where a file system has no others, count and go as links do", async () => {
  const home = write("someone/hard", {
    blobs: { a: 100, b: 200 },
    snapshots: {
      [first]: { "m-Q4_0.gguf": "a", "m-Q8_0.gguf": "b" },
      [second]: { "m-Q4_0.gguf": "a" },
    },
    link: linkSync,
  });
  assert.equal((await listCachedModels(cache)).totalSize, 300);
  const both = await planRemoval(cache, { repo: "someone/hard", quantisation: "Q8_0" });
  assert.equal(both.freed, 200);
  await removeCachedModels(both);
  assert.deepEqual(readdirSync(join(home, "blobs")), ["a"]);
  assert.equal(readFileSync(join(home, "snapshots", second, "m-Q4_0.gguf")).length, 100);
});

test("a link that leads out of the cache is removed, what it leads to is not", async () => {
  const outside = join(root, "precious.gguf");
  writeFileSync(outside, "x".repeat(77));
  mkdirSync(join(root, "precious"), { recursive: true });
  writeFileSync(join(root, "precious", "m-Q5_0.gguf"), "y");
  const home = write("someone/evil", {
    blobs: { a: 10 },
    snapshots: { [first]: { "m-Q8_0.gguf": "a" } },
    refs: { main: first },
  });
  const snapshot = join(home, "snapshots", first);
  symlinkSync(outside, join(snapshot, "m-Q4_0.gguf"));
  symlinkSync(join(root, "precious"), join(snapshot, "folder"));
  const { models } = await listCachedModels(cache);
  assert.deepEqual(models.map(({ quantisation }) => quantisation).sort(), ["Q4_0", "Q8_0"]);
  const link = await planRemoval(cache, { repo: "someone/evil", quantisation: "Q4_0" });
  assert.equal(link.freed, 0);
  await removeCachedModels(link);
  assert.ok(!existsSync(join(snapshot, "m-Q4_0.gguf")));
  await removeCachedModels(await planRemoval(cache, { repo: "someone/evil" }));
  assert.ok(!existsSync(home));
  assert.equal(readFileSync(outside, "utf8").length, 77);
  assert.equal(readFileSync(join(root, "precious", "m-Q5_0.gguf"), "utf8"), "y");
});

test("a blob that is a link into a store of all repositories frees nothing by itself", async () => {
  const store = join(cache, "blobs", "ab", "abcd");
  mkdirSync(dirname(store), { recursive: true });
  writeFileSync(store, new Uint8Array(900));
  const home = write("someone/shared", { blobs: {}, snapshots: {} });
  mkdirSync(join(home, "blobs"), { recursive: true });
  mkdirSync(join(home, "snapshots", first), { recursive: true });
  symlinkSync(relative(join(home, "blobs"), store), join(home, "blobs", "e"));
  for (const name of ["m-Q4_0.gguf"]) symlinkSync("../../blobs/e", join(home, "snapshots", first, name));
  symlinkSync("../../blobs/gone", join(home, "snapshots", first, "m-Q8_0.gguf"));
  const listing = await listCachedModels(cache);
  assert.deepEqual([listing.totalSize, listing.models[0].size], [900, 900]);
  const removal = await planRemoval(cache, { repo: "someone/shared", quantisation: "Q4_0" });
  assert.equal(removal.freed, 0);
  await removeCachedModels(removal);
  assert.throws(() => lstatSync(join(home, "blobs", "e")), /ENOENT/);
  assert.ok(existsSync(store));
});

test("what is not there, and what is being downloaded, is not removed", async () => {
  const home = quants();
  await assert.rejects(
    planRemoval(cache, { repo: "someone/quants", quantisation: "Q6_K" }),
    is(
      "request",
      /quants:Q6_K: is not in the cache.*of it there are someone\/quants:Q4_K_M, someone\/quants:Q8_0/,
    ),
  );
  await assert.rejects(planRemoval(cache, { repo: "no/one" }), is("request", /baimo list shows what is/));
  for (const repo of ["someone/../..", "../x", "a/b/c", "someone\\quants", "a"]) {
    await assert.rejects(planRemoval(cache, { repo }), is("request", /does not name a repository/));
  }
  const locks = join(cache, ".locks", "models--someone--quants");
  mkdirSync(locks, { recursive: true });
  writeFileSync(join(locks, "f.baimo.lock"), `${process.pid}\n${hostname()}\n`);
  await assert.rejects(planRemoval(cache, { repo: "someone/quants" }), is("request", /being downloaded/));
  const long = new Date(Date.now() - 600_000);
  utimesSync(join(locks, "f.baimo.lock"), long, long);
  assert.equal((await planRemoval(cache, { repo: "someone/quants" })).models.length, 3);
  assert.ok(existsSync(home));
});
