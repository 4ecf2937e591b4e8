// The store of responses keeps to its bounds, and what was used last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ResponseStore } from "./response-store.ts";

const stored = (text: string) => ({ response: { text }, items: [] });

test("the least recently used goes first, by number", () => {
  const store = new ResponseStore({ most: 2, maxSize: 1000 });
  store.set("a", stored("1"));
  store.set("b", stored("2"));
  assert.deepEqual(store.get("a")?.response, { text: "1" });
  store.set("c", stored("3"));
  assert.equal(store.get("b"), undefined);
  assert.ok(store.get("a") && store.get("c"));
  assert.equal(store.delete("a"), true);
  assert.equal(store.delete("a"), false);
});

test("by size, whatever was replaced or deleted before", () => {
  const store = new ResponseStore({ most: 100, maxSize: 300 });
  for (let i = 0; i < 20; i++) store.set("same", stored("x".repeat(100)));
  store.set("b", stored("x".repeat(100)));
  assert.ok(store.get("same") && store.get("b"));
  store.set("c", stored("x".repeat(100)));
  assert.equal(store.get("same"), undefined);
  store.set("huge", stored("x".repeat(400)));
  assert.equal(store.get("huge"), undefined);
  assert.ok(store.get("b") && store.get("c"), "what cannot be kept drives nothing out");
});
