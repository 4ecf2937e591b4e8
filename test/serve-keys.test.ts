// Keys before a real model: refusals in the words of each client, quotas, limits, own responses.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { POET } from "../src/poet.ts";
import { createHandler } from "../src/serve/index.ts";
import type { Scope } from "../src/serve/keys/api-key.ts";
import { addKey, removeKey } from "../src/serve/keys/key-file.ts";
import { type KeyFile, type Listening, listen, openKeys } from "../src/serve/node.ts";
import { until } from "./until.ts";

describe("a server with keys", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-serve-keys-"));
  const path = join(folder, "keys.json");
  let model: Model;
  let keys: KeyFile;
  let server: Listening;
  const made: Record<string, string> = {};
  const make = async (name: string, scopes: Scope[], more: object = {}) => {
    const wanted = { name, scopes, quota: undefined, concurrent: undefined, perMinute: undefined, ...more };
    made[name] = (await addKey(path, wanted)).key;
  };
  before(async () => {
    await make("chatter", ["chat"]);
    await make("other", ["chat"]);
    await make("watcher", ["metrics", "models"]);
    await make("poor", ["chat"], { quota: { tokens: 10, per: "total" } });
    await make("hasty", ["chat"], { perMinute: 2 });
    await make("single", ["chat"], { concurrent: 1 });
    await make("leaver", ["admin"]);
    model = await load(POET, { threads: 1 });
    keys = await openKeys(path);
    server = await listen(createHandler({ models: new Map([[POET, model]]), keys }), { port: 0 });
  });
  after(async () => {
    await server?.close();
    await keys?.close();
    await model?.dispose();
    rmSync(folder, { recursive: true });
  });

  const get = (route: string, key?: string) =>
    fetch(server.url + route, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });
  const openai = (key: string) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  const chat = (key: string, more: object = {}) =>
    openai(key).chat.completions.create({
      model: POET,
      messages: [{ role: "user", content: "秋" }],
      max_tokens: 4,
      ...more,
    });

  test("nobody without one; what needs none is told to all", async () => {
    const refused = await get("/v1/models");
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), "Bearer");
    assert.equal((await refused.json()).error.code, "invalid_api_key");
    assert.equal((await get("/health")).status, 200);
    assert.equal((await get("/openapi.json")).status, 200);
    assert.equal((await get("/metrics")).status, 401);
    assert.equal((await get("/metrics", made.watcher)).status, 200);
  });

  test("clients understand: 401 and 403 in the words of each", async () => {
    await assert.rejects(chat("baimo-wrong"), OpenAI.AuthenticationError);
    await assert.rejects(chat(made.watcher), OpenAI.PermissionDeniedError);
    assert.ok((await chat(made.chatter)).choices[0].message.content);
    const message = { model: POET, max_tokens: 4, messages: [{ role: "user" as const, content: "秋" }] };
    const anthropic = (apiKey: string) => new Anthropic({ baseURL: server.url, apiKey, maxRetries: 0 });
    await assert.rejects(anthropic("wrong").messages.create(message), Anthropic.AuthenticationError);
    await assert.rejects(anthropic(made.watcher).messages.create(message), Anthropic.PermissionDeniedError);
    assert.equal((await anthropic(made.chatter).messages.create(message)).type, "message");
    const ollama = (key: string) =>
      new Ollama({ host: server.url, headers: { authorization: `Bearer ${key}` } });
    await assert.rejects(ollama("wrong").list(), /the key is not known here/);
    assert.equal((await ollama(made.watcher).list()).models.length, 1);
  });

  test("tokens are counted, and there are no more than the quota", async () => {
    await chat(made.poor, { max_tokens: 10, logit_bias: {} });
    await assert.rejects(chat(made.poor), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.code, "insufficient_quota");
      return true;
    });
    await keys.close();
    const again = await openKeys(path);
    const handle = createHandler({ models: new Map([[POET, model]]), keys: again });
    const headers = { authorization: `Bearer ${made.poor}`, "content-type": "application/json" };
    const body = JSON.stringify({ prompt: "秋", max_tokens: 1 });
    const after = await handle(
      new Request("http://localhost/v1/completions", { method: "POST", headers, body }),
    );
    assert.equal(after.status, 429, "after a restart, too");
  });

  test("a prompt counts once for all its answers, and what came before a client left counts, too", async () => {
    const spent = async () => {
      const lines = (await readFile(`${path}.usage.jsonl`, "utf8")).trim().split("\n");
      return lines.map((line) => (JSON.parse(line) as { tokens: number }).tokens);
    };
    const before = (await spent()).length;
    const { usage } = await chat(made.chatter, { n: 3, max_tokens: 4 });
    await until(async () => (await spent()).length > before);
    assert.deepEqual((await spent()).slice(before), [usage?.total_tokens]);
    const body = { model: POET, prompt: "秋夜", max_tokens: 400, stream: true as const };
    const stream = await openai(made.chatter).completions.create(body);
    let read = 0;
    for await (const _ of stream) if (++read === 3) break; // leaving the loop ends the request
    await until(async () => (await spent()).length > before + 1);
    assert.ok((await spent()).at(-1)! > 3);
  });

  test("limits: requests a minute, and at a time", async () => {
    await chat(made.hasty);
    await chat(made.hasty);
    await assert.rejects(chat(made.hasty), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.ok(Number(error.headers?.get("retry-after")) > 0);
      return true;
    });
    // A verse would end at once now and then, and with it the request that is to be the one at a time.
    const endless = { model: POET, prompt: "秋", max_tokens: 400, ignore_eos: true, stream: true as const };
    const stream = await openai(made.single).completions.create(endless);
    await assert.rejects(chat(made.single), OpenAI.RateLimitError);
    stream.controller.abort();
    await until(() =>
      chat(made.single).then(
        () => true,
        () => false,
      ),
    );
  });

  test("a key reads its own responses alone", async () => {
    const mine = await openai(made.chatter).responses.create({
      model: POET,
      input: "秋",
      max_output_tokens: 4,
    });
    const read = (key: string) => openai(key).responses.retrieve(mine.id);
    assert.equal((await read(made.chatter)).id, mine.id);
    await assert.rejects(read(made.other), OpenAI.NotFoundError);
    const goOn = { model: POET, input: "月", previous_response_id: mine.id, max_output_tokens: 4 };
    await assert.rejects(openai(made.other).responses.create(goOn), OpenAI.NotFoundError);
    assert.ok(await openai(made.chatter).responses.create(goOn));
    await assert.rejects(openai(made.other).responses.delete(mine.id), OpenAI.NotFoundError);
  });

  test("a key that is taken away is refused by the server that runs", async () => {
    assert.equal((await get("/v1/models", made.leaver)).status, 200);
    await removeKey(path, "leaver");
    await until(async () => (await get("/v1/models", made.leaver)).status === 401);
  });

  test("a page of another site is refused, with CORS or without", async () => {
    const post = (headers: Record<string, string>) => {
      const body = JSON.stringify({ prompt: "秋", max_tokens: 1 });
      const own = { authorization: `Bearer ${made.chatter}`, "content-type": "application/json" };
      return fetch(`${server.url}/v1/completions`, { method: "POST", headers: { ...own, ...headers }, body });
    };
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: server.url, "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ]) {
      const refused = await post(headers as Record<string, string>);
      assert.equal(refused.status, 403, JSON.stringify(headers));
      assert.equal((await refused.json()).error.code, "origin_not_allowed");
    }
    assert.equal((await post({ origin: server.url })).status, 200);
    assert.equal(
      (await post({ origin: "https://proxy.example", "sec-fetch-site": "same-origin" })).status,
      200,
    );
  });
});
