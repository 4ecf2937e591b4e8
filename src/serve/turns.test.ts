// Of many that come at once, one begins in each turn of the loop; one alone does not wait.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("one begins a turn, in the order of coming", async () => {
  const turns = new Turns();
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
  const ofTurn = log.map((line) => line.split(" ")[1]);
  assert.deepEqual(
    log.map((line) => line[0]),
    ["a", "b", "c", "d"],
  );
  assert.equal(new Set(ofTurn).size, 4);
  assert.equal(ofTurn[0], "0");
});
