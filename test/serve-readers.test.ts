// Clients that do not read hold no place at the model, and give way where there are too many.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel } from "./chat-model.ts";

const MOST_READERS = 12;
/** Clients that ask at a time. */
const AT_ONCE = 3;
/** Longer than any test: nobody is cut for time alone. */
const STALL_SECONDS = 3600;

let model: Model;
let server: Listening;
const sockets: Socket[] = [];

before(async () => {
  model = await loadChatModel();
  const models = new Map([["tiny", model]]);
  server = await listen(createHandler({ models, maxReaders: MOST_READERS, stallSeconds: STALL_SECONDS }), {
    port: 0,
  });
});
after(async () => {
  for (const socket of sockets) socket.destroy();
  await server?.close();
  await model?.dispose();
});

/** Asks for a long stream, of which not a byte is read. */
function askAndIgnore(): void {
  const body = JSON.stringify({
    model: "tiny",
    stream: true,
    max_tokens: 700,
    logprobs: true,
    top_logprobs: 20,
    messages: [{ role: "user", content: "hello" }],
  });
  const socket = connect(server.port, "127.0.0.1");
  socket.pause();
  socket.on("error", () => {}); // the server cuts it
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  sockets.push(socket);
}

async function answered(): Promise<number> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "tiny", max_tokens: 4, messages: [{ role: "user", content: "hello" }] }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function idle(): Promise<void> {
  for (;;) {
    const { queue } = await (await fetch(`${server.url}/health`)).json();
    if (queue.active + queue.waiting === 0) return;
    await sleep(20);
  }
}

test("clients that never read shut nobody out", async () => {
  // More than may be open at a time.
  for (let round = 0; round * AT_ONCE <= MOST_READERS; round++) {
    for (let i = 0; i < AT_ONCE; i++) askAndIgnore();
    await idle();
    assert.equal(await answered(), 200);
  }
});
