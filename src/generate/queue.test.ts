// A model's queue: so many calls at once, so many that wait, and the next is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "./queue.ts";

const stateOf = ({ active, waiting, limit }: Queue) => ({ active, waiting, limit });

test("calls beyond those that run wait, and those beyond the limit are refused", () => {
  const queue = new Queue(2, 1);
  const leave = [queue.enter(), queue.enter(), queue.enter()];
  assert.deepEqual(stateOf(queue), { active: 2, waiting: 1, limit: 1 });
  assert.throws(() => queue.enter(), { code: "busy" });
  leave[0]();
  leave[0]();
  assert.deepEqual(stateOf(queue), { active: 2, waiting: 0, limit: 1 });
  queue.enter();
  assert.throws(() => queue.enter(), { code: "busy" });
});

test("a call of many requests has a few of them under way, in their order", async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const run = new Queue(1, 0).paced((request: number) => {
    begun.push(request);
    return new Promise<number>((resolve) => ends.push(() => resolve(request)));
  });
  const all = Promise.all([1, 2, 3, 4].map(run));
  assert.deepEqual(begun, [1, 2]);
  for (let i = 0; i < 4; i++) {
    ends[i]();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(begun, [1, 2, 3, 4]);
  assert.deepEqual(await all, [1, 2, 3, 4]);
});
