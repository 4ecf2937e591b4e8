// The event stream: pace, clients that leave or stall, failures.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as afterMicrotasks } from "node:timers/promises";
import { BaimoError } from "../errors.ts";
import { ANTHROPIC } from "./answers/anthropic.ts";
import { OLLAMA } from "./answers/ollama.ts";
import type { StreamPart } from "./event-stream.ts";
import { toByteStream, toEvents } from "./event-stream.ts";

/** Yields `count` strings of a kibibyte, and tells how far it came and whether it was ended. */
function counter(count: number) {
  const state = { sent: 0, ended: false, stops: 0 };
  async function* strings() {
    try {
      for (; state.sent < count; state.sent++) yield "x".repeat(1024);
    } finally {
      state.ended = true;
    }
  }
  return { state, strings: strings(), stop: () => void state.stops++ };
}

test("a stream that nobody reads holds back its source, and reading lets it go on", async () => {
  const { state, strings, stop } = counter(1000);
  const stream = toByteStream(strings, { stop, stallSeconds: 60 });
  await afterMicrotasks(); // it pulls as long as there is room
  assert.ok(state.sent >= 60 && state.sent <= 66, `sent ${state.sent} KiB into a buffer of 64 KiB`);
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.byteLength;
  assert.equal(bytes, 1000 * 1024);
  assert.deepEqual(state, { sent: 1000, ended: true, stops: 0 });
});

test("cancelling stops the work and ends the generator", async () => {
  const { state, strings, stop } = counter(1000);
  const reader = toByteStream(strings, { stop, stallSeconds: 60 }).getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(state.ended, true);
  assert.equal(state.stops, 1);
});

test("a client that stops reading is given up after the agreed time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state, strings, stop } = counter(1000);
  const stream = toByteStream(strings, { stop, stallSeconds: 30 });
  await afterMicrotasks();
  t.mock.timers.tick(29_999);
  await afterMicrotasks();
  assert.deepEqual([state.ended, state.stops], [false, 0]);
  t.mock.timers.tick(1);
  await afterMicrotasks();
  assert.equal(state.ended, true);
  assert.equal(state.stops, 1);
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.byteLength;
  assert.ok(bytes < 70 * 1024, "what was buffered still comes, and no more");
});

async function collect(strings: AsyncGenerator<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const each of strings) all.push(each);
  return all;
}

test("parts become data, comments and a DONE; a failure becomes an error event without one", async () => {
  const { signal } = new AbortController();
  async function* good(): AsyncGenerator<StreamPart> {
    yield { type: "progress", done: 5, total: 9 };
    yield { type: "chunk", chunk: { text: "诗\n" } };
  }
  assert.deepEqual(await collect(toEvents(good(), { signal })), [
    ": prompt 5/9\n\n",
    'data: {"text":"诗\\n"}\n\n',
    "data: [DONE]\n\n",
  ]);

  const told: unknown[] = [];
  const failure = new BaimoError("device", "worker 1 stopped");
  async function* bad(): AsyncGenerator<StreamPart> {
    yield { type: "chunk", chunk: {} };
    throw failure;
  }
  assert.deepEqual(await collect(toEvents(bad(), { signal, onError: (error) => told.push(error) })), [
    "data: {}\n\n",
    'data: {"error":{"message":"worker 1 stopped","type":"server_error","param":null,"code":"device"}}\n\n',
  ]);
  assert.deepEqual(told, [failure]);
});

test("after an abort nothing more is said", async () => {
  const work = new AbortController();
  async function* parts(): AsyncGenerator<StreamPart> {
    yield { type: "chunk", chunk: {} };
    work.abort();
    throw new BaimoError("aborted", "generation was aborted");
  }
  assert.deepEqual(await collect(toEvents(parts(), { signal: work.signal })), ["data: {}\n\n"]);
});

test("each dialect writes chunks, progress and a failure in its own way", async () => {
  async function* parts(): AsyncGenerator<StreamPart> {
    yield { type: "progress", done: 1, total: 2 };
    yield { type: "chunk", chunk: { a: 1 }, event: "ping" };
    throw new BaimoError("request", "no");
  }
  const { signal } = new AbortController();
  const written = async (dialect: typeof OLLAMA) => {
    const texts: string[] = [];
    for await (const text of toEvents(parts(), { signal, dialect })) texts.push(text);
    return texts;
  };
  assert.deepEqual(await written(OLLAMA), ['{"a":1}\n', '{"error":"no"}\n']);
  assert.deepEqual(await written(ANTHROPIC), [
    ": prompt 1/2\n\n",
    'event: ping\ndata: {"a":1}\n\n',
    'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"no"}}\n\n',
  ]);
});
