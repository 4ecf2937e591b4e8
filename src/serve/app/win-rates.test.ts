// Records of comparisons: wins, ties and losses, and their intervals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { winRates } from "./win-rates.ts";

test("each who answered has a record, the best first; a tie is half a win", () => {
  const [a, b, c] = ["a", "b", "c"].map((model) => ({ model, assistant: null }));
  const asked = (contestants: object[], winner: number | null) => ({
    question: "q",
    contestants: contestants as (typeof a)[],
    winner,
    created: 0,
  });
  const rates = winRates([asked([a, b], 0), asked([b, a], 1), asked([a, b, c], null), asked([c, a], 0)]);
  assert.deepEqual(
    rates.map(({ model, wins, ties, losses }) => [model, wins, ties, losses]),
    [
      ["c", 1, 1, 0],
      ["a", 2, 1, 1],
      ["b", 0, 1, 2],
    ],
  );
  assert.deepEqual(
    rates.map(({ rate }) => rate),
    [0.75, 0.625, 0.5 / 3],
  );
  for (const { rate, low, high } of rates) assert.ok(0 <= low && low < rate && rate < high && high <= 1);
  assert.deepEqual(winRates([]), []);
});
