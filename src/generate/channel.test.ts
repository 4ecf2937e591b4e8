// What is pushed comes out in order, whenever it is read; an error comes after it.
import assert from "node:assert/strict";
import { it } from "node:test";
import { Channel } from "./channel.ts";

it("gives what was pushed before and while it is read, then ends", async () => {
  const channel = new Channel<number>();
  channel.push(1);
  channel.push(2);
  setImmediate(() => {
    channel.push(3);
    channel.close();
    channel.push(4);
  });
  const read: number[] = [];
  for await (const value of channel) read.push(value);
  assert.deepEqual(read, [1, 2, 3]);
});

it("throws what it was closed with after what was pushed", async () => {
  const channel = new Channel<number>();
  channel.push(1);
  channel.close(new Error("lost"));
  const read: number[] = [];
  await assert.rejects(async () => {
    for await (const value of channel) read.push(value);
  }, /lost/);
  assert.deepEqual(read, [1]);
});
