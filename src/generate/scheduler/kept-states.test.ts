// Kept states: room for few, those of a long text thin out, used ones stay.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeptStates } from "./kept-states.ts";

interface Page {
  readonly tokens: readonly number[];
  readonly parent?: Page;
}

/** A text of so many pages of 32 tokens. */
function textOf(count: number): Page[] {
  const pages: Page[] = [];
  const tokens = new Array(32).fill(0);
  for (let i = 0; i < count; i++) pages.push({ tokens, parent: pages[i - 1] });
  return pages;
}

test("a state is kept once, and its slot is free when its page is forgotten", () => {
  const states = new KeptStates<Page>([4, 5]);
  const [a, b, c] = textOf(3);
  assert.deepEqual([states.keep(a), states.keep(a), states.keep(b)], [4, undefined, 5]);
  states.forget(a);
  assert.deepEqual([states.has(a), states.keep(c), states.use(b)], [false, 4, 5]);
});

test("without room nothing is kept", () => {
  const states = new KeptStates<Page>([]);
  assert.deepEqual([states.isOn, states.keep(textOf(1)[0])], [false, undefined]);
});

test("the states of a long text are dense at its end and thin at its beginning", () => {
  const states = new KeptStates<Page>(Array.from({ length: 8 }, (_, i) => i));
  const pages = textOf(64);
  for (const page of pages) {
    states.pass(32);
    states.keep(page);
  }
  const kept = pages.flatMap((page, i) => (states.has(page) ? [i] : []));
  assert.equal(kept.length, 8);
  assert.ok(kept.includes(63) && kept.includes(62), kept.join());
  const gaps = kept.slice(1).map((at, i) => at - kept[i]);
  assert.ok(gaps[0] > gaps[gaps.length - 1], kept.join());
  // What is used stays before what is not.
  const first = pages[kept[1]];
  states.use(first);
  for (const page of textOf(6)) {
    states.pass(32);
    states.keep(page);
  }
  assert.ok(states.has(first));
});
