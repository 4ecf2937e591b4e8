// Pace on a machine whose steps take what a formula says: gaps, prompts, guesses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

/** Milliseconds of a step: the weights are read once, rows of answers have logits, a prompt's attention grows. */
const taken = (answers: number, prompts: number, position = 0) =>
  12 + 5 * answers + 8 * prompts + (0.3 * prompts * position) / 1000;

test("beside 8 answers no step takes 3 times the usual, and a prompt of 4,000 at most 1.6 times its time alone", () => {
  const pace = new Pace();
  const usual = taken(8, 0);
  for (let i = 0; i < 10; i++) pace.note(usual, 8, 0);
  let alone = 0;
  for (let at = 0; at < 4000; at += 72) alone += taken(0, 72, at);
  const steps: number[] = [];
  let beside = 0;
  for (let at = 0; at < 4000; ) {
    const rows = pace.promptRows(8);
    const ms = taken(8, rows, at);
    pace.note(ms, 8, rows);
    steps.push(ms);
    beside += ms;
    at += rows;
  }
  assert.ok(Math.max(...steps.slice(3)) < 3 * usual, `${Math.max(...steps)} after ${usual}`);
  assert.ok(beside < 1.6 * alone, `${beside / alone} times`);
});

test("where the usual step has become slower, or a single one is, a long prompt goes on at the same share of the time", () => {
  const pace = new Pace();
  for (let i = 0; i < 10; i++) pace.note(taken(8, 0), 8, 0);
  const shareOf = (slower: number, hiccup: (step: number) => number) => {
    const late: { ms: number; rows: number }[] = [];
    for (let i = 0; i < 400; i++) {
      const rows = pace.promptRows(8);
      const ms = taken(8, rows) * slower * hiccup(i);
      pace.note(ms, 8, rows);
      if (i >= 200) late.push({ ms, rows });
    }
    const rows = late.reduce((sum, step) => sum + step.rows, 0);
    return (8 * rows * slower) / late.reduce((sum, { ms }) => sum + ms, 0);
  };
  assert.ok(shareOf(1, () => 1) > 0.6);
  assert.ok(shareOf(2, () => 1) > 0.6);
  assert.ok(shareOf(0.5, () => 1) > 0.6);
  // One step in 66, which are those of a round, takes five times as long: one of those that are looked at.
  assert.ok(shareOf(1, (i) => (i % 66 === 64 ? 5 : 1)) < 0.66);
});

test("guesses pay where a row is cheap beside a step, and likely, and soon made", () => {
  const pace = new Pace();
  const one = { rows: 1, tokens: 1, spent: 0 };
  // One is tried while nothing is known of rows.
  assert.equal(pace.pays(0.3, 0, one), true);
  assert.equal(pace.pays(0.3, 0, { rows: 2, tokens: 1.3, spent: 0 }), false);
  for (let i = 0; i < 10; i++) {
    pace.note(20, 1, 0);
    pace.note(24, 3, 0);
  }
  assert.equal(pace.pays(0.9, 0, one), true);
  assert.equal(pace.pays(0.05, 0, one), false);
  assert.equal(pace.pays(0.9, 10, one), true);
  assert.equal(pace.pays(0.9, 20, one), false);
  assert.equal(pace.pays(0.9, 0, { rows: 100, tokens: 60, spent: 0 }), true);
  for (let i = 0; i < 40; i++) {
    pace.note(20, 1, 0);
    pace.note(60, 3, 0);
  }
  assert.equal(pace.pays(0.9, 0, one), false);
  // After many steps of one row it is time to try again.
  for (let i = 0; i < 150; i++) pace.note(20, 1, 0);
  assert.equal(pace.pays(0.3, 0, one), true);
});
