// The BPE merge loop against its definition, and its table while it grows.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "../../random.ts";
import { createMerger, createPairTable, findPair, type Merges, setPair } from "./bpe-merges.ts";

/** The definition: again and again the leftmost pair of the lowest priority. */
function mergeByDefinition(merges: Merges, input: readonly number[]): number[] {
  const symbols = [...input];
  for (;;) {
    let at = -1;
    let best = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const merge = merges.find(symbols[i], symbols[i + 1]);
      if (merge >= 0 && (best < 0 || merges.priority[merge] < merges.priority[best])) {
        best = merge;
        at = i;
      }
    }
    if (at < 0) return symbols;
    symbols.splice(at, 2, merges.result[best]);
  }
}

/** Random merges over a few symbols; `ties`: many merges share a priority, as scores do. */
function randomMerges(seed: number, ties: boolean): Merges {
  const random = createRandom(seed);
  const table = createPairTable(4);
  const priority: number[] = [];
  const result: number[] = [];
  for (let i = 0; i < 60; i++) {
    const known = 4 + i;
    if (!setPair(table, random.integer(known), random.integer(known), i)) continue;
    priority[i] = ties ? random.integer(6) : i;
    result[i] = known;
  }
  return {
    find: (left, right) => findPair(table, left, right),
    priority: Int32Array.from({ length: 60 }, (_, i) => priority[i] ?? 0),
    result: Int32Array.from({ length: 60 }, (_, i) => result[i] ?? 0),
  };
}

describe("merging", () => {
  for (const ties of [false, true]) {
    it(`follows the definition, short and long, ${ties ? "with" : "without"} equal priorities`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const merges = randomMerges(seed, ties);
        const merge = createMerger(merges);
        const random = createRandom(seed + 1000);
        for (const length of [0, 1, 2, 3, 10, 47, 48, 49, 60, 200]) {
          const input = Array.from({ length }, () => random.integer(4));
          const symbols = Int32Array.from(input);
          const left = merge(symbols, length);
          const expected = mergeByDefinition(merges, input);
          assert.deepEqual([...symbols.subarray(0, left)], expected, `seed ${seed}, length ${length}`);
        }
      }
    });
  }

  it("keeps every pair while the table grows", () => {
    const table = createPairTable(1);
    for (let i = 0; i < 5000; i++) assert.ok(setPair(table, i, i * 7, i));
    for (let i = 0; i < 5000; i++) assert.equal(findPair(table, i, i * 7), i);
    assert.equal(findPair(table, 5000, 1), -1);
    assert.equal(setPair(table, 3, 21, 9), false);
    assert.equal(findPair(table, 3, 21), 9);
  });
});
