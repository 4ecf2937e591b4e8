// The server on a real port: the page's files, host names, bounds, closing.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BaimoError } from "../errors.ts";
import { createHandler } from "./handler.ts";
import { isLoopback, type Listening, listen, openPage } from "./node.ts";

/** Asks without the tidying that `fetch` does to paths and headers. */
function rawGet(url: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    httpRequest({ hostname, port, path, headers }, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode!, body });
    })
      .on("error", reject)
      .end();
  });
}

describe("a server with a page", () => {
  let folder: string;
  let server: Listening;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "baimo-page-"));
    const page = join(folder, "page");
    await mkdir(join(page, "assets"), { recursive: true });
    await writeFile(join(folder, "secret.txt"), "secret");
    await writeFile(join(page, "index.html"), "<!doctype html><title>page</title>");
    await writeFile(join(page, "assets", "main-1a2b.js"), "export {};");
    const handler = createHandler({ models: [], page: await openPage(page), maxBodyBytes: 1000 });
    server = await listen(handler, { port: 0 });
  });
  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("serves files with their type, caching and a strict policy", async () => {
    const index = await fetch(server.url);
    assert.equal(index.status, 200);
    assert.equal(await index.text(), "<!doctype html><title>page</title>");
    assert.equal(index.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(index.headers.get("cache-control"), "no-cache");
    const policy = index.headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    const script = await fetch(`${server.url}/assets/main-1a2b.js`);
    assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(script.headers.get("cache-control")!, /immutable/);
    assert.equal((await fetch(server.url, { method: "HEAD" })).status, 200);
  });

  const ways = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/assets/..%5c..%5csecret.txt",
    "/..\\secret.txt",
    "//secret.txt",
    "/./../secret.txt",
    "/__proto__",
    "/assets",
    "/%00",
    "/%",
  ];
  for (const path of ways) {
    test(`nothing outside the folder: ${path}`, async () => {
      const { status, body } = await rawGet(server.url, path);
      assert.ok(status === 404 || status === 400, `${status}`);
      assert.doesNotMatch(body, /^secret/);
    });
  }

  test("answers loopback names only, whatever the port in them", async () => {
    for (const host of ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8080", "baimo.localhost"]) {
      assert.equal((await rawGet(server.url, "/health", { host })).status, 200, host);
    }
    for (const host of [
      "evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "192.168.1.5:8080",
    ]) {
      const { status, body } = await rawGet(server.url, "/health", { host });
      assert.equal(status, 403, host);
      assert.match(JSON.parse(body).error.message, /answers this machine only/);
    }
  });

  test("an oversized body is refused, announced or not", async () => {
    const text = JSON.stringify({ model: "x", messages: [{ role: "user", content: "x".repeat(300_000) }] });
    const headers = { "content-type": "application/json" };
    const url = `${server.url}/v1/chat/completions`;
    const announced = await fetch(url, { method: "POST", headers, body: text });
    assert.equal(announced.status, 413);
    assert.match((await announced.json()).error.message, /longer than the 1,000 bytes/);
    const chunks = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body: chunks, duplex: "half" };
    const unannounced = await fetch(url, init);
    assert.equal(unannounced.status, 413);
    assert.equal((await unannounced.json()).error.code, "request_too_large");
  });

  test("what is not HTTP does no harm", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.end("\x00\x01 nonsense\r\n\r\n");
    for await (const _ of socket.on("error", () => {}));
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
  });

  for (const [what, headers] of [
    ["two hosts", "Host: localhost\r\nHost: rebound.example"],
    ["two lengths", "Host: localhost\r\nContent-Length: 2\r\nContent-Length: 3"],
    ["a length and pieces", "Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked"],
    ["no host", "Accept: */*"],
  ]) {
    test(`a request with ${what} is refused`, async () => {
      const socket = connect(server.port, "127.0.0.1");
      socket.end(`POST /tokenize HTTP/1.1\r\n${headers}\r\n\r\n{}`);
      let answer = "";
      for await (const piece of socket.setEncoding("utf8")) answer += piece;
      assert.match(answer, /^HTTP\/1\.1 400 /);
    });
  }
});

test("a taken port is told as such, and closing frees it", async () => {
  const handler = createHandler({ models: [] });
  const first = await listen(handler, { port: 0 });
  await assert.rejects(listen(handler, { port: first.port }), (error) => {
    assert.ok(error instanceof BaimoError);
    assert.equal(error.code, "request");
    assert.match(error.message, /another program uses it/);
    return true;
  });
  await fetch(`${first.url}/health`); // leaves a connection alive
  await first.close();
  await assert.rejects(fetch(`${first.url}/health`));
  const stop = new AbortController();
  const second = await listen(handler, { port: first.port, signal: stop.signal });
  assert.equal(second.port, first.port);
  stop.abort();
  await second.close();
  await assert.rejects(fetch(`${second.url}/health`));
});

test("a folder that is no page is refused", async () => {
  await assert.rejects(openPage(join(tmpdir(), "baimo-no-such-page")), /build it with npm run build/);
});

test("loopback names", () => {
  for (const name of ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
    assert.ok(isLoopback(name));
  for (const name of ["0.0.0.0", "::", "localhost.com", "10.0.0.1", "127.0.0.1.com", "1127.0.0.1"]) {
    assert.ok(!isLoopback(name), name);
  }
});
