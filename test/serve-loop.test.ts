// Bodies made to keep a server busy: whatever one client sends, the others are answered between.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel } from "./chat-model.ts";

/** Processor time that this thread may work at a stretch. Some 40 ms are seen; what is quadratic takes seconds. */
const LONGEST_MS = 200;

const schedule = "/proc/thread-self/schedstat";
const skip = existsSync(schedule) ? false : `this system has no ${schedule}`;
/** Milliseconds of processor time of this thread alone. */
const ownMs = () => Number(readFileSync(schedule, "utf8").split(" ")[0]) / 1e6;

/** Sends bodies that it makes itself, and tells the status of each answer: making them must not count as the server's work. */
const CLIENT = `
const { parentPort, workerData } = require("node:worker_threads");
parentPort.on("message", async (source) => {
  const body = (0, eval)(source);
  const headers = { "content-type": "application/json" };
  const response = await fetch(workerData + "/v1/chat/completions", { method: "POST", headers, body });
  await response.arrayBuffer();
  parentPort.postMessage(response.status);
});`;

const say = (content: string, more = "") =>
  `JSON.stringify({ model: "tiny", max_tokens: 1, messages: [{ role: "user", content: ${content} }], ${more} })`;
const pairs = (count: number) =>
  `Object.fromEntries(Array.from({ length: ${count} }, (_, i) => ["" + i, 1]))`;
const nested = (depth: number, open: string, close: string) =>
  `'{"model":"tiny","metadata":' + '${open}'.repeat(${depth}) + '1' + '${close}'.repeat(${depth}) + '}'`;

const BODIES: [what: string, source: string, status: number][] = [
  ["0.4 MB of combining marks", say(`"\\u0301\\u0316".repeat(100_000)`), 400],
  ["3 MB of one letter", say(`"a".repeat(3_000_000)`), 400],
  ["4 MB of Chinese", say(`"秋夜明月山水".repeat(220_000)`), 400],
  ["100,000 newlines", say(`"\\n".repeat(100_000)`), 400],
  ["4 MB of escapes", say(`"\\u0001".repeat(680_000)`), 400],
  [
    "115,000 empty messages",
    `JSON.stringify({ model: "tiny", messages: Array(115_000).fill({ role: "user", content: "" }) })`,
    400,
  ],
  ["a bias of 300,000 tokens", say(`"x"`, `logit_bias: ${pairs(300_000)}`), 400],
  ["a bias of as many tokens as are read", say(`"x"`, `logit_bias: ${pairs(24_000)}`), 400],
  ["as many variables as are read", say(`"x"`, `chat_template_kwargs: ${pairs(24_000)}`), 200],
  ["300,000 names", say(`"x"`, `metadata: ${pairs(300_000)}`), 400],
  ["two million numbers", say(`"x"`, "metadata: Array(2_000_000).fill(1)"), 400],
  ["arrays two million deep", nested(2_000_000, "[", "]"), 400],
  ["objects 500,000 deep", nested(500_000, '{"a":', "}"), 400],
];

describe("one client keeps nobody waiting with", { skip }, () => {
  let model: Model;
  let server: Listening;
  let client: Worker;
  before(async () => {
    model = await loadChatModel();
    server = await listen(createHandler({ models: new Map([["tiny", model]]) }), { port: 0 });
    client = new Worker(CLIENT, { eval: true, workerData: server.url });
    await longestStretch(say(`"hello"`)); // what a first request compiles does not count
  });
  after(async () => {
    await client?.terminate();
    await server?.close();
    await model?.dispose();
  });

  /** Sends one body; the answer's status, and the longest that this thread worked between two turns of its loop. */
  async function longestStretch(source: string): Promise<{ status: number; longest: number }> {
    let longest = 0;
    let before = ownMs();
    const turn = setInterval(() => {
      longest = Math.max(longest, ownMs() - before);
      before = ownMs();
    }, 1);
    try {
      client.postMessage(source);
      const [status] = await once(client, "message");
      return { status, longest };
    } finally {
      clearInterval(turn);
    }
  }

  for (const [what, source, expected] of BODIES) {
    test(what, async () => {
      const { status, longest } = await longestStretch(source);
      assert.equal(status, expected);
      assert.ok(longest < LONGEST_MS, `the loop worked for ${longest.toFixed(0)} ms at a stretch`);
    });
  }
});
