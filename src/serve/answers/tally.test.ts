// What answers took: prompts once, and what there was of those that ended early.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { ChatEvent, FinishReason } from "../../generate/types.ts";
import { Tally } from "./tally.ts";

const finish = (
  reason: FinishReason,
  [promptTokens, cachedTokens, completionTokens]: number[],
): ChatEvent => ({
  type: "finish",
  reason,
  usage: { promptTokens, cachedTokens, completionTokens },
  timings: { promptMs: 0, generationMs: 0 },
  seed: 1,
});
const delta = (count: number): ChatEvent => ({
  type: "text-delta",
  text: "",
  tokens: Array.from({ length: count }, (_, id) => ({ id })),
});
const read = (done: number): ChatEvent => ({ type: "prompt-progress", done, total: 10 });
const count = (each: number, answers: readonly (readonly ChatEvent[])[]) => {
  const tally = new Tally(answers.length, each);
  for (const [i, events] of answers.entries()) for (const event of events) tally.take(i, event);
  const { prompt, cached, completion } = tally.counts;
  return [prompt, cached, completion];
};

it("counts a prompt once, and each of several", () => {
  const answer = (cached: number) => [read(10), delta(2), finish("stop", [10, cached, 3])];
  assert.deepEqual(count(2, [answer(4), answer(9)]), [10, 4, 6]);
  assert.deepEqual(count(1, [answer(4), answer(9)]), [20, 13, 6]);
});

it("counts what there was of an answer that ended early", () => {
  const whole = [read(10), delta(2), finish("aborted", [10, 4, 2])];
  assert.deepEqual(count(1, [whole]), [10, 4, 2]);
  assert.deepEqual(count(1, [[read(6), finish("aborted", [10, 4, 0])]]), [6, 4, 0]);
  assert.deepEqual(count(1, [[finish("aborted", [10, 0, 0])]]), [0, 0, 0]); // it waited
  assert.deepEqual(count(1, [[read(10), delta(2)]]), [10, 0, 2]); // its device was lost
  assert.deepEqual(count(2, [whole, []]), [10, 4, 2]);
});
