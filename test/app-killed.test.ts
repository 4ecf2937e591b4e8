// The server killed in the middle of answers, at random moments: nothing that was seen is lost.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Part } from "../src/store/parts.ts";
import { type AppClient, appClient, type Opened, partsOf, type Said, type SentEvent } from "./app-client.ts";

const KILLS = Number(process.env.BAIMO_KILLS ?? 5);
const SEED = Number(process.env.BAIMO_SEED ?? 20261128);
let state = SEED;
/** From 0 to below `most`. */
const random = (most: number) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * most);
};
const textOf = (parts: readonly Part[]) => parts.map((part) => ("text" in part ? part.text : "")).join("");

test(`kill -9, ${KILLS} times (seed ${SEED})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-killed-"));
  /** Messages that were acknowledged, and how much of each a client has seen. */
  const seen = new Map<string, string>();
  let conversation = "";
  let interrupted = 0;
  let last = "";

  async function start(): Promise<{ client: AppClient; kill(): Promise<void> }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, "app-server.js"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (data) => resolve(String(data).trim()));
      child.once("close", () => reject(new Error("the server ended before it listened")));
    });
    const kill = () => {
      child.kill("SIGKILL");
      return ended;
    };
    return { client: appClient(fetch, url), kill };
  }

  /** Everything that was acknowledged is there, and nothing runs. */
  async function check(client: AppClient) {
    if (conversation === "") return;
    const { messages } = await client.json<Opened>("GET", `/conversations/${conversation}`);
    const found = new Map(messages.map((message) => [message.id, message]));
    for (const [id, text] of seen) {
      const message = found.get(id);
      assert.ok(message, `message ${id} is gone`);
      assert.ok(textOf(message.parts).startsWith(text), `of ${id} the client had seen more`);
      assert.notEqual(message.status, "running");
    }
    if (last !== "") {
      assert.equal(found.get(last)!.status, "interrupted");
      interrupted++;
    }
  }

  for (let round = 0; round < KILLS; round++) {
    const { client, kill } = await start();
    await check(client);
    if (conversation === "") {
      const made = await client.json<Opened>("POST", "/conversations", {});
      conversation = made.conversation.id;
    }
    const goesOn = last !== "" && random(3) === 0;
    const said = goesOn
      ? await client.json<Said>("POST", `/messages/${last}/continue`, {})
      : await client.json<Said>("POST", `/conversations/${conversation}/messages`, {
          text: `question ${round}`,
        });
    const { answer } = said;
    last = answer.id;
    if (said.message) seen.set(said.message.id, `question ${round}`);
    const events: SentEvent[] = [];
    let dead: Promise<void> | undefined;
    const timer = setTimeout(() => (dead = kill()), random(250));
    try {
      for await (const event of client.events(answer.id, answer.events)) {
        events.push(event);
        seen.set(answer.id, textOf(partsOf(events, answer.parts)));
      }
      assert.ok(dead, "the answer ended before the server was killed");
    } catch (error) {
      if (!dead) throw error; // the connection broke, as it must
    }
    clearTimeout(timer);
    await dead;
  }
  const { client, kill } = await start();
  await check(client);
  assert.equal(interrupted, KILLS);
  // The last one can be continued, from where it broke off.
  const { answer } = await client.json<Said>("POST", `/messages/${last}/continue`, {});
  for await (const event of client.events(answer.id, answer.events)) if (event.type === "text") break;
  const { message } = await client.json<{ message: { parts: Part[] } }>("POST", `/answers/${last}/stop`, {});
  const numbers = textOf(message.parts).split(",").slice(0, -1).map(Number);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i),
  );
  await kill();
  rmSync(folder, { recursive: true });
});
