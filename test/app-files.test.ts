// Files of conversations and assistants: read whole, or by passages whose numbers an answer keeps.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { load } from "../src/generate/load.ts";
import type { ChatMessage, Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import type { Message } from "../src/store/messages.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Store } from "../src/store/store.ts";
import { type AppClient, appClient, collect, type Opened, type Said } from "./app-client.ts";
import { golden } from "./places.ts";
import { speakingModel } from "./speaking-model.ts";
import { until } from "./until.ts";

const topics = ["rivers", "mountains", "violins", "harvests", "lighthouses", "glaciers"];
const pages = topics.map((topic) => `About ${topic}. ${"Nothing more is said here. ".repeat(40)}`);
const report = { type: "file", name: "report.pdf", mediaType: "application/pdf", text: pages.join("\n\f") };
const ask = (text: string, ...files: object[]) => ({ parts: [...files, { type: "text", text }] });

interface Counted {
  tokens: number;
  contextLength: number;
  passages: { read: number; of: number } | null;
}

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-files-"));
  let store: Store;
  let client: AppClient;
  let prompt: readonly ChatMessage[] = [];
  before(async () => {
    const answer = (messages: readonly ChatMessage[]) => {
      prompt = messages;
      return { text: "See [1]." };
    };
    store = await openStore(folder);
    const models = new Map([
      ["small", speakingModel("small", answer, 1200)],
      ["large", speakingModel("large", answer, 40_000)],
    ]);
    client = appClient(createHandler({ models, application: { store } }));
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const make = async (fields: object = {}) => {
    const { conversation } = await client.json<Opened>("POST", "/conversations", fields);
    return conversation.id;
  };
  const say = async (id: string, body: object) => {
    const { answer } = await client.json<Said>("POST", `/conversations/${id}/messages`, body);
    await collect(client.events(answer.id));
    const { messages } = await client.json<Opened>("GET", `/conversations/${id}`);
    return messages.find((message) => message.id === answer.id)!;
  };
  const passagesOf = ({ parts }: Message) => parts.find((part) => part.type === "passages");

  it("that fit are read whole, and else by the passages that match, which the answer keeps", async () => {
    const question = ask("What of violins?", report);
    const counted = (model: string) => client.json<Counted>("POST", "/count", { ...question, model });
    assert.equal((await counted("large")).passages, null);
    const { tokens, contextLength, passages } = await counted("small");
    assert.ok(tokens < contextLength && passages!.of === 6 && passages!.read > 0 && passages!.read < 6);

    const whole = await say(await make(), { ...question, model: "large" });
    assert.equal(passagesOf(whole), undefined);
    assert.ok(String(prompt[0].content).includes("About glaciers"));

    const id = await make();
    const answer = await say(id, { ...question, model: "small" });
    const read = passagesOf(answer)!;
    assert.equal(read.passages.length, passages!.read);
    const at = read.passages.findIndex(({ text }) => text.startsWith("About violins"));
    assert.deepEqual([read.passages[at].file, read.passages[at].page], ["report.pdf", 3]);
    assert.ok(String(prompt[0].content).includes(`[${at + 1}] report.pdf, page 3\nAbout violins`));
    assert.ok(!String(prompt[0].content).includes("About glaciers. Nothing") || read.passages.length > 5);

    // A further question finds other passages; the file is not sent again.
    const next = await say(id, { text: "And of lighthouses?", model: "small" });
    assert.ok(passagesOf(next)!.passages.some(({ page }) => page === 5));
    assert.ok(!String(prompt[0].content).includes("About"));
    // An answer that goes on has the passages that it began with.
    await client.json("POST", `/messages/${answer.id}/continue`, {});
    await collect(client.events(answer.id));
    const { messages } = await client.json<Opened>("GET", `/conversations/${id}`);
    const continued = messages.find((message) => message.id === answer.id)!;
    assert.deepEqual(
      continued.parts.filter(({ type }) => type === "passages"),
      [read],
    );

    const markdown = await (await client.send("GET", `/conversations/${id}/export?format=markdown`)).text();
    assert.match(markdown, /\[1\] report\.pdf, page \d/);
    const data = await (await client.send("GET", `/conversations/${id}/export`)).json();
    const { conversations } = await client.json<{ conversations: { id: string }[] }>("POST", "/import", {
      data,
    });
    const copy = await client.json<Opened>("GET", `/conversations/${conversations[0].id}`);
    assert.deepEqual(
      copy.messages.map(({ parts }) => parts),
      messages.map(({ parts }) => parts),
    );
  });

  it("are searched by meaning, too, where a model makes vectors, and by words alone where it fails", async () => {
    const errors: string[] = [];
    const asked: string[] = [];
    let isBroken = false;
    /** Knows what violins are about, in any words. */
    const embed = async (texts: readonly string[]) => {
      if (isBroken) throw new Error("no vectors today");
      asked.push(...texts);
      return texts.map((text) => ({
        vector: Float32Array.of(/violins|fiddle/i.test(text) ? 1 : -1, text.length / 1e6),
        tokens: 1,
      }));
    };
    const small = speakingModel("small", () => ({ text: "See [1]." }), 1200);
    const embedder = { ...small, name: "nearest", capabilities: { embeddings: true }, config: {}, embed };
    const models = new Map<string, Model>([
      ["small", small],
      ["nearest", embedder as unknown as Model], // what is asked of it here
      ["bert", await load(golden("families", "bert"), { threads: 1 })],
    ]);
    const onError = (error: unknown) => errors.push(String(error));
    const serve = (names: string[]) => {
      const served = new Map(names.map((name) => [name, models.get(name)!]));
      client = appClient(createHandler({ models: served, application: { store }, onError }));
    };
    const before = client;
    const read = async (body: object) => {
      const { by, passages } = passagesOf(await say(await make(), { ...body, model: "small" }))!;
      return { by, pages: passages.map(({ page }) => page) };
    };
    try {
      serve(["small", "nearest"]);
      const fiddle = ask("Fiddle?", report);
      await client.json<Counted>("POST", "/count", { ...fiddle, model: "small" });
      assert.ok(!asked.includes("Fiddle?"), "a question that is only counted is not searched for");
      const found = await read(fiddle);
      assert.deepEqual([found.by, found.pages.includes(3)], ["nearest", true]);
      await read(ask("The fiddle once more?", report));
      assert.equal(asked.length, topics.length + 2, "each passage once, each question once");

      // More passages than a question waits for: the first has words alone, while the vectors are made.
      const book = { ...report, text: Array.from({ length: 12 }, () => report.text).join("\n\f") };
      assert.equal((await read(ask("Fiddle?", book))).by, undefined);
      await until(() => asked.length === topics.length * 13 + 2);
      assert.equal((await read(ask("Fiddle?", book))).by, "nearest");

      isBroken = true;
      assert.equal((await read(fiddle)).by, undefined);
      assert.deepEqual([...new Set(errors)], ["Error: no vectors today"]);

      serve(["small", "bert"]);
      assert.equal((await read(fiddle)).by, "bert");
      // What is deleted with all of one's data is made anew.
      isBroken = false;
      serve(["small", "nearest"]);
      await client.json("DELETE", "/data");
      const made = asked.length;
      await read(fiddle);
      assert.equal(asked.length, made + topics.length + 1);
    } finally {
      client = before;
      await models.get("bert")!.dispose();
    }
  });

  it("of an assistant are searched the same way", async () => {
    const { assistant } = await client.json<{ assistant: { id: string } }>("POST", "/assistants", {
      name: "reader",
      model: "small",
      files: [{ name: report.name, mediaType: report.mediaType, text: report.text }],
    });
    const answer = await say(await make({ assistant: assistant.id }), { text: "harvests" });
    assert.ok(passagesOf(answer)!.passages.some(({ page }) => page === 4));
  });

  it("leave no room for a question that is too long by itself", async () => {
    const id = await make();
    const refusal = await client.refusal("POST", `/conversations/${id}/messages`, {
      ...ask("long ".repeat(2000), report),
      model: "small",
    });
    assert.deepEqual(refusal, [400, "context_length_exceeded"]);
    const { messages } = await client.json<Opened>("GET", `/conversations/${id}`);
    assert.deepEqual(messages, []);
  });
});
