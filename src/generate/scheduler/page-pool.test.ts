// Pages: those held are given to nobody else, those found hold what was computed, none is lost.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRandom, type Random } from "../../random.ts";
import { PAGE } from "../../tensor/backend.ts";
import { type PagedSequence, PagePool } from "./page-pool.ts";

const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** A cache beside a pool: which token was computed, after which others, at each place of each page. */
class Written {
  readonly #places = new Map<string, string>();

  /** Computes tokens, which reads all positions before them. */
  compute(pool: PagePool, sequence: PagedSequence, tokens: readonly number[], shareable = true): void {
    this.check(sequence);
    const all = [...sequence.tokens, ...tokens];
    for (let at = sequence.tokens.length; at < all.length; at++) this.#write(sequence, at, all);
    pool.append(sequence, tokens, shareable);
    this.check(sequence);
  }

  copy(from: number, to: number): void {
    for (let at = 0; at < PAGE; at++) {
      const value = this.#places.get(`${from}:${at}`);
      if (value !== undefined) this.#places.set(`${to}:${at}`, value);
    }
  }

  /** Every position of the sequence holds what its own tokens give. */
  check({ pages, tokens }: PagedSequence): void {
    for (let at = 0; at < tokens.length; at++) {
      const place = `${pages[Math.floor(at / PAGE)]}:${at % PAGE}`;
      assert.equal(this.#places.get(place), tokens.slice(0, at + 1).join(), `position ${at}`);
    }
  }

  #write({ pages }: PagedSequence, at: number, all: readonly number[]): void {
    this.#places.set(`${pages[Math.floor(at / PAGE)]}:${at % PAGE}`, all.slice(0, at + 1).join());
  }
}

function open(pool: PagePool, written: Written, tokens: readonly number[]): PagedSequence {
  const { sequence, copy } = pool.open("", tokens, tokens.length - 1);
  if (copy) written.copy(copy.from, copy.to);
  return sequence;
}

describe("a pool of pages", () => {
  test("a sequence that begins like one before finds all but its last token", () => {
    const pool = new PagePool(8);
    const written = new Written();
    const first = open(pool, written, ids(0, 70));
    assert.equal(first.tokens.length, 0);
    assert.ok(pool.extend(first, 70));
    written.compute(pool, first, ids(0, 70));
    // While it runs its full pages can be read.
    assert.equal(pool.lookUp("", ids(0, 70), 69), 64);
    pool.close(first);
    assert.equal(pool.lookUp("", ids(0, 70), 69), 69);
    assert.equal(pool.lookUp("another", ids(0, 70), 69), 0);
    const second = open(pool, written, ids(0, 70));
    assert.equal(second.tokens.length, 69);
    written.check(second);
    pool.close(second);
    assert.equal(pool.available, 8);
  });

  test("two that fill a page with the same tokens keep one of them", () => {
    const pool = new PagePool(8);
    const written = new Written();
    const both = [open(pool, written, ids(0, 40)), open(pool, written, ids(0, 40))];
    for (const sequence of both) {
      assert.ok(pool.extend(sequence, 40));
      written.compute(pool, sequence, ids(0, 40));
    }
    assert.equal(both[0].pages[0], both[1].pages[0]);
    assert.notEqual(both[0].pages[1], both[1].pages[1]);
    assert.equal(pool.available, 5);
  });

  test("pages that mean something else to others are not found", () => {
    const pool = new PagePool(4);
    const written = new Written();
    const sequence = open(pool, written, ids(0, 40));
    assert.ok(pool.extend(sequence, 64));
    written.compute(pool, sequence, ids(0, 32));
    written.compute(pool, sequence, ids(32, 32), false);
    pool.close(sequence);
    assert.equal(pool.lookUp("", ids(0, 64), 64), 32);
    assert.equal(pool.available, 4);
  });

  test("what was let go longest ago makes room first", () => {
    const pool = new PagePool(4);
    const written = new Written();
    for (const from of [0, 100, 200]) {
      const sequence = open(pool, written, ids(from, 32));
      assert.ok(pool.extend(sequence, 32));
      written.compute(pool, sequence, ids(from, 32));
      pool.close(sequence);
    }
    const large = open(pool, written, ids(300, 64));
    assert.ok(pool.extend(large, 64));
    const found = [0, 100, 200].map((from) => pool.lookUp("", ids(from, 32), 32));
    assert.deepEqual(found, [0, 32, 32]);
    assert.ok(pool.extend(large, 128));
    assert.ok(!pool.extend(large, 129));
  });

  test("1,500 random steps", () => {
    const random = createRandom(3);
    const pool = new PagePool(12);
    const written = new Written();
    const running: { sequence: PagedSequence; text: number[] }[] = [];
    for (let step = 0; step < 1500; step++) {
      const one = running[random.integer(running.length || 1)];
      const choice = random.integer(10);
      if (!one || (choice === 0 && running.length < 4)) {
        const text = textOf(random);
        running.push({ sequence: open(pool, written, text), text });
      } else if (choice === 1) {
        pool.close(one.sequence);
        running.splice(running.indexOf(one), 1);
      } else {
        const known = one.sequence.tokens.length;
        const rows = Math.min(1 + random.integer(24), one.text.length - known);
        if (rows > 0 && pool.extend(one.sequence, known + rows)) {
          written.compute(pool, one.sequence, one.text.slice(known, known + rows));
        }
      }
      for (const { sequence } of running) written.check(sequence);
      assert.ok(pool.available >= 0 && pool.available <= 12);
    }
    for (const { sequence } of running) pool.close(sequence);
    assert.equal(pool.available, 12);
    const all = open(pool, written, ids(1000, 12 * PAGE));
    assert.ok(pool.extend(all, 12 * PAGE), "a page was lost");
  });
});

/** Texts of which many begin alike: every piece is one of two. */
function textOf(random: Random): number[] {
  return Array.from({ length: 1 + random.integer(8) }, () => ids(random.integer(2) * 50, 17)).flat();
}
