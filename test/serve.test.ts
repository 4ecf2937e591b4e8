// The server with a real model: OpenAI's shapes, refusals, and stopping when a client leaves.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { after, before, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Model } from "../src/generate/types.ts";
import { tokenText } from "../src/serve/answers/tokens.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel, watch } from "./chat-model.ts";
import { until } from "./until.ts";

/** A request for an answer, as any client writes it. */
function ask(
  body: unknown,
  { url = "http://localhost", ...init }: RequestInit & { url?: string } = {},
): Request {
  return new Request(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
}

const messages = [{ role: "user", content: "hello there" }];

/** The events of a stream: comments, parsed chunks, and the words after `data:` that are no JSON. */
function parseEvents(text: string) {
  const events = text.split("\n\n").filter((event) => event !== "");
  const data = events.filter((event) => event.startsWith("data: ")).map((event) => event.slice(6));
  assert.equal(data.at(-1), "[DONE]");
  return {
    comments: events.filter((event) => event.startsWith(":")),
    chunks: data.slice(0, -1).map((each) => JSON.parse(each)),
  };
}

/** When this file began, in whole seconds. */
const begun = Math.floor(Date.now() / 1000);

describe("the server in front of a model", () => {
  let model: Model;
  let handle: Handler;
  before(async () => {
    model = await loadChatModel();
    handle = createHandler({ models: new Map([["tiny", watch(model).model]]) });
  });
  after(() => model?.dispose());

  test("lists its models, alone and together, and its health", async () => {
    const list = await (await handle(new Request("http://localhost/v1/models"))).json();
    assert.equal(list.object, "list");
    const [{ created, capabilities, ...entry }] = list.data;
    assert.deepEqual([capabilities.chat, capabilities.tools], [true, false]);
    assert.ok(created >= begun && created <= Date.now() / 1000);
    const length = { context_length: 1024, max_model_len: 1024 };
    assert.deepEqual(entry, { id: "tiny", object: "model", owned_by: "baimo", state: "ready", ...length });
    const one = await (await handle(new Request("http://localhost/v1/models/tiny"))).json();
    assert.deepEqual(one, list.data[0]);
    const health = await (await handle(new Request("http://localhost/health"))).json();
    const queue = { active: 0, waiting: 0, limit: 256 };
    assert.deepEqual(health, { status: "ok", models: ["tiny"], states: { tiny: "ready" }, queue });
  });

  test("answers whole, in OpenAI's shape, and repeats itself for a seed", async () => {
    const body = { model: "tiny", messages, max_tokens: 12, seed: 5, temperature: 1 };
    const response = await handle(ask(body));
    assert.equal(response.status, 200);
    const { id, created, system_fingerprint, choices, usage, timings, ...rest } = await response.json();
    assert.match(id, /^chatcmpl-[0-9a-f]{32}$/);
    assert.ok(created >= begun && created <= Date.now() / 1000);
    assert.match(system_fingerprint, /^cpu-/);
    assert.deepEqual(rest, { object: "chat.completion", model: "tiny", seed: 5 });
    const [{ message, ...choice }] = choices;
    assert.deepEqual(choice, { index: 0, logprobs: null, finish_reason: "length" });
    assert.equal(message.role, "assistant");
    assert.ok(message.content.length > 0);
    assert.equal(usage.completion_tokens, 12);
    assert.equal(usage.total_tokens, usage.prompt_tokens + 12);
    assert.equal(timings.generation_tokens, 12);
    assert.ok(timings.prompt_ms > 0 && timings.generation_ms > 0);

    const again = await (await handle(ask(body))).json();
    assert.equal(again.choices[0].message.content, message.content);
    assert.ok(
      again.usage.prompt_tokens_details.cached_tokens > 0,
      "the second time most of the prompt is cached",
    );
    const other = await (await handle(ask({ ...body, seed: 6 }))).json();
    assert.notEqual(other.choices[0].message.content, message.content);
  });

  test("one model needs no name, several do", async () => {
    const body = { messages, max_tokens: 2, seed: 5 };
    const answer = await (await handle(ask(body))).json();
    assert.equal(answer.model, "tiny");
    assert.equal(answer.usage.completion_tokens, 2);
    const two = createHandler({
      models: new Map([
        ["one", model],
        ["other", model],
      ]),
    });
    const refused = await two(ask(body));
    assert.equal(refused.status, 400);
    const { error } = await refused.json();
    assert.equal(error.param, "model");
    assert.match(error.message, /'model' is missing; this server has "one" or "other"/);
  });

  test("nothing listens to a request that has been answered, which would keep it for ever", async () => {
    for (const stream of [false, true]) {
      const request = ask({ model: "tiny", messages, max_tokens: 2, stream });
      await (await handle(request)).text();
      assert.deepEqual(getEventListeners(request.signal, "abort"), []);
    }
  });

  test("streams the same answer in OpenAI's chunks", async () => {
    const body = { model: "tiny", messages, max_tokens: 12, seed: 5, temperature: 1 };
    const whole = await (await handle(ask(body))).json();
    const response = await handle(ask({ ...body, stream: true, stream_options: { include_usage: true } }));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const { comments, chunks } = parseEvents(await response.text());
    for (const comment of comments) assert.match(comment, /^: prompt \d+\/\d+$/);
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk" && chunk.model === "tiny"));
    const [first, ...others] = chunks;
    const usage = others.pop();
    const end = others.pop();
    assert.deepEqual(first.choices, [
      { index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null },
    ]);
    assert.ok(others.length > 1, "text comes in pieces");
    assert.ok(others.every((chunk) => chunk.choices[0].finish_reason === null && chunk.usage === null));
    assert.equal(
      others.map((chunk) => chunk.choices[0].delta.content).join(""),
      whole.choices[0].message.content,
    );
    assert.deepEqual(end.choices, [{ index: 0, delta: {}, logprobs: null, finish_reason: "length" }]);
    assert.equal(end.seed, 5);
    assert.equal(end.timings.generation_tokens, 12);
    assert.deepEqual(usage.choices, []);
    assert.equal(usage.usage.completion_tokens, 12);

    const plain = parseEvents(await (await handle(ask({ ...body, stream: true }))).text()).chunks;
    assert.ok(
      plain.every((chunk) => !("usage" in chunk)),
      "no usage unless asked for",
    );
  });

  test("log-probabilities come with the bytes of each token", async () => {
    const body = { model: "tiny", messages, max_tokens: 20, seed: 1, logprobs: true, top_logprobs: 3 };
    const { choices } = await (await handle(ask(body))).json();
    const { content } = choices[0].logprobs;
    assert.equal(content.length, 20);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      assert.ok(logprob <= 0 && Number.isFinite(logprob));
      assert.ok(token.startsWith("bytes:") || Buffer.from(bytes).toString() === token);
      assert.equal(top_logprobs.length, 3);
      assert.ok(
        top_logprobs[0].logprob >= top_logprobs[1].logprob &&
          top_logprobs[1].logprob >= top_logprobs[2].logprob,
      );
      assert.ok(logprob <= top_logprobs[0].logprob);
    }
    const bytes = Buffer.from(content.flatMap((each: { bytes: number[] }) => each.bytes));
    // The decoder leaves out the space before the first word; a character that the last token cut is in neither.
    const spelled = bytes.toString().trimStart();
    const text = choices[0].message.content.trimStart().replace(/\ufffd+$/, "");
    assert.ok(spelled.startsWith(text), `${JSON.stringify(spelled)} begins with ${JSON.stringify(text)}`);

    const { chunks } = parseEvents(await (await handle(ask({ ...body, stream: true }))).text());
    const streamed = chunks.flatMap((chunk) => chunk.choices[0].logprobs?.content ?? []);
    assert.deepEqual(streamed, content);
  });

  test("a stop string ends the answer and is not part of it", async () => {
    const body = { model: "tiny", messages, max_tokens: 60, seed: 3, temperature: 1 };
    const { content } = (await (await handle(ask(body))).json()).choices[0].message;
    const stop = content.slice(10, 13);
    const { choices } = await (await handle(ask({ ...body, stop: [stop] }))).json();
    assert.equal(choices[0].finish_reason, "stop");
    assert.equal(choices[0].message.content, content.slice(0, content.indexOf(stop)));
  });

  test("a bias of -100 bans a token", async () => {
    const body = { model: "tiny", messages, max_tokens: 1, temperature: 0, logprobs: true, top_logprobs: 1 };
    const first = (await (await handle(ask(body))).json()).choices[0].logprobs.content[0];
    // A character may be a piece of its own and a byte too: every token of these bytes is banned.
    const same = Array.from({ length: model.tokenizer.vocabSize }, (_, id) => id).filter(
      (id) => tokenText(model.tokenizer.tokenBytes(id)) === first.token,
    );
    assert.ok(same.length > 0);
    const bias = Object.fromEntries(same.map((id) => [id, -100]));
    const second = (await (await handle(ask({ ...body, logit_bias: bias }))).json()).choices[0];
    assert.notEqual(second.logprobs.content[0].token, first.token);
  });

  test("a prompt longer than the context is refused with OpenAI's code, streamed or not", async () => {
    const long = { model: "tiny", messages: [{ role: "user", content: "word ".repeat(3000) }] };
    for (const stream of [false, true]) {
      const response = await handle(ask({ ...long, stream }));
      assert.equal(response.status, 400);
      const { error } = await response.json();
      assert.equal(error.type, "invalid_request_error");
      assert.equal(error.code, "context_length_exceeded");
      assert.equal(error.param, "messages");
      assert.match(error.message, /1024/);
    }
  });

  const refusals: [string, () => Request, number, string | null, RegExp][] = [
    [
      "an unknown model",
      () => ask({ model: "gpt-4", messages }),
      404,
      "model_not_found",
      /"gpt-4" is not here; this server has "tiny"/,
    ],
    [
      "an unknown model asked for by name",
      () => new Request("http://localhost/v1/models/a/b"),
      404,
      "model_not_found",
      /"a\/b"/,
    ],
    ["what is no JSON", () => ask("{"), 400, null, /not valid JSON/],
    [
      "what is no UTF-8",
      () => ask("", { body: new Uint8Array([0x22, 0xff, 0x22]) }),
      400,
      null,
      /not valid UTF-8/,
    ],
    [
      "another type",
      () => ask("{}", { headers: { "content-type": "text/plain" } }),
      415,
      null,
      /application\/json/,
    ],
    [
      "a compressed body",
      () => ask("{}", { headers: { "content-type": "application/json", "content-encoding": "gzip" } }),
      415,
      null,
      /"gzip" is not supported/,
    ],
    [
      "another method",
      () => new Request("http://localhost/v1/chat/completions"),
      405,
      "method_not_allowed",
      /use POST/,
    ],
    [
      "another path",
      () => new Request("http://localhost/v1/nothing"),
      404,
      "unknown_url",
      /nothing at GET \/v1\/nothing/,
    ],
    [
      "a bad parameter",
      () => ask({ model: "tiny", messages, temperature: 900 }),
      400,
      "invalid_value",
      /from 0 to 100/,
    ],
    [
      "a biased token that is none",
      () => ask({ model: "tiny", messages, logit_bias: { "99999": 1 } }),
      400,
      "invalid_value",
      /^'logit_bias' has the key "99999"/,
    ],
  ];
  for (const [what, request, status, code, words] of refusals) {
    test(`refuses ${what}`, async () => {
      const response = await handle(request());
      assert.equal(response.status, status);
      const { error, ...rest } = await response.json();
      assert.deepEqual(rest, {});
      assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
      assert.equal(error.type, "invalid_request_error");
      assert.equal(error.code, code);
      assert.match(error.message, words);
    });
  }

  test("a model that is being loaded is asked again later", async () => {
    const loading = createHandler({ models: [{ ...model, status: "starting" }] });
    const response = await loading(ask({ messages }));
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "2"]);
    assert.equal((await response.json()).error.code, "model_loading");
    assert.equal((await loading(new Request("http://localhost/health"))).status, 503);
  });

  test("pages of other origins are let in only where they are named", async () => {
    const request = () =>
      new Request("http://localhost/v1/models", { headers: { origin: "https://app.example" } });
    assert.equal((await handle(request())).headers.get("access-control-allow-origin"), null);
    const open = createHandler({ models: [model], allowOrigins: ["https://app.example"] });
    assert.equal((await open(request())).headers.get("access-control-allow-origin"), "https://app.example");
  });

  test("two models of one name are refused", () => {
    assert.throws(() => createHandler({ models: [model, model] }), /two models are named/);
  });
});

describe("work that nobody waits for", () => {
  let model: Model;
  let server: Listening;
  let watched: ReturnType<typeof watch>;
  before(async () => {
    model = await loadChatModel({ parallel: 1, maxWaiting: 1 });
    watched = watch(model, { delayMs: 5 });
    server = await listen(createHandler({ models: [watched.model] }), { port: 0 });
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
  });

  const queue = async () => (await (await fetch(`${server.url}/health`)).json()).queue;
  /** Waits until the server has no request left. */
  async function untilIdle() {
    await until(async () => {
      const { active, waiting } = await queue();
      return active + waiting === 0;
    });
  }
  const start = (stream: boolean, signal: AbortSignal) =>
    fetch(ask({ model: "tiny", messages, stream, max_tokens: 900 }, { url: server.url, signal }));

  test("a client that leaves a stream stops it within a token", async () => {
    const before = { ...watched };
    const client = new AbortController();
    const response = await start(true, client.signal);
    const reader = response.body!.getReader();
    for (let reads = 0; reads < 5; reads++) await reader.read();
    client.abort();
    await untilIdle();
    assert.equal(watched.aborted, before.aborted + 1);
    assert.ok(watched.tokensAfterAbort - before.tokensAfterAbort <= 1);
    assert.ok(watched.tokens - before.tokens < 500, `${watched.tokens - before.tokens} tokens were made`);
  });

  test("a client that leaves while it waits for a whole answer stops it too", async () => {
    const before = { ...watched };
    const client = new AbortController();
    const response = start(false, client.signal);
    await until(() => watched.tokens >= before.tokens + 3);
    client.abort();
    await assert.rejects(response, { name: "AbortError" });
    await untilIdle();
    assert.equal(watched.aborted, before.aborted + 1);
    assert.ok(watched.tokensAfterAbort - before.tokensAfterAbort <= 1);
    assert.ok(watched.tokens - before.tokens < 500);
  });

  test("the queue is bounded, and leaving it gives the place back", async () => {
    const clients = [new AbortController(), new AbortController()];
    const first = await start(true, clients[0]!.signal);
    const second = start(true, clients[1]!.signal);
    second.catch(() => {});
    await until(async () => (await queue()).waiting > 0);
    const third = await start(true, new AbortController().signal);
    assert.equal(third.status, 429);
    assert.equal(third.headers.get("retry-after"), "2");
    const { error } = await third.json();
    assert.equal(error.type, "rate_limit_error");
    assert.equal(error.code, "queue_full");
    clients[1]!.abort();
    await until(async () => (await queue()).waiting === 0);
    assert.deepEqual(await queue(), { active: 1, waiting: 0, limit: 1 });
    const soFar = watched.tokens;
    await until(() => watched.tokens >= soFar + 3); // the answer under way goes on
    clients[0]!.abort();
    await first.text().catch(() => {});
    await untilIdle();
  });

  test("closing the server ends an answer with an error that says so, and its connection after that", async () => {
    const closing = new AbortController();
    const { signal } = closing;
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const handler = createHandler({ models: [watched.model], signal, onError });
    // Longer than any test: no connection is cut for time alone.
    const other = await listen(handler, { port: 0, graceSeconds: 3600, signal });
    const before = { ...watched };
    const body = { model: "tiny", messages, max_tokens: 900 };
    const streamed = await fetch(ask({ ...body, stream: true }, { url: other.url }));
    const reader = streamed.body!.getReader();
    const decoder = new TextDecoder();
    let text = decoder.decode((await reader.read()).value);
    const whole = fetch(ask(body, { url: other.url }));
    await until(async () => (await (await fetch(`${other.url}/health`)).json()).queue.waiting === 1);
    closing.abort();
    for (let next = await reader.read(); !next.done; next = await reader.read())
      text += decoder.decode(next.value);
    const last = JSON.parse(text.trimEnd().split("\n\n").at(-1)!.replace("data: ", ""));
    assert.equal(last.error.code, "server_closing");
    assert.doesNotMatch(text, /\[DONE\]/);
    const refused = await whole;
    assert.equal(refused.status, 503);
    assert.equal((await refused.json()).error.code, "server_closing");
    assert.equal((await handler(ask(body))).status, 503);
    await other.close();
    assert.deepEqual(errors, []);
    assert.equal(watched.ended, before.ended + 2);
    assert.ok(watched.tokens - before.tokens < 500);
  });

  test("closing the server cuts what does not end in time", async () => {
    const before = { ...watched };
    const other = await listen(createHandler({ models: [watched.model] }), { port: 0, graceSeconds: 0 });
    const response = await fetch(
      ask({ model: "tiny", messages, stream: true, max_tokens: 900 }, { url: other.url }),
    );
    await response.body!.getReader().read();
    await other.close();
    await until(() => watched.ended > before.ended);
    assert.equal(watched.ended, before.ended + 1);
    assert.ok(watched.tokens - before.tokens < 500);
  });

  const skip = process.versions.bun ? "memory is not collected by V8" : false;
  test("a client that leaves is seen to leave, also when memory was collected", { skip }, async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const before = { ...watched };
    const handler = createHandler({ models: [watched.model] });
    const client = new AbortController();
    const body = { model: "tiny", messages, stream: true, max_tokens: 900 };
    const response = await handler(ask(body, { signal: client.signal }));
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
    }
    client.abort();
    await response.text();
    assert.equal(watched.aborted, before.aborted + 1);
  });

  test("nothing of an answer is given after its client has left, however much of it is ready", async () => {
    const handler = createHandler({ models: [watch(model).model] });
    const client = new AbortController();
    const { signal } = client;
    const response = await handler(
      ask({ model: "tiny", messages, stream: true, max_tokens: 900 }, { signal }),
    );
    const reader = response.body!.getReader();
    await reader.read();
    // The model is free when the whole answer is ready; what this reader has not asked for waits.
    await until(async () => {
      const { queue } = await (await handler(new Request("http://localhost/health"))).json();
      return queue.active === 0;
    });
    client.abort();
    let [bytes, next] = [0, await reader.read()];
    for (; !next.done; next = await reader.read()) bytes += next.value.length;
    assert.ok(bytes < 80_000, `${bytes} bytes came: more than the buffer between`);
  });
});

test("an answer that fails after it began says so in the stream", async () => {
  const model = await loadChatModel();
  const handle = createHandler({ models: [watch(model, { delayMs: 5 }).model] });
  const response = await handle(ask({ model: "tiny", messages, stream: true, max_tokens: 900 }));
  assert.equal(response.status, 200);
  await model.dispose();
  const text = await response.text();
  assert.doesNotMatch(text, /\[DONE\]/);
  const last = JSON.parse(text.trimEnd().split("\n\n").at(-1)!.slice(6));
  assert.equal(last.error.type, "server_error");
});
