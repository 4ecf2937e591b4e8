// Byte sources over memory, Blobs, paths and URLs: same reads, same refusals; broken servers.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createRandom } from "../../random.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { is } from "../test-errors.ts";
import { openByteSource } from "./open-byte-source.ts";
import { openUrlSource } from "./url-source.ts";

const random = createRandom(20241);
const content = Uint8Array.from({ length: 300_001 }, () => random.integer(256));
const folder = mkdtempSync(join(tmpdir(), "baimo-source-"));
const path = join(folder, "data.bin");
writeFileSync(path, content);
after(() => rmSync(folder, { recursive: true }));

// --- a server with a behaviour a path ---

type Behaviour = (request: IncomingMessage, response: ServerResponse, from: number, to: number) => void;
let server: Server;
let base: string;
const requests: string[] = [];

/** Answers a range properly, or with fewer bytes than promised before the connection is cut. */
function answer(
  response: ServerResponse,
  from: number,
  to: number,
  cutAfter = Infinity,
  etag = '"v1"',
): void {
  const end = Math.min(to, content.length - 1);
  response.writeHead(206, {
    "content-range": `bytes ${from}-${end}/${content.length}`,
    "content-length": end - from + 1,
    etag,
  });
  const body = content.subarray(from, end + 1);
  if (body.length <= cutAfter) response.end(body);
  else response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 30));
}

const counts = new Map<string, number>();
const behaviours: Record<string, Behaviour> = {
  "/good": (_, response, from, to) => answer(response, from, to),
  "/no-ranges": (_, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.end(content);
  },
  "/breaks": (_, response, from, to) => answer(response, from, to, 50_000),
  "/dies": (_, response, from, to) => (from === 0 ? answer(response, from, to) : response.destroy()),
  "/stalls": (_, response, from, to) => {
    if (from === 0) return answer(response, from, to);
    response.writeHead(206, { "content-range": `bytes ${from}-${to}/${content.length}`, etag: '"v1"' });
    response.write(content.subarray(from, from + 10));
  },
  "/busy": (_, response, from, to) => {
    const n = (counts.get("busy") ?? 0) + 1;
    counts.set("busy", n);
    if (n % 3 !== 0) response.writeHead(503).end();
    else answer(response, from, to);
  },
  "/changes": (_, response, from, to) => answer(response, from, to, Infinity, from === 0 ? '"v1"' : '"v2"'),
  "/wrong-start": (_, response, from, to) => answer(response, from === 0 ? 0 : from + 1, to),
  "/no-size": (_, response, from, to) => {
    response.writeHead(206, { "content-range": `bytes ${from}-${to}/*` }).end();
  },
  "/secret": (request, response, from, to) =>
    request.headers.authorization === "Bearer x" ? answer(response, from, to) : response.writeHead(401).end(),
};

before(async () => {
  server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    requests.push(`${request.url} ${request.headers.range}`);
    const url = request.url!.replace(/\?.*/, "");
    if (url.startsWith("/model/")) {
      const file = join("test/golden/families/llama", url.slice(7));
      try {
        const bytes = readFileSync(file);
        if (from === undefined) return response.end(bytes);
        const end = Math.min(Number(to), bytes.length - 1);
        response.writeHead(206, { "content-range": `bytes ${from}-${end}/${bytes.length}` });
        return response.end(bytes.subarray(Number(from), end + 1));
      } catch {
        return response.writeHead(404).end();
      }
    }
    const behaviour = behaviours[url];
    if (!behaviour) return response.writeHead(404).end();
    behaviour(request, response, Number(from), Number(to));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const openFast = (url: string, attempts = 3, stallMs = 60_000) =>
  openUrlSource({ kind: "url", url: base + url }, { attempts, waitMs: 1, stallMs });

// --- what every source does ---

const kinds: Record<string, () => Parameters<typeof openByteSource>[0]> = {
  bytes: () => content,
  "an ArrayBuffer": () => content.buffer as ArrayBuffer,
  "a Blob": () => new Blob([content]),
  "a File": () => new File([content], "data.bin"),
  "a path": () => path,
  "a file: URL": () => pathToFileURL(path),
  "a file: string": () => pathToFileURL(path).href,
  "a URL": () => new URL("/good", base),
  "a URL string": () => `${base}/good`,
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: reads any range, and no byte outside`, async () => {
    const source = await openByteSource(make());
    assert.equal(source.size, content.length);
    for (const [offset, length] of [
      [0, 0],
      [0, 10],
      [65_530, 12],
      [100_000, 200_001],
      [0, content.length],
      [content.length, 0],
    ]) {
      const expected = content.subarray(offset, offset + length);
      assert.deepEqual(await source.read(offset, length), expected.slice(), `${offset} + ${length}`);
      const memory = new WebAssembly.Memory({ initial: 5 });
      const target = new Uint8Array(memory.buffer, 3, length);
      await source.readInto(target, offset);
      assert.deepEqual(target, new Uint8Array(expected));
      if (source.readIntoSync) {
        target.fill(0);
        source.readIntoSync(target, offset);
        assert.deepEqual(target, new Uint8Array(expected));
      }
    }
    assert.equal(
      typeof source.readIntoSync === "function",
      ["bytes", "path"].includes(source.descriptor.kind),
    );
    for (const [offset, length] of [
      [content.length, 1],
      [0, content.length + 1],
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
      [0, 2 ** 50],
    ]) {
      await assert.rejects(source.read(offset, length), is("format", /at byte/), `${offset} + ${length}`);
    }
    // A worker opens the same source again.
    const again = await openByteSource(structuredClone(source.descriptor));
    assert.deepEqual(await again.read(77, 5), content.slice(77, 82));
    const stopped = AbortSignal.abort();
    await assert.rejects(source.read(0, 1, stopped), is("aborted", /aborted/));
    await assert.rejects(openByteSource(make(), { signal: stopped }), is("aborted", /aborted/));
    await source.close();
    await source.close();
    await assert.rejects(source.read(0, 1), is("request", /closed/));
    await again[Symbol.asyncDispose]();
  });
}

test("what cannot be opened is refused in plain words", async () => {
  await assert.rejects(
    openByteSource(join(folder, "nothing.bin")),
    is("request", /nothing\.bin: there is no such file/),
  );
  await assert.rejects(openByteSource(folder), is("request", /is a folder/));
  await assert.rejects(
    openByteSource(new URL("ftp://example.org/x")),
    is("request", /only http:, https: and file:/),
  );
  for (const [place, said] of [
    ["ftp://example.org/x.gguf", /^ftp:\/\/example\.org\/x\.gguf: only http:, https: and file:/],
    ["http://", /"http:\/\/" is not a whole URL/],
    ["  ", /^" {2}": there is no such file/],
  ] as const) {
    await assert.rejects(openByteSource(place), is("request", said), place);
  }
  await assert.rejects(openByteSource(7 as unknown as string), is("request", /a path, a URL, a Blob/));
  await assert.rejects(openByteSource(`${base}/absent`), is("request", /absent: there is no such file/));
});

test("a file that shrinks while it is open is noticed", async () => {
  const shrinking = join(folder, "shrinking.bin");
  writeFileSync(shrinking, content.subarray(0, 1000));
  const source = await openByteSource(shrinking);
  writeFileSync(shrinking, content.subarray(0, 100));
  await assert.rejects(source.read(50, 900), is("format", /ended at byte 100, but had 1000/));
  assert.throws(() => source.readIntoSync!(new Uint8Array(900), 50), is("format", /ended at byte 100/));
  await source.close();
});

test("a file that is overwritten while it is open is noticed, and where it is opened again", async () => {
  const path = join(folder, "overwritten.bin");
  writeFileSync(path, content.subarray(0, 1000));
  utimesSync(path, 1, 1);
  const source = await openByteSource(path);
  assert.deepEqual(await source.read(0, 1000), content.subarray(0, 1000));
  const again = await openByteSource(source.descriptor);
  await again.close();
  writeFileSync(path, content.subarray(1000, 2000));
  const changed = is("format", /was changed while it was in use/);
  await assert.rejects(source.read(0, 10), changed);
  assert.throws(() => source.readIntoSync!(new Uint8Array(10), 0), changed);
  await assert.rejects(openByteSource(source.descriptor), changed);
  await source.close();
});

// --- servers that misbehave ---

test("a server without ranges is told plainly", async () => {
  await assert.rejects(openByteSource(`${base}/no-ranges`), is("format", /does not support range requests/));
});

test("a read goes on where the connection broke off", async () => {
  const source = await openFast("/breaks", 20);
  requests.length = 0;
  assert.deepEqual(await source.read(0, content.length), content);
  const starts = requests.map((r) => Number(/bytes=(\d+)/.exec(r)![1]));
  // What was on its way when the connection died may be lost, so a start may repeat, but never goes back.
  assert.ok(starts.length >= 5 && starts.every((s, i) => s >= (starts[i - 1] ?? 50_000)), starts.join(" "));
});

test("a server that stays away is given up, saying where", async () => {
  const source = await openFast("/dies");
  await assert.rejects(source.read(0, content.length), is("request", /at byte 65536, 3 times in a row/));
  await assert.rejects(
    openUrlSource({ kind: "url", url: "http://127.0.0.1:1/x" }, { attempts: 2, waitMs: 1 }),
    is("request", /could not be reached/),
  );
});

test("a response that stalls counts as broken off", async () => {
  const source = await openFast("/stalls", 20, 200);
  requests.length = 0;
  const read = source.read(65_536, 25); // 10 bytes come each time, so it ends
  assert.deepEqual(await read, content.slice(65_536, 65_561));
  assert.ok(requests.length >= 3, `${requests.length} requests`);
});

test("an overloaded server is asked again", async () => {
  const source = await openFast("/busy", 5);
  assert.deepEqual(await source.read(100_000, 50), content.slice(100_000, 100_050));
});

test("a file that changed on the server, a wrong range and a missing size are noticed", async () => {
  await assert.rejects(
    (await openFast("/changes")).read(100_000, 10),
    is("format", /changed while it was being read/),
  );
  await assert.rejects(
    (await openFast("/wrong-start")).read(100_000, 10),
    is("format", /byte 100000 was asked for/),
  );
  await assert.rejects(openFast("/no-size"), is("format", /gives no size/));
});

test("headers go with every request", async () => {
  await assert.rejects(
    openByteSource(`${base}/secret`),
    is("request", /answered 401; is an authorisation missing/),
  );
  const source = await openByteSource(`${base}/secret`, { headers: { authorization: "Bearer x" } });
  assert.deepEqual(await source.read(200_000, 3), content.slice(200_000, 200_003));
});

test("an abort stops a read that waits", async () => {
  const source = await openUrlSource({ kind: "url", url: `${base}/stalls` }, { stallMs: 60_000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(source.read(65_536, 1000, controller.signal), is("aborted", /aborted/));
});

test("a checkpoint opens from the URL of a file and of a folder, bringing no more than it needs", async () => {
  const local = await openCheckpoint("test/golden/families/llama");
  for (const place of ["/model/", "/model", "/model/model.safetensors?token=1"]) {
    requests.length = 0;
    const remote = await openCheckpoint(base + place);
    assert.deepEqual([...remote.tensors.keys()], [...local.tensors.keys()]);
    const name = [...local.tensors.keys()].at(-1)!;
    assert.deepEqual(await remote.readTensor(name), await local.readTensor(name));
    const config = await remote.folder!.read("config.json");
    assert.deepEqual(
      JSON.parse(new TextDecoder().decode(config)),
      JSON.parse(readFileSync("test/golden/families/llama/config.json", "utf8")),
    );
    assert.equal(await remote.folder!.read("absent.json"), undefined);
    await assert.rejects(remote.folder!.read("../x"), is("request", /no name of a file/));
    if (place.includes("?"))
      assert.ok(
        requests.every((r) => r.includes("?token=1")),
        requests.join("\n"),
      );
    await remote.close();
  }
  await local.close();
});
