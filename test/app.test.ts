// The application with the real handler and the poet: trees, answers without a reader, refusals.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { statedEnergy } from "../src/serve/node.ts";
import type { Message } from "../src/store/messages.ts";
import { openStore } from "../src/store/open-store.ts";
import type { Part } from "../src/store/parts.ts";
import type { Store } from "../src/store/store.ts";
import type { UsageRow } from "../src/store/usage.ts";
import {
  type AppClient,
  appClient,
  collect,
  type Opened,
  partsOf,
  type Said,
  type SentEvent,
} from "./app-client.ts";

describe("the application", () => {
  const folder = mkdtempSync(join(tmpdir(), "baimo-app-"));
  let model: Model;
  let store: Store;
  let client: AppClient;
  const closing = new AbortController();
  const begin = async () => {
    store = await openStore(folder);
    const models = new Map([["poet", model]]);
    const energy = statedEnergy({ watts: 10, source: "its maker" });
    client = appClient(createHandler({ models, application: { store }, energy, signal: closing.signal }));
  };
  before(async () => {
    model = await load("poet", { threads: 1 });
    await begin();
  });
  after(async () => {
    await store.close();
    await model.dispose();
    rmSync(folder, { recursive: true });
  });
  const make = async (fields: object = {}) => {
    const { conversation } = await client.json<Opened>("POST", "/conversations", fields);
    return conversation.id;
  };
  const say = (id: string, text: string, more: object = {}) =>
    client.json<Said>("POST", `/conversations/${id}/messages`, {
      text,
      options: { seed: 1, maxTokens: 24 },
      ...more,
    });
  const open = (id: string) => client.json<Opened>("GET", `/conversations/${id}`);
  const usage = async () => (await client.json<{ usage: UsageRow[] }>("GET", "/usage")).usage;
  const end = (events: readonly SentEvent[]) => events.at(-1)!.data;

  it("answers when nobody reads, and whoever comes later reads the same", async () => {
    const id = await make({ draft: "秋" });
    const { message, answer, context } = await say(id, "秋夜");
    assert.deepEqual([message.parts, message.parent], [[{ type: "text", text: "秋夜" }], null]);
    assert.deepEqual([answer.status, answer.parent, answer.model], ["running", message.id, "poet"]);
    assert.equal(context.contextLength, 512);
    const first: SentEvent[] = [];
    for await (const event of client.events(answer.id)) {
      if (event.type === "progress") continue;
      first.push(event);
      if (first.length === 2) break; // the client leaves
    }
    const { messages } = await open(id);
    const reloaded = messages.find((each) => each.id === answer.id)!;
    const [rest, second] = await Promise.all([
      collect(client.events(answer.id, reloaded.events)),
      collect(client.events(answer.id)),
    ]);
    assert.deepEqual(second.slice(0, 2), first);
    assert.deepEqual(
      second.map((event) => event.id),
      second.map((_, i) => i + 1),
    );
    assert.deepEqual(partsOf(rest, reloaded.parts), partsOf(second));
    const done = await open(id);
    const written = done.messages[1];
    assert.deepEqual(written.parts, partsOf(second));
    assert.deepEqual([written.status, written.finish, written.seed], ["done", end(second).finish, 1]);
    const used = await usage();
    const { promptTokens, completionTokens } = written.usage!;
    assert.deepEqual(
      used.map((row) => [row.model, row.promptTokens, row.completionTokens, row.energyFrom, row.currency]),
      [["poet", promptTokens, completionTokens, "stated", ""]],
    );
    assert.ok(used[0].joules > 0 && used[0].generationMs > 0, JSON.stringify(used));
    assert.deepEqual(end(second).usage, written.usage);
    assert.deepEqual([done.conversation.title, done.conversation.draft], ["秋夜", ""]);
    assert.equal(
      (await client.send("GET", `/answers/${answer.id}/events?after=${written.events}`)).status,
      204,
    );
    // What the model says by itself is the same.
    let alone = "";
    const options = { seed: 1, maxTokens: 24 };
    for await (const event of model.chat([{ role: "user", content: "秋夜" }], options))
      if (event.type === "text-delta") alone += event.text;
    assert.deepEqual(written.parts, [{ type: "text", text: alone }]);
  });

  it("keeps versions of questions and answers, and the branch that was chosen", async () => {
    const id = await make();
    const one = await say(id, "春");
    await collect(client.events(one.answer.id));
    const two = await say(id, "夏");
    await collect(client.events(two.answer.id));
    const edited = await client.json<Said>("POST", `/messages/${one.message.id}/edit`, {
      text: "冬",
      options: { maxTokens: 4 },
    });
    await collect(client.events(edited.answer.id));
    const again = await client.json<Said>("POST", `/messages/${edited.answer.id}/regenerate`, {
      options: { maxTokens: 4 },
    });
    await collect(client.events(again.answer.id));
    const { conversation, messages } = await open(id);
    const parents = messages.map(({ parent, role }) => [
      role,
      messages.findIndex((each) => each.id === parent),
    ]);
    assert.deepEqual(parents, [
      ["user", -1],
      ["assistant", 0],
      ["user", 1],
      ["assistant", 2],
      ["user", -1],
      ["assistant", 4],
      ["assistant", 4],
    ]);
    assert.equal(conversation.leaf, again.answer.id);
    const chosen = await client.json<Opened>("POST", `/messages/${one.message.id}/choose`, {});
    assert.equal(chosen.conversation.leaf, two.answer.id);
    const note = await client.json<Said>("POST", `/messages/${two.answer.id}/edit`, { text: "my own" });
    assert.deepEqual(
      [note.message.role, note.message.parent, note.answer],
      ["assistant", two.message.id, null],
    );
  });

  it("stops an answer, and goes on with it", async () => {
    const id = await make();
    const { answer } = await say(id, "秋江", { options: { seed: 3 } });
    const before = (await usage())[0];
    for await (const event of client.events(answer.id)) if (event.type === "text") break;
    const { message } = await client.json<{ message: Message }>("POST", `/answers/${answer.id}/stop`, {});
    assert.equal(message.status, "stopped");
    const said = textOf(message.parts);
    assert.notEqual(said, "");
    const after = (await usage())[0];
    assert.equal(after.answers, before.answers + 1, "what was stopped was written, too");
    assert.ok(after.completionTokens > before.completionTokens && after.joules > before.joules);
    const went = await client.json<Said>("POST", `/messages/${answer.id}/continue`, {
      options: { maxTokens: 8 },
    });
    assert.deepEqual([went.answer.status, went.answer.parts], ["running", message.parts]);
    const events = await collect(client.events(answer.id, went.answer.events));
    const now = (await open(id)).messages[1];
    assert.ok(textOf(now.parts).startsWith(said) && textOf(now.parts).length > said.length);
    assert.deepEqual(now.parts, partsOf(events, message.parts));
    // Who asks for what is kept no more gets it whole.
    const [whole] = await collect(client.events(answer.id, 0));
    assert.deepEqual([whole.type, whole.data.parts], ["message", now.parts]);
  });

  it("refuses what does not fit before anything is stored", async () => {
    const id = await make();
    const { answer } = await say(id, "春");
    await collect(client.events(answer.id));
    const before = await open(id);
    const path = `/conversations/${id}/messages`;
    const long = { text: "春".repeat(3000) };
    assert.deepEqual(await client.refusal("POST", path, long), [400, "context_length_exceeded"]);
    assert.deepEqual(await client.refusal("POST", path, { text: "a", model: "no" }), [
      404,
      "model_not_found",
    ]);
    assert.deepEqual(await client.refusal("POST", path, {}), [400, "missing_required_parameter"]);
    assert.deepEqual(await client.refusal("POST", path, { text: "a", parent: "no" }), [404, "not_found"]);
    assert.deepEqual(await open(id), before);
    const { tokens } = await client.json<{ tokens: number }>("POST", `/conversations/${id}/count`, long);
    assert.ok(tokens > 3000);
    const next = await say(id, "秋");
    await collect(client.events(next.answer.id));
  });

  it("does nothing twice that comes with its id", async () => {
    const id = await make({ id: "my-conversation" });
    assert.equal(await make({ id }), id);
    const first = await say(id, "月", { id: "my-message" });
    const second = await say(id, "月", { id: "my-message" });
    assert.deepEqual([second.message.id, second.answer.id], [first.message.id, first.answer.id]);
    await collect(client.events(first.answer.id));
    assert.equal((await open(id)).messages.length, 2);
    const taken = [409, "id_taken"];
    const other = await make();
    const path = (conversation: string) => `/conversations/${conversation}/messages`;
    const same = { id: "my-message", text: "月", answer: false };
    assert.deepEqual(await client.refusal("POST", path(other), same), taken);
    assert.deepEqual(await client.refusal("POST", path(id), { id: "my-message", text: "日" }), taken);
    assert.deepEqual(
      await client.refusal("POST", path(id), { id: "my-message", text: "月", parent: first.answer.id }),
      taken,
    );
    assert.deepEqual(await client.refusal("POST", "/messages/my-message/edit", same), taken);
    assert.deepEqual((await open(other)).messages, []);
    const twice = { id: "my-other-message", text: "星", options: { maxTokens: 2 } };
    const [one, two] = await Promise.all([1, 2].map(() => client.json<Said>("POST", path(other), twice)));
    assert.equal(one.answer.id, two.answer.id);
    await collect(client.events(one.answer.id));
  });

  it("deletes with a way back, finds, sorts into folders", async () => {
    const id = await make({ title: "寒山寺" });
    const { folder } = await client.json<{ folder: { id: string } }>("POST", "/folders", { name: "诗" });
    await client.json("POST", `/conversations/${id}`, { folder: folder.id, pinned: true });
    const { conversations } = await client.json<{ conversations: { id: string }[] }>(
      "GET",
      `/conversations?folder=${folder.id}`,
    );
    assert.deepEqual(
      conversations.map((each) => each.id),
      [id],
    );
    const hits = () =>
      client.json<{ hits: { conversation: { id: string } }[] }>("GET", `/search?q=${encodeURI("山寺")}`);
    assert.equal((await hits()).hits[0].conversation.id, id);
    await client.json("DELETE", `/conversations/${id}`);
    assert.deepEqual((await hits()).hits, []);
    assert.deepEqual(await client.refusal("POST", `/conversations/${id}/messages`, { text: "a" }), [
      409,
      "deleted",
    ]);
    await client.json("POST", `/conversations/${id}/restore`, {});
    assert.equal((await hits()).hits.length, 1);
    assert.deepEqual(
      (await client.json<{ conversations: object[] }>("GET", "/conversations?deleted=true")).conversations,
      [],
    );
  });

  it("answers as an assistant: its words, its options, a fall-back where its model is not here", async () => {
    const { assistant } = await client.json<{ assistant: { id: string } }>("POST", "/assistants", {
      name: "诗人",
      model: "large",
      fallbacks: ["poet"],
      options: { maxTokens: 3, temperature: 0 },
      starters: ["秋夜"],
    });
    const id = await make({ assistant: assistant.id });
    const { answer } = await client.json<Said>("POST", `/conversations/${id}/messages`, { text: "秋夜" });
    assert.deepEqual([answer.model, answer.assistant], ["poet", assistant.id]);
    const events = await collect(client.events(answer.id));
    assert.deepEqual([end(events).finish, end(events).usage.completionTokens], ["length", 3]);
    const file = await client.json<{ assistant: object }>("GET", `/assistants/${assistant.id}/export`);
    const twin = await client.json<{ assistant: object }>("POST", "/assistants/import", { data: file });
    const { assistant: kept } = await client.json<{ assistant: object }>(
      "GET",
      `/assistants/${assistant.id}`,
    );
    const plain = ({ id: _, created: __, updated: ___, ...rest }: Record<string, unknown>) => rest;
    assert.deepEqual(
      plain(twin.assistant as Record<string, unknown>),
      plain(kept as Record<string, unknown>),
    );
  });

  it("gives out everything and takes it in again", async () => {
    const file = await client.json<{ conversations: Opened[] }>("GET", "/export");
    const taken = await client.json<{ conversations: { id: string }[]; skipped: object[] }>(
      "POST",
      "/import",
      { data: file },
    );
    assert.deepEqual(
      taken.skipped
        .map((each) => (each as { reason: string }).reason)
        .filter((why) => !/no messages/.test(why)),
      [],
    );
    const before = await open("my-conversation");
    const at = file.conversations
      .filter(({ messages }) => messages.length > 0)
      .findIndex((each) => "id" in each && each.id === "my-conversation");
    const after = await open(taken.conversations[at].id);
    const what = ({ messages }: Opened) =>
      messages.map(({ role, parts, model, status }) => ({ role, parts, model, status }));
    assert.deepEqual(what(after), what(before));
    // Ids stay where nobody has them.
    const data = JSON.parse(JSON.stringify(file).replaceAll("my-", "our-"));
    await client.json("POST", "/import", { data });
    const moved = await open("our-conversation");
    assert.deepEqual([moved.messages[0].id, moved.conversation.leaf], ["our-message", moved.messages[1].id]);
    const markdown = await (
      await client.send("GET", "/conversations/my-conversation/export?format=markdown")
    ).text();
    assert.match(markdown, /^# 月\n\n## User\n\n月\n\n## Assistant\n\n/);
  });

  it("is for its own page alone", async () => {
    const handler = createHandler({ models: [model], application: { store }, allowOrigins: ["*"] });
    const ask = (headers: Record<string, string>, method = "GET") =>
      handler(new Request("http://localhost/app/v1/conversations", { method, headers }));
    assert.equal((await ask({ origin: "https://elsewhere.example" })).status, 403);
    assert.equal((await ask({ origin: "null" })).status, 403);
    assert.equal((await ask({ "sec-fetch-site": "cross-site" })).status, 403);
    assert.equal((await ask({ origin: "http://localhost" })).status, 200);
    const preflight = await ask(
      { origin: "https://elsewhere.example", "access-control-request-method": "POST" },
      "OPTIONS",
    );
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
    const without = createHandler({ models: [model], application: { absent: "no room" } });
    const answer = await without(new Request("http://localhost/app/v1/conversations"));
    assert.deepEqual([answer.status, (await answer.json()).error.message], [503, "no room"]);
  });

  it("marks what was under way when the server closed", async () => {
    const id = await make();
    const { answer } = await say(id, "江", { options: { seed: 2 } });
    for await (const event of client.events(answer.id)) if (event.type === "text") break;
    closing.abort();
    await store.close();
    await begin();
    const { messages } = await open(id);
    assert.equal(messages[1].status, "interrupted");
    assert.notEqual(textOf(messages[1].parts), "");
  });
});

const textOf = (parts: readonly Part[]) =>
  parts.map((part) => (part.type === "text" ? part.text : "")).join("");
