// The store, over every driver that is here: trees, logs, lists, search, plans of queries.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Database } from "./database.ts";
import { usage } from "./migrations/0005-usage.ts";
import { usageEnergyCost } from "./migrations/0011-usage-energy-cost.ts";
import { type Driver, drivers, openDatabase } from "./open-database.ts";
import { openStore, STORE_FILE } from "./open-store.ts";
import type { Part } from "./parts.ts";
import { Store } from "./store.ts";
import type { UsageRow } from "./usage.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-store-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;
const newFolder = () => join(folder, `${folders++}`);
const said = (text: string): Part[] => [{ type: "text", text }];
const OWNER = 1;

for (const driver of drivers) {
  describe(driver.name, async () => {
    const memory = await driver(":memory:").catch(() => undefined);
    memory?.close();
    const skip = memory ? false : "this Node has none";
    it("keeps a conversation as a tree", { skip }, () => keepsTree(driver));
    it("takes names for one that are written alike", { skip }, () => foldsNames(driver));
    it("forgets long conversations, and starts where it cannot", { skip }, () => forgetsLong(driver));
    it("marks answers that broke off", { skip }, () => marksBroken(driver));
    it("lists by pages, pinned first", { skip }, () => listsPages(driver));
    it("finds words in Chinese and English, its owner's alone", { skip }, () => finds(driver));
    it("is one server's, and can be copied meanwhile", { skip }, () => isLocked(driver));
    it("rolls back what fails", { skip }, () => rollsBack(driver));
    it("asks nothing without an index", { skip }, () => usesIndexes(driver));
    it("keeps usage of before energy and cost were known", { skip }, () => keepsUsage(driver));
    it("refuses what is no store, and a later one", { skip }, () => refuses(driver));
  });
}

async function keepsTree(driver: Driver) {
  const path = newFolder();
  const store = await openStore(path, { driver });
  const { key, id } = store.conversations.create(OWNER, { title: "  秋\n夜 ", settings: { system: "s" } });
  const first = store.messages.add({
    conversation: key,
    parent: null,
    role: "user",
    parts: said("one\u0000"),
  });
  const answer = store.messages.add({
    conversation: key,
    parent: first.key,
    role: "assistant",
    parts: [
      { type: "reasoning", text: "r" },
      { type: "text", text: "a" },
    ],
    model: "poet",
    outcome: { finish: "stop", seed: 7 },
  });
  const edited = store.messages.add({ conversation: key, parent: null, role: "user", parts: said("two") });
  store.conversations.setLeaf(key, edited.key);
  await store.close();
  const again = await openStore(path, { driver });
  const found = again.conversations.find(OWNER, id)!;
  assert.deepEqual(
    [found.title, found.leaf, found.settings, found.running],
    ["秋 夜", edited.id, { system: "s" }, false],
  );
  assert.deepEqual(again.messages.list(key), [first, answer, edited]);
  assert.deepEqual(
    [answer.parent, answer.finish, answer.seed, first.parts],
    [first.id, "stop", 7, said("one\u0000")],
  );
  assert.equal(again.conversations.find(OWNER + 1, id), undefined);
  assert.equal(again.messages.find(OWNER + 1, first.id), undefined);
  again.conversations.setDeleted(found, 5);
  assert.equal(again.conversations.list(OWNER).conversations.length, 0);
  assert.equal(again.conversations.purge(6), 1);
  assert.deepEqual(again.messages.list(key), []);
  await again.close();
}

async function foldsNames(driver: Driver) {
  const path = newFolder();
  const store = await openStore(path, { driver });
  for (const name of ["Ann", "ａｎｎ", "straße"]) store.users.create({ name, role: "user", password: "x" });
  const found = (name: string, { users } = store) => users.named(name)?.name;
  assert.deepEqual(
    ["ANN", "ａｎｎ", "ＡＮＮ", "STRASSE"].map((name) => found(name)),
    ["Ann", "ａｎｎ", "Ann", "straße"],
  );
  await store.close();
  const database = await driver(join(path, STORE_FILE));
  database.exec("UPDATE users SET folded = NULL"); // as a database of before
  database.close();
  const again = await openStore(path, { driver });
  assert.equal(found("Strasse", again), "straße");
  assert.equal(again.users.named(""), undefined);
  await again.close();
}

async function forgetsLong(driver: Driver) {
  const path = newFolder();
  const store = await openStore(path, { driver });
  const user = store.users.create({ name: "long", role: "user", password: "x" });
  const keys = [OWNER, user.key].map((owner) => {
    const made = store.conversations.create(owner);
    let parent: number | null = null;
    store.transaction(() => {
      for (let i = 0; i < 1100; i++)
        parent = store.messages.add({ conversation: made.key, parent, role: "user", parts: said("m") }).key;
    });
    if (owner === OWNER) store.conversations.setDeleted(made, 5);
    return made.key;
  });
  store.transaction(() => store.users.delete(user));
  assert.deepEqual(store.messages.list(keys[1]), []);
  await store.close();
  const database = await driver(join(path, STORE_FILE));
  database.exec("CREATE TRIGGER refuse BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'no'); END");
  database.close();
  const again = await openStore(path, { driver });
  assert.equal(again.messages.list(keys[0]).length, 1100);
  assert.equal(again.messages.list(keys[0])[1].parent, again.messages.list(keys[0])[0].id);
  await again.close();
  const healed = await driver(join(path, STORE_FILE));
  healed.exec("DROP TRIGGER refuse");
  healed.close();
  const last = await openStore(path, { driver });
  assert.deepEqual([last.messages.list(keys[0]), last.conversations.listDeleted(OWNER)], [[], []]);
  await last.close();
}

async function marksBroken(driver: Driver) {
  const path = newFolder();
  const store = await openStore(path, { driver });
  const { key, id } = store.conversations.create(OWNER);
  const { messages } = store;
  const { key: answer } = messages.add({
    conversation: key,
    parent: null,
    role: "assistant",
    parts: [],
    status: "running",
  });
  let n = 0;
  for (let i = 0; i < 300; i++) n = messages.addEvents(answer, n, [{ type: "text", text: `${i},` }]);
  const text = Array.from({ length: 300 }, (_, i) => `${i},`).join("");
  assert.deepEqual([messages.get(answer).parts, messages.get(answer).events], [said(text), 300]);
  assert.equal(store.conversations.find(OWNER, id)?.running, true);
  await store.close();
  const again = await openStore(path, { driver });
  const after = again.messages.get(answer);
  assert.deepEqual([after.status, after.parts, after.events], ["interrupted", said(text), 301]);
  assert.deepEqual(again.messages.eventsAfter(answer, 0), []);
  assert.equal(again.search.find(OWNER, "299")[0].message, after.id);
  await again.close();
}

async function listsPages(driver: Driver) {
  const store = await openStore(newFolder(), { driver });
  const { conversations } = store;
  const box = store.folders.create(OWNER, "box");
  for (let i = 0; i < 25; i++)
    conversations.create(OWNER, {
      title: `${i}`,
      updated: i >> 1,
      pinned: i === 3,
      folder: i % 5 ? "" : box.id,
    });
  const titles: string[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; ) {
    const page = conversations.list(OWNER, { limit: 4, cursor });
    titles.push(...page.conversations.map(({ title }) => title));
    cursor = page.next ?? undefined;
  }
  const rest = Array.from({ length: 25 }, (_, i) => 24 - i).filter((i) => i !== 3);
  assert.deepEqual(titles, ["3", ...rest.map(String)]);
  const inBox = conversations.list(OWNER, { folder: box.id }).conversations.map(({ title }) => title);
  assert.deepEqual(inBox, ["20", "15", "10", "5", "0"]);
  assert.deepEqual(store.folders.list(OWNER), [{ id: box.id, name: "box", conversations: 5 }]);
  assert.equal(store.folders.delete(OWNER + 1, box.id), false);
  assert.equal(store.folders.delete(OWNER, box.id), true);
  assert.equal(conversations.list(OWNER, { limit: 50 }).conversations.length, 25);
  assert.deepEqual(conversations.list(OWNER + 1).conversations, []);
  await store.close();
}

async function finds(driver: Driver) {
  const store = await openStore(newFolder(), { driver });
  const other = store.users.create({ name: "other", role: "user", password: "x" });
  const texts = ["千山鸟飞绝，万径人踪灭。", "The café's Model of a 𠮷野家 answer", "孤舟蓑笠翁，独钓寒江雪"];
  for (const owner of [OWNER, other.key]) {
    const { key } = store.conversations.create(owner, { title: "江雪 (Liu Zongyuan)" });
    for (const text of texts)
      store.messages.add({ conversation: key, parent: null, role: "user", parts: said(text) });
  }
  const found = (question: string) => store.search.find(OWNER, question).map(({ match }) => match);
  assert.deepEqual(found("万径人踪"), ["万径人踪"]);
  assert.deepEqual(found("江雪"), ["江雪", "江雪"]); // the title, then the text
  assert.deepEqual(found("飞"), ["飞"]);
  assert.deepEqual(found("灭"), ["灭"]);
  assert.deepEqual(found("飞雪"), []);
  assert.deepEqual(found("MODEL ans"), ["Model"]);
  assert.deepEqual(found("CAFE"), [""]); // found, but not letter by letter
  assert.deepEqual(found("𠮷野"), ["𠮷野"]);
  assert.deepEqual(found('" OR * NEAR('), []);
  assert.deepEqual(found("zongyuan"), ["Zongyuan"]);
  const [hit] = store.search.find(OWNER, "寒江");
  assert.equal(hit.before + hit.match + hit.after, texts[2]);
  await store.close();
}

async function isLocked(driver: Driver) {
  const path = newFolder();
  const store = await openStore(path, { driver });
  await assert.rejects(openStore(path, { driver }), {
    code: "request",
    message: /another baimo server uses/,
  });
  const { id } = store.conversations.create(OWNER, { title: "kept" });
  const beside = await openStore(path, { driver, serving: false });
  beside.check();
  beside.backup(join(path, "copy.db"));
  await beside.close();
  await store.close();
  const copy = new Store(await openDatabase(join(path, "copy.db"), driver));
  assert.equal(copy.conversations.find(OWNER, id)?.title, "kept");
  await copy.close();
}

async function rollsBack(driver: Driver) {
  const store = await openStore(newFolder(), { driver });
  const made = store.conversations.create(OWNER, { id: "same-id" });
  const fail = () =>
    store.transaction(() => {
      store.conversations.update(OWNER, made, { title: "changed" });
      store.conversations.create(OWNER, { id: "same-id" });
    });
  assert.throws(fail, /UNIQUE/);
  assert.throws(fail, /UNIQUE/);
  assert.equal(store.conversations.find(OWNER, made.id)?.title, "");
  store.transaction(() => store.conversations.update(OWNER, made, { title: "changed" }), { synced: false });
  assert.equal(store.conversations.find(OWNER, made.id)?.title, "changed");
  await store.close();
}

/**
 * Every statement is prepared when a store is made: their plans look tables up and never read one through; full-text search
 * goes by its words (M) or a row's number (=).
 */
async function usesIndexes(driver: Driver) {
  const database = await openDatabase(":memory:", driver);
  const prepared: string[] = [];
  const watched: Database = {
    ...database,
    prepare: (sql) => {
      prepared.push(sql);
      return database.prepare(sql);
    },
  };
  new Store(watched);
  const statements = prepared.filter((sql) => !sql.startsWith("PRAGMA"));
  assert.ok(statements.length > 40, `${statements.length} statements`);
  for (const sql of statements) {
    const steps = database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all<{ detail: string }>(...Array.from(sql.matchAll(/\?/g), () => null));
    const scans = steps.filter(({ detail }) => /^SCAN (?!\w+ VIRTUAL TABLE INDEX \d+:[M=])/.test(detail));
    assert.deepEqual(scans, [], sql);
    const sorts = steps.filter(({ detail }) => /TEMP B-TREE/.test(detail));
    assert.deepEqual(sorts, [], sql);
  }
  database.close();
}

async function keepsUsage(driver: Driver) {
  const database = await driver(":memory:");
  database.exec(`CREATE TABLE users (key INTEGER PRIMARY KEY); INSERT INTO users VALUES (1); ${usage}`);
  database.exec("INSERT INTO usage VALUES (1, '2026-11-28', 'poet', '', 2, 10, 4, 30, 1.5, 2.5)");
  database.exec(usageEnergyCost);
  const [{ answers, completionTokens, generationMs, energyFrom, currency }] = database
    .prepare("SELECT * FROM usage")
    .all<UsageRow>();
  database.close();
  assert.deepEqual([answers, completionTokens, generationMs, energyFrom, currency], [2, 30, 2.5, "", ""]);
}

async function refuses(driver: Driver) {
  const path = newFolder();
  await (await openStore(path, { driver })).close();
  const file = join(path, STORE_FILE);
  const database = await driver(file);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await assert.rejects(openStore(path, { driver }), { code: "format", message: /schema 99.*newer version/ });
  const other = newFolder();
  mkdirSync(other);
  writeFileSync(
    join(other, STORE_FILE),
    "no database at all, but long enough to be looked at as one".repeat(20),
  );
  await assert.rejects(openStore(other, { driver }), {
    code: "format",
    message: /cannot be opened as a database/,
  });
}
