// Answers to one request side by side: all come, and no more at once than leave room for others.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatEvent, Finish } from "../../generate/types.ts";
import type { Work } from "../work.ts";
import { runChoices } from "./choices.ts";

test("one request has a part of its answers at the model at a time", async () => {
  let [running, most, spent, done] = [0, 0, 0, 0];
  async function* answer(): AsyncGenerator<ChatEvent, Finish> {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    const usage = { promptTokens: 1, completionTokens: 1, cachedTokens: 0 };
    const timings = { promptMs: 0, generationMs: 0 };
    const finish: Finish = { reason: "stop", usage, timings, seed: 0 };
    yield { type: "finish", ...finish };
    return finish;
  }
  const work: Work = {
    signal: new AbortController().signal,
    stop: () => assert.fail("nothing stops it"),
    watch: () => () => {},
    turn: () => Promise.resolve(),
    done: () => done++,
    spend: ({ completion = 0 }) => (spent += completion),
    taken: new Promise(() => {}),
  };
  const came = new Set<number>();
  for await (const { index } of runChoices(Array.from({ length: 300 }, answer), work, 1)) came.add(index);
  assert.deepEqual([came.size, most <= 64, running, spent, done], [300, true, 0, 300, 1]);
});
