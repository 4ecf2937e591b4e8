// What look-up guesses, and what is learnt of its guesses.
import assert from "node:assert/strict";
import { it } from "node:test";
import { Guesses } from "./guesses.ts";
import { LookUp } from "./look-up.ts";

/** All that it could guess. */
function guess(lookUp: LookUp, tokens: readonly number[], most: number): number[] {
  const reach = lookUp.reach(tokens, most);
  return reach === 0 ? [] : lookUp.guess(tokens, reach);
}

it("guesses what followed the last three tokens before", () => {
  const tokens = [1, 2, 3, 4, 5, 6, 1, 2];
  const lookUp = new LookUp();
  assert.deepEqual(guess(lookUp, tokens, 3), []);
  tokens.push(3);
  assert.deepEqual(guess(lookUp, tokens, 3), [4, 5, 6]);
  tokens.push(7, 9, 1, 2, 3);
  // The last time counts.
  assert.deepEqual(guess(lookUp, tokens, 2), [7, 9]);
});

it("goes on with a period that is shorter than the guess", () => {
  assert.deepEqual(guess(new LookUp(), [8, 5, 6, 5, 6, 5], 5), [6, 5, 6, 5, 6]);
  assert.deepEqual(guess(new LookUp(), [7, 7, 7, 7], 3), [7, 7, 7]);
});

it("has nothing to say of short and of new texts, nor of others than it knew", () => {
  assert.deepEqual(guess(new LookUp(), [], 3), []);
  assert.deepEqual(guess(new LookUp(), [1, 1, 1], 3), []);
  const lookUp = new LookUp();
  assert.equal(guess(lookUp, [1, 2, 3, 1, 2, 3], 1).length, 1);
  lookUp.clear();
  assert.deepEqual(guess(lookUp, [1, 2, 3], 3), []);
});

it("learns the chance of a guess also from those that did not run", async () => {
  const guesses = new Guesses(new LookUp());
  const tokens = [1, 2, 3];
  const never = () => false;
  for (let i = 0; i < 30; i++) {
    const next = 1 + (i % 3);
    assert.deepEqual(await guesses.after(tokens, 4, never), []);
    guesses.note(tokens.length, next);
    tokens.push(next);
  }
  assert.ok(guesses.chance > 0.95, `${guesses.chance}`);
  assert.deepEqual(guesses.counts, { drafted: 0, accepted: 0 });

  // Three of the four that are guessed are worth their time, and two of these come.
  assert.deepEqual(
    await guesses.after(tokens, 4, (chance) => chance > guesses.chance ** 4 * 1.001),
    [1, 2, 3],
  );
  for (const [i, token] of [1, 2, 9].entries()) guesses.note(tokens.length + i, token);
  assert.deepEqual(guesses.counts, { drafted: 3, accepted: 2 });
});
