// Turns: first come, first served within a priority, and prompts that share a step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { enqueue, shareRows, turnOf } from "./turns.ts";

test("requests are in the order in which they came, within a priority", () => {
  const list: { name: string; turn: number }[] = [];
  const come = (name: string, at: number, priority?: number) =>
    enqueue(list, { name, turn: turnOf(at, priority) });
  come("a", 0);
  come("b", 5);
  come("urgent", 9, 1);
  come("c", 9);
  come("c2", 9);
  come("urgent too", 10, 1);
  come("idle", 10, -1);
  assert.equal(list.map(({ name }) => name).join(), "urgent,urgent too,a,b,c,c2,idle");
});

test("no priority is more than time: who has waited long enough is before those that come", () => {
  const list: { name: string; turn: number }[] = [];
  enqueue(list, { name: "patient", turn: turnOf(0) });
  enqueue(list, { name: "urgent", turn: turnOf(50_001, 5) });
  enqueue(list, { name: "in time", turn: turnOf(49_999, 5) });
  assert.equal(list.map(({ name }) => name).join(), "in time,patient,urgent");
});

test("a long prompt leaves half a step to short ones, and no short ones take more than half of it", () => {
  assert.deepEqual(shareRows([4000], 72), [72]);
  assert.deepEqual(shareRows([4000, 10, 900], 72), [36, 10, 26]);
  assert.deepEqual(shareRows([4000, 10], 72), [62, 10]);
  assert.deepEqual(shareRows([20, 4000, 500], 72), [20, 0, 52]);
  assert.deepEqual(shareRows([500, 500, 500], 72), [72, 0, 0]);
  assert.deepEqual(shareRows([3, 3, 3], 4), [3, 1, 0]);
  assert.deepEqual(shareRows([], 72), []);
});
