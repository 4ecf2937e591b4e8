// `baimo pull`, `list` and `remove` against a local server that speaks the Hub's API.
//
// A killed download goes on, offline runs send no request, and removal asks first.
//
// A killed download goes on, offline runs send no request, and removal asks first.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { createRandom } from "../src/random.ts";
import { baimo, env, folder, launch, main, result, start, tiny } from "./baimo.ts";
import { golden } from "./places.ts";
import { until } from "./until.ts";

const commit = "c".repeat(40);
const random = createRandom(20246);
const large = Buffer.from(Uint8Array.from({ length: 1_500_000 }, () => random.integer(256)));
const files: Record<string, Record<string, Buffer>> = {
  "someone/tiny": { "tiny-Q8_0.gguf": readFileSync(tiny), "tiny-Q4_K_M.gguf": large },
  "someone/folder": Object.fromEntries(
    ["config.json", "model.safetensors"].map((name) => [name, readFileSync(golden("families", "yi", name))]),
  ),
};

let server: Server;
let requests: string[] = [];
/** Bytes of a file that are sent before the server sends no more. */
let sendsOnly = Number.POSITIVE_INFINITY;
let hub: NodeJS.ProcessEnv;

before(async () => {
  server = createServer((request, response) => {
    const path = new URL(request.url!, "http://hub").pathname;
    requests.push(path);
    const json = (body: unknown) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    const [, repo, rest] =
      /^\/(?:api\/models\/)?(someone\/\w+)\/(.*)$/.exec(path)?.map((part) => part ?? "") ?? [];
    const held = Object.entries(files[repo] ?? {});
    if (held.length === 0) return response.writeHead(404).end("{}");
    if (rest.startsWith("revision/")) {
      const counts = { downloads: 0, likes: 0, private: false, gated: false };
      return json({ ...counts, _id: "1", id: repo, sha: commit, lastModified: "2025-01-01T00:00:00Z" });
    }
    if (rest === `tree/${commit}`) {
      return json(
        held.map(([name, bytes]) => {
          const oid = createHash("sha256").update(bytes).digest("hex");
          const lfs = { oid, size: bytes.length, pointerSize: 134 };
          return { type: "file", path: name, size: bytes.length, oid: "0".repeat(40), lfs };
        }),
      );
    }
    const bytes = held.find(([name]) => rest === `resolve/${commit}/${name}`)?.[1];
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!bytes || !range) return response.writeHead(404).end("{}");
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
    requests.push(`from ${from}`);
    response.writeHead(206, { "content-range": `bytes ${from}-${to}/${bytes.length}` });
    if (bytes.length <= sendsOnly) response.end(bytes.subarray(from, to + 1));
    else response.write(bytes.subarray(from, sendsOnly)); // and no more
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
  sendsOnly = Number.POSITIVE_INFINITY;
  hub = {
    HF_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    HF_HUB_CACHE: mkdtempSync(join(folder, "hub-")),
  };
});

test("what was pulled is listed, runs offline, and is removed", async () => {
  for (const model of ["hf:someone/tiny:Q8_0", "hf:someone/tiny", "hf:someone/folder"]) {
    const { status, stderr } = await baimo(["pull", model], "", hub);
    assert.equal(status, 0, stderr);
  }
  const listed = JSON.parse((await baimo(["list", "--json"], "", hub)).stdout);
  assert.deepEqual(
    listed.models.map(({ name, format, refs, bytes }: Record<string, unknown>) => [
      name,
      format,
      refs,
      bytes,
    ]),
    [
      ["hf:someone/folder", "safetensors", ["main"], listed.models[0].bytes],
      ["hf:someone/tiny:Q4_K_M", "gguf", ["main"], large.length],
      ["hf:someone/tiny:Q8_0", "gguf", ["main"], statSync(tiny).size],
    ],
  );
  const table = (await baimo(["list"], "", hub)).stdout;
  assert.match(table, /^model +format +files +size +last used +revision\n/);
  assert.match(table, /hf:someone\/tiny:Q4_K_M +gguf +1 +1.43 MiB +\d{4}-\d\d-\d\d +main ccccccc\n/);
  assert.match(table, /\nhf:someone\/folder +safetensors +2 /);

  requests = [];
  const offline = { ...hub, HF_HUB_OFFLINE: "1" };
  const inspected = await baimo(["inspect", "hf:someone/tiny:Q8_0", "--json"], "", offline);
  assert.equal(inspected.status, 0, inspected.stderr);
  assert.equal(JSON.parse(inspected.stdout).tensors.length, 21);
  const ran = await baimo(
    ["run", "-m", "hf:someone/tiny:q8_0", "the", "-n", "2", "--seed", "1"],
    "",
    offline,
  );
  assert.equal(ran.status, 0, ran.stderr);
  const absent = await baimo(["run", "-m", "hf:someone/else", "the"], "", offline);
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /hf:someone\/else: is not in the cache .*HF_HUB_OFFLINE/);
  assert.deepEqual(requests, [], "offline nobody is asked");

  const unasked = await baimo(["remove", "hf:someone/tiny:Q4_K_M"], "", hub);
  assert.equal(unasked.status, 1);
  assert.match(unasked.stderr, /would remove hf:someone\/tiny:Q4_K_M .* free 1.43 MiB; .* give --yes/);
  const removed = await baimo(["remove", "hf:someone/tiny:Q4_K_M", "--yes"], "", hub);
  assert.equal(removed.stdout, "removed hf:someone/tiny:Q4_K_M (ccccccc); 1.43 MiB freed\n");
  const rest = await baimo(["remove", "someone/tiny", "-y", "--json"], "", hub);
  assert.equal(JSON.parse(rest.stdout).freedBytes, statSync(tiny).size);
  assert.deepEqual(
    readdirSync(hub.HF_HUB_CACHE!).filter((name) => name !== ".locks"),
    ["models--someone--folder"],
  );
  const again = await baimo(["remove", "someone/tiny", "--yes"], "", hub);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /someone\/tiny: is not in the cache/);
  const wrong = await baimo(["remove", "tiny"], "", hub);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /does not name a model on the Hub/);
});

test("a download that is killed goes on where it was, past the lock it left", async () => {
  sendsOnly = 1_200_000;
  const killed = start(["pull", "hf:someone/tiny"], hub);
  const blobs = join(hub.HF_HUB_CACHE!, "models--someone--tiny", "blobs");
  const partial = () => existsSync(blobs) && readdirSync(blobs).find((name) => name.endsWith(".incomplete"));
  const arrived = () => (partial() ? statSync(join(blobs, partial() as string)).size : 0);
  await until(() => arrived() >= sendsOnly || killed.exitCode !== null);
  assert.equal(killed.exitCode, null);
  const busy = await baimo(["remove", "someone/tiny", "--yes"], "", hub);
  assert.match(busy.stderr, /is being downloaded at this moment/);
  killed.kill("SIGKILL");
  await result(killed);
  const list = await baimo(["list"], "", hub);
  assert.match(list.stdout, /no models in .*\nnot finished: hf:someone\/tiny, 1.14 MiB so far/);

  sendsOnly = Number.POSITIVE_INFINITY;
  requests = [];
  const { status, stdout } = await baimo(["pull", "hf:someone/tiny"], "", hub);
  assert.equal(status, 0);
  assert.ok(requests.includes("from 1200000"), requests.join());
  assert.deepEqual(readFileSync(stdout.trim()), large);
});

const hasScript = spawnSync("script", ["--version"]).status === 0 && process.platform === "linux";
test("on a terminal remove asks, and takes only a yes", {
  skip: hasScript ? false : "needs util-linux's `script` for a pseudo-terminal",
}, async () => {
  const { stdout } = await baimo(["pull", "hf:someone/folder"], "", hub);
  const answer = async (text: string) => {
    const command = `'${process.execPath}' '${main}' remove someone/folder`;
    const child = launch("script", ["-qefc", command, "/dev/null"], {
      ...hub,
      TERM: "xterm",
      CI: "",
      SHELL: "/bin/sh",
    });
    child.stdout.once("data", () => child.stdin.write(text));
    return result(child);
  };
  const stopped = await answer("\x03");
  assert.equal(stopped.status, 130);
  assert.ok(existsSync(stdout.trim()));
  for (const no of ["\r", "n\r", "yesterday\r", "\x04"]) {
    const refused = await answer(no);
    assert.match(refused.stdout, /remove hf:someone\/folder \(ccccccc\) and free .* \[y\/N\]/);
    assert.match(refused.stdout, /nothing was removed/);
    assert.equal(refused.status, 1);
    assert.ok(existsSync(stdout.trim()));
  }
  const agreed = await answer("y\r");
  assert.match(agreed.stdout, /removed hf:someone\/folder \(ccccccc\); .* freed/);
  assert.equal(agreed.status, 0);
  assert.ok(!existsSync(stdout.trim()));
  assert.ok(env.HF_HUB_CACHE !== hub.HF_HUB_CACHE);
});
