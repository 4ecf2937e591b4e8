// Of many that come at once, so many begin in each turn of the loop; few do not wait.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

for (const [each, took] of [
  [1, [0, 1, 2, 3]],
  [2, [0, 0, 1, 1]],
  [8, [0, 0, 0, 0]],
] as const) {
  test(`${each} of four begin in a turn, in the order of coming`, async () => {
    const turns = new Turns(each);
    const log: string[] = [];
    let turn = 0;
    let counting = true;
    const count = () => {
      turn++;
      if (counting) setImmediate(count);
    };
    const begin = async (name: string) => {
      await turns.take();
      log.push(`${name} ${turn}`);
    };
    setImmediate(count);
    await Promise.all(["a", "b", "c", "d"].map(begin));
    counting = false;
    assert.deepEqual(
      log,
      ["a", "b", "c", "d"].map((name, i) => `${name} ${took[i]}`),
    );
  });
}
