// Pulling models from a local server that speaks the Hub's API and breaks off on purpose.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { is } from "../test-errors.ts";
import { listCachedModels } from "./cached-models.ts";
import { pullModel } from "./hub.ts";
import { pullDataset } from "./pull-dataset.ts";
import type { PullOptions, PullProgress } from "./pull-options.ts";

const cacheFolder = mkdtempSync(join(tmpdir(), "baimo-hub-"));
after(() => rmSync(cacheFolder, { recursive: true }));

// --- what the server has ---

const commit = "0123456789abcdef0123456789abcdef01234567";
/** What the tag v2 means. */
const commitOfTag = "fedcba9876543210fedcba9876543210fedcba98";
const random = createRandom(20243);
const gguf = readFileSync("test/golden/gguf/llama-q4_0.gguf");
const large = Buffer.from(Uint8Array.from({ length: 3_000_000 }, () => random.integer(256)));
const family = (name: string) => readFileSync(`test/golden/families/llama/${name}`);
const repositories: Record<string, Record<string, Buffer>> = {
  "someone/quants": {
    "README.md": Buffer.from("hello"),
    "m-Q4_K_M.gguf": gguf,
    "m-Q8_0.gguf": large,
    "sub dir/m-Q2_K.gguf": large,
  },
  "someone/folder": {
    "config.json": family("config.json"),
    "model.safetensors": family("model.safetensors"),
    "tokenizer.json": Buffer.from("{}"),
    "pytorch_model.bin": large,
  },
  "someone/large": { "only-BF16.gguf": large },
  "someone/shards": {
    "config.json": readFileSync("test/golden/families/mistral/config.json"),
    ...Object.fromEntries(
      readdirSync("test/golden/torch/mistral").map((name) => [
        name,
        readFileSync(`test/golden/torch/mistral/${name}`),
      ]),
    ),
    "training_args.bin": large,
  },
  "someone/poems": {
    "README.md": Buffer.from("---\nlicense: mit\n---\n"),
    "train.jsonl": large,
    "test.jsonl": Buffer.from('{"a": 1}\n'),
  },
  "someone/wrong": { "only-Q8_0.gguf": large },
  "someone/evil": { "../../escape-Q8_0.gguf": gguf },
};

/** Files below this many bytes are kept in Git itself, with another kind of checksum. */
const LFS_FROM = 1000;

function describe(path: string, bytes: Buffer, repo: string): object {
  const gitHash = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const sha256 = createHash("sha256")
    .update(repo === "someone/wrong" ? "other content" : bytes)
    .digest("hex");
  const lfs = bytes.length >= LFS_FROM ? { lfs: { oid: sha256, size: bytes.length, pointerSize: 134 } } : {};
  return { type: "file", path, size: bytes.length, oid: gitHash, ...lfs };
}

/** What the server tells of each repository's files. */
const listings = new Map(
  Object.entries(repositories).map(([repo, files]) => [
    repo,
    Object.entries(files).map(([path, bytes]) => describe(path, bytes, repo)),
  ]),
);

/** Where a listing says that it goes on, and whether it never ends. */
let listingHost: string | undefined;
let endless = false;
/** Bytes after which the connection of each download is cut; 0 cuts none. */
let cutAfter = 0;
let reachable = true;
/** Requests for lists of files. */
let asked = 0;
/** Answers requests for bytes of the small files, which Git keeps, with the whole of them. */
let rangesForAll = true;
const ranges: string[] = [];
let server: Server;
let endpoint: string;

before(async () => {
  server = createServer((request, response) => {
    if (!reachable) return request.socket.destroy();
    const json = (status: number, body: unknown, headers = {}) =>
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));
    const url = new URL(request.url!, endpoint);
    // A dataset's repository is served as a model's of that name.
    const path = decodeURIComponent(url.pathname).replace(/^(\/api)?\/datasets\//, (_, api) =>
      api ? "/api/models/" : "/",
    );
    const repo = Object.keys(repositories).find((name) => `${path}/`.includes(`/${name}/`)) ?? "";
    if (path === "/api/models/someone/gated/revision/main") return json(403, { error: "gated" });
    if (path === "/api/models/someone/odd/revision/main") return response.end("<html>");
    if (!repo) return json(404, { error: "Repository not found" });
    const files = Object.entries(repositories[repo]);
    const revision = new RegExp(`^/api/models/${repo}/revision/(main|v2|${commit})$`).exec(path)?.[1];
    if (revision) {
      asked++;
      return json(200, {
        _id: "1",
        id: repo,
        sha: revision === "v2" ? commitOfTag : commit,
        private: false,
        downloads: 1,
        gated: false,
        likes: 1,
        lastModified: "2025-01-01T00:00:00Z",
      });
    }
    if (path === `/api/models/${repo}/tree/${commit}` || path === `/api/models/${repo}/tree/${commitOfTag}`) {
      assert.equal(url.searchParams.get("recursive"), "true");
      // Two pages, as the Hub gives long lists.
      const half = Math.ceil(files.length / 2);
      const first = !url.searchParams.has("cursor");
      const page = listings.get(repo)!.slice(first ? 0 : half, first ? half : files.length);
      const next = `<${listingHost ?? endpoint}${request.url}&cursor=2>; rel="next"`;
      return json(200, page, first || endless ? { link: next } : {});
    }
    const bytes = files.find(
      ([name]) =>
        path === `/${repo}/resolve/${commit}/${name}` || path === `/${repo}/resolve/${commitOfTag}/${name}`,
    )?.[1];
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (!bytes || from === undefined) return json(404, { error: "Entry not found" });
    ranges.push(
      `${path.slice(path.lastIndexOf("/") + 1)} ${from} ${request.headers.authorization ?? ""}`.trim(),
    );
    assert.equal(request.headers["accept-encoding"], "identity");
    if (!rangesForAll && bytes.length < LFS_FROM) return response.end(bytes);
    const end = Math.min(Number(to), bytes.length - 1);
    const body = bytes.subarray(Number(from), end + 1);
    response.writeHead(206, {
      "content-range": `bytes ${from}-${end}/${bytes.length}`,
      "content-length": body.length,
    });
    if (cutAfter === 0 || body.length <= cutAfter) response.end(body);
    else response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 30));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  listingHost = undefined;
  endless = false;
  cutAfter = 0;
  reachable = true;
  rangesForAll = true;
  asked = 0;
  ranges.length = 0;
});

const pull = (spec: string, options: Partial<PullOptions> = {}) =>
  pullModel(spec, { cacheFolder, endpoint, retry: { attempts: 3, waitMs: 1 }, ...options });

// --- pulling ---

test("the token goes to the Hub's own origin alone, wherever a listing goes on", async () => {
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(`${request.url?.includes("cursor=2")} ${request.headers.authorization ?? "no token"}`);
    response.setHeader("content-type", "application/json");
    response.end("[]");
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  listingHost = `http://localhost:${(other.address() as AddressInfo).port}`;
  try {
    await pull("hf:someone/folder", { token: "hf_secret" }).catch(() => {});
    assert.deepEqual(seen, ["true no token"]);
  } finally {
    other.close();
  }
});

test("a listing without an end is given up", async () => {
  endless = true;
  await assert.rejects(pull("hf:someone/folder"), { code: "format", message: /has no end/ });
});

test("a token that no header can hold is refused, and in no message", async () => {
  await assert.rejects(pull("hf:someone/quants", { token: "hf_secret\n1" }), (error: Error) => {
    assert.ok(error instanceof BaimoError && error.code === "request");
    assert.match(error.message, /pullModel: token is a string that is no token/);
    assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hf_secret/);
    return true;
  });
});

test("a GGUF file comes into the cache under its commit, and only once", async () => {
  const steps: PullProgress[] = [];
  const path = await pull("hf:someone/quants", {
    onProgress: (step) => steps.push({ ...step }),
    token: "hf_abc",
  });
  assert.equal(path, `${cacheFolder}/models--someone--quants/snapshots/${commit}/m-Q4_K_M.gguf`);
  assert.deepEqual(readFileSync(path), gguf);
  assert.deepEqual(ranges, ["m-Q4_K_M.gguf 0 Bearer hf_abc"]);
  assert.deepEqual(steps.at(-1), {
    file: "m-Q4_K_M.gguf",
    done: gguf.length,
    total: gguf.length,
    doneOfAll: gguf.length,
    totalOfAll: gguf.length,
  });
  assert.ok(steps.every((s, i) => i === 0 || s.done >= steps[i - 1].done));
  assert.equal(readFileSync(`${cacheFolder}/models--someone--quants/refs/main`, "utf8"), commit);
  const checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, "gguf");
  await checkpoint.close();
  assert.equal(await pull("hf:someone/quants@main"), path);
  assert.equal(await pull(`hf:someone/quants:q4_k_m@${commit}`), path);
  assert.equal(ranges.length, 1, "nothing is downloaded again");
});

test("a folder of safetensors comes with its configuration, and without the pickle", async () => {
  const path = await pull("hf:someone/folder");
  assert.deepEqual(readdirSync(path).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
  const checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, "safetensors");
  assert.ok(await checkpoint.folder!.read("config.json"));
  await checkpoint.close();
});

test("shards of PyTorch files come with their index where there are no safetensors", async () => {
  const path = await pull("hf:someone/shards");
  assert.deepEqual(readdirSync(path).sort(), [
    "config.json",
    "pytorch_model-00001-of-00002.bin",
    "pytorch_model-00002-of-00002.bin",
    "pytorch_model.bin.index.json",
  ]);
  const checkpoint = await openCheckpoint(path);
  assert.equal(checkpoint.format, "torch");
  assert.equal(checkpoint.tensors.size, 21);
  await checkpoint.close();
});

test("a tag is a snapshot of its own, and shares the blobs", async () => {
  const path = await pull("hf:someone/quants@v2");
  assert.equal(path, `${cacheFolder}/models--someone--quants/snapshots/${commitOfTag}/m-Q4_K_M.gguf`);
  assert.equal(ranges.length, 0, "the bytes were here already");
  assert.equal(readFileSync(`${cacheFolder}/models--someone--quants/refs/v2`, "utf8"), commitOfTag);
  assert.deepEqual(readFileSync(path), gguf);
  reachable = false;
  assert.equal(await pull("hf:someone/quants@v2"), path);
});

test("a server that knows no ranges for small files will do, and they are begun anew", async () => {
  rangesForAll = false;
  const elsewhere = mkdtempSync(join(tmpdir(), "baimo-hub-"));
  const blobs = join(elsewhere, "models--someone--folder", "blobs");
  const { oid } = describe("config.json", family("config.json"), "someone/folder") as { oid: string };
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, `${oid}.baimo.incomplete`), "{");
  const path = await pull("hf:someone/folder", { cacheFolder: elsewhere });
  assert.deepEqual(readFileSync(join(path, "config.json")), family("config.json"));
  rmSync(elsewhere, { recursive: true });
});

test("a download that breaks off goes on, within one pull and in the next", async () => {
  cutAfter = 400_000;
  // The first pull is stopped by its user in the middle.
  const controller = new AbortController();
  const stop = ({ done }: PullProgress) => done > 1_500_000 && controller.abort();
  await assert.rejects(
    pull("hf:someone/large", {
      signal: controller.signal,
      onProgress: stop,
      retry: { attempts: 20, waitMs: 1 },
    }),
    is("aborted", /aborted/),
  );
  const blobs = `${cacheFolder}/models--someone--large/blobs`;
  const [partial] = readdirSync(blobs);
  assert.match(partial, /^[0-9a-f]{64}\.baimo\.incomplete$/);
  const kept = statSync(join(blobs, partial)).size;
  assert.ok(kept > 1_500_000 && kept < large.length, String(kept));
  assert.ok(ranges.length > 3, "it went on after the connection was cut");

  ranges.length = 0;
  const path = await pull("hf:someone/large", { retry: { attempts: 20, waitMs: 1 } });
  assert.equal(ranges[0], `only-BF16.gguf ${kept}`);
  assert.deepEqual(readFileSync(path), large);
  assert.equal(readdirSync(blobs).length, 1);
});

test("what does not match its checksum is deleted and refused", async () => {
  await assert.rejects(
    pull("hf:someone/wrong"),
    is("format", /only-Q8_0.gguf: its sha256 should be [0-9a-f]{64}, but .*pull again/),
  );
  assert.deepEqual(readdirSync(`${cacheFolder}/models--someone--wrong/blobs`), []);

  // What an earlier attempt left is hashed as well.
  const folder = `${cacheFolder}/models--someone--quants`;
  const sha = createHash("sha256").update(large).digest("hex");
  writeFileSync(`${folder}/blobs/${sha}.baimo.incomplete`, "not what was there");
  await assert.rejects(pull("hf:someone/quants:Q8_0"), is("format", /sha256 should be/));
  const path = await pull("hf:someone/quants:Q8_0");
  assert.deepEqual(readFileSync(path), large);
  // A blob cut short, as after a crash of the machine, is fetched again.
  truncateSync(`${folder}/blobs/${sha}`, 100);
  assert.deepEqual(readFileSync(await pull("hf:someone/quants:Q8_0")), large);
});

test("a file in a folder of the repository keeps its place", async () => {
  const path = await pull("hf:someone/quants:Q2_K");
  assert.ok(path.endsWith(`${commit}/sub dir/m-Q2_K.gguf`));
  assert.deepEqual(readFileSync(path), large);
});

test("names that lead out of the folder are never fetched", async () => {
  await assert.rejects(pull("hf:someone/evil"), is("request", /neither .gguf nor/));
  assert.deepEqual(ranges, []);
  assert.ok(!existsSync(join(cacheFolder, "escape-Q8_0.gguf")));
});

test("what is already here opens without the Hub", async () => {
  const path = await pull("hf:someone/quants:Q4_K_M");
  const folder = await pull("hf:someone/folder");
  reachable = false;
  assert.equal(await pull("hf:someone/quants:Q4_K_M"), path);
  assert.equal(await pull(`hf:someone/quants:Q4_K_M@${commit}`), path);
  assert.equal(await pull("hf:someone/folder"), folder);
  await assert.rejects(pull("hf:someone/never"), is("request", /could not be reached; is the network up/));
});

test("offline the Hub is not asked, and what is missing is told", async () => {
  const path = await pull("hf:someone/quants:Q4_K_M");
  asked = 0;
  assert.equal(await pull("hf:someone/quants:Q4_K_M", { offline: true }), path);
  assert.equal(await pull("hf:someone/quants:m-q4_k_m.gguf", { offline: true }), path);
  await assert.rejects(
    pull("hf:someone/never", { offline: true }),
    is("request", /hf:someone\/never: is not in the cache .* may not be asked \(HF_HUB_OFFLINE\)/),
  );
  await assert.rejects(
    pull("hf:someone/quants:Q6_K", { offline: true }),
    is("request", /has no Q6_K.*there are .*Q4_K_M.* \(of the files in the cache; the Hub was not reached\)/),
  );
  assert.equal(asked, 0);
  // A link whose blob was deleted is no file.
  const elsewhere = mkdtempSync(join(tmpdir(), "baimo-hub-"));
  const link = await pull("hf:someone/quants:Q4_K_M", { cacheFolder: elsewhere });
  rmSync(realpathSync(link));
  await assert.rejects(
    pull("hf:someone/quants:Q4_K_M", { cacheFolder: elsewhere, offline: true }),
    is("request", /is not in the cache/),
  );
  rmSync(elsewhere, { recursive: true });
});

test("the Hub's own library reads what was pulled, and a snapshot without its ref is found", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "baimo-hub-"));
  const path = await pull("hf:someone/quants:Q4_K_M", { cacheFolder: elsewhere });
  await pull("hf:someone/folder", { cacheFolder: elsewhere });
  const { scanCacheDir } = await import("@huggingface/hub");
  const { repos, size, warnings } = await scanCacheDir(elsewhere);
  assert.deepEqual(warnings, []);
  assert.equal(size, (await listCachedModels(elsewhere)).totalSize);
  const quants = repos.find(({ id }) => id.name === "someone/quants")!;
  assert.deepEqual(
    quants.revisions.map(({ commitOid, refs, files }) => [commitOid, refs, files.map((file) => file.path)]),
    [[commit, ["main"], [path]]],
  );
  rmSync(join(elsewhere, "models--someone--quants", "refs"), { recursive: true });
  assert.equal(await pull("hf:someone/quants", { cacheFolder: elsewhere, offline: true }), path);
  const other = pull("hf:someone/quants@v2", { cacheFolder: elsewhere, offline: true });
  await assert.rejects(other, is("request", /is not in the cache/));
  rmSync(elsewhere, { recursive: true });
});

// --- two at once ---

test("of two pulls of one file one downloads and the other waits", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "baimo-hub-"));
  const seen: number[] = [];
  cutAfter = 1_000_000;
  const [a, b] = await Promise.all(
    [0, 1].map(() =>
      pull("hf:someone/large", {
        cacheFolder: elsewhere,
        lock: { pollMs: 5 },
        onProgress: ({ done }) => seen.push(done),
      }),
    ),
  );
  assert.equal(a, b);
  assert.deepEqual(readFileSync(a), large);
  // What was on its way when the connection was cut is asked for again, but one of the two asks.
  const starts = ranges.map((range) => Number(range.split(" ")[1]));
  assert.ok(starts.length >= 3 && starts[0] === 0, starts.join());
  assert.ok(
    starts.every((start, i) => i === 0 || start > starts[i - 1]),
    starts.join(),
  );
  assert.ok(seen.includes(large.length));
  const locks = join(elsewhere, ".locks", "models--someone--large");
  assert.deepEqual(readdirSync(locks), []);
  rmSync(elsewhere, { recursive: true });
});

test("a lock whose holder is gone is broken; one that is held is waited for", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "baimo-hub-"));
  const locks = join(elsewhere, ".locks", "models--someone--large");
  const lock = join(locks, `${createHash("sha256").update(large).digest("hex")}.baimo.lock`);
  mkdirSync(locks, { recursive: true });
  const attempt = (more: Partial<PullOptions> = {}) =>
    pull("hf:someone/large", { cacheFolder: elsewhere, lock: { pollMs: 5 }, ...more });
  const again = () => rmSync(join(elsewhere, "models--someone--large"), { recursive: true, force: true });

  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(lock, `${pid}\n${hostname()}\n`); // a process that has ended
  await attempt();
  again();
  writeFileSync(lock, `1\nanother-machine\n`); // another machine's, not renewed for minutes
  utimesSync(lock, new Date(Date.now() - 300_000), new Date(Date.now() - 300_000));
  await attempt();
  again();
  writeFileSync(lock, ""); // whoever made it ended before it was filled
  utimesSync(lock, new Date(Date.now() - 10_000), new Date(Date.now() - 10_000));
  await attempt();
  again();
  // One that is held: by this process, and by another machine just now.
  for (const holder of [`${process.pid}\n${hostname()}\n`, "1\nanother-machine\n"]) {
    writeFileSync(lock, holder);
    ranges.length = 0;
    // While it waits it reports the other's progress.
    const waiting = new AbortController();
    let looks = 0;
    const onProgress = () => ++looks === 5 && waiting.abort();
    await assert.rejects(
      attempt({ signal: waiting.signal, onProgress }),
      is("aborted", /waiting for another download/),
    );
    assert.deepEqual(ranges, []);
    assert.equal(readFileSync(lock, "utf8"), holder, "it is still the other's");
  }
  setTimeout(() => rmSync(lock), 50);
  await attempt();
  rmSync(elsewhere, { recursive: true });
});

test("refusals of the Hub are told plainly", async () => {
  await assert.rejects(pull("hf:someone/absent"), is("request", /no such model, or no revision "main"/));
  await assert.rejects(
    pull("hf:someone/gated"),
    is("request", /terms must be accepted first; is a token set/),
  );
  await assert.rejects(pull("hf:someone/odd"), is("format", /does not answer as the Hub does/));
  await assert.rejects(pull("hf:someone/quants", { token: "abc" }), is("request", /does not begin with hf_/));
  await assert.rejects(
    pull("hf:someone/quants:Q5_K_M"),
    is("request", /has no Q5_K_M.*there are Q4_K_M, Q8_0, Q2_K/),
  );
  await assert.rejects(pull("hf:someone/quants", { signal: AbortSignal.abort() }), is("aborted", /./));
});

test("a dataset: its card and the files that are wanted", async () => {
  const choose = (names: readonly string[], card: string) => {
    assert.match(card, /license: mit/);
    return names.filter((name) => name.startsWith("test"));
  };
  const place = { cacheFolder, endpoint };
  const offline = { cacheFolder, offline: true };
  await assert.rejects(
    pullDataset("someone/poems", "main", choose, offline),
    is("request", /is not in the Hub's cache/),
  );
  const { folder, revision } = await pullDataset("someone/poems", "main", choose, place);
  assert.match(folder, new RegExp(`datasets--someone--poems/snapshots/${commit}$`));
  assert.equal(revision, commit);
  assert.equal(readFileSync(join(folder, "test.jsonl"), "utf8"), '{"a": 1}\n');
  const kept = await pullDataset("someone/poems", "main", choose, offline);
  assert.deepEqual([...kept.names].sort(), ["README.md", "test.jsonl"]); // train.jsonl was not wanted
  await assert.rejects(
    pullDataset("../..", "main", choose, place),
    is("request", /does not name a repository|no such/),
  );
});
