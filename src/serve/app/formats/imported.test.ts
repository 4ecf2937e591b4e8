// An import comes in by slices: seen when it is whole, and all of it or nothing.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { openStore } from "../../../store/open-store.ts";
import { turned } from "../../../turns.ts";
import { type ImportedConversation, storeImported } from "./imported.ts";

const folder = mkdtempSync(join(tmpdir(), "baimo-imported-"));
after(() => rmSync(folder, { recursive: true }));
const OWNER = 1;

/** A chain that takes several slices. */
const long = (id: string): ImportedConversation => ({
  id,
  title: id,
  folder: "box",
  messages: Array.from({ length: 250 }, (_, i) => ({
    id: `${id}-${i}`,
    parent: i === 0 ? null : `${id}-${i - 1}`,
    role: "user",
    parts: [{ type: "text", text: "word" }],
  })),
});

it("shows an import when all of it is there", async () => {
  const store = await openStore(folder);
  const listed = () => store.conversations.list(OWNER).conversations.map(({ id }) => id);
  const importing = storeImported(store, OWNER, [long("long-one"), long("long-two")]);
  await turned();
  assert.ok(!store.conversations.isFree("long-one"));
  assert.deepEqual([listed(), store.conversations.listDeleted(OWNER)], [[], []]);
  assert.equal(store.conversations.find(OWNER, "long-one"), undefined);
  assert.equal(store.messages.find(OWNER, "long-one-0"), undefined);
  assert.deepEqual(store.search.find(OWNER, "word"), []);
  assert.ok(!(await Promise.race([importing.then(() => true), Promise.resolve(false)])));
  const [one] = await importing;
  assert.deepEqual(listed().sort(), ["long-one", "long-two"]);
  const found = store.conversations.find(OWNER, "long-one")!;
  assert.deepEqual([found.leaf, found.deleted], ["long-one-249", null]);
  assert.equal(store.folders.list(OWNER)[0].conversations, 2);
  assert.deepEqual(
    [...store.messages.pages(one.key)].flat().map(({ key }) => key),
    store.messages.list(one.key).map(({ key }) => key),
  );
  await store.close();
});

it("leaves nothing of one that fails, or that was cut off", async () => {
  const store = await openStore(folder);
  const bad = long("long-four");
  const parts = new Proxy([], {
    get() {
      throw new Error("no parts");
    },
  });
  const messages = [...bad.messages, { id: "last-message", parent: null, role: "user" as const, parts }];
  await assert.rejects(storeImported(store, OWNER, [long("long-three"), { ...bad, messages }]), /no parts/);
  for (const id of ["long-three", "long-four"]) assert.ok(store.conversations.isFree(id));
  assert.ok(store.messages.isFree("long-three-0"));
  store.conversations.createArriving(OWNER, { id: "cut-off-one" });
  await store.close();
  const again = await openStore(folder);
  assert.ok(again.conversations.isFree("cut-off-one"));
  await again.close();
});
