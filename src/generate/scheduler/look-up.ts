// Prompt look-up: what followed the last tokens where they stood before (arXiv:2311.08252, §3.2).
import type { GuessSource } from "./guesses.ts";

/** Tokens that must be the same for what followed them to be worth a guess. */
const MATCH = 3;

/** Finds repetitions in one sequence, token after token. */
export class LookUp implements GuessSource {
  readonly firstChance = 0.3;
  readonly cost = 0;
  /** For each run of MATCH tokens, by their hash: where the token after its last occurrence stands. */
  readonly #after = new Map<number, number>();
  /** Tokens that have been looked at. */
  #seen = 0;
  /** Where what followed before begins, after the tokens of the last `reach`. */
  #from: number | undefined;

  reach(tokens: readonly number[], most: number): number {
    // What ends the sequence is not entered: nothing has followed it.
    for (let end = Math.max(this.#seen, MATCH); end < tokens.length; end++) {
      this.#after.set(hashBefore(tokens, end), end);
    }
    this.#seen = Math.max(this.#seen, tokens.length);
    const end = tokens.length;
    const from = end < MATCH ? undefined : this.#after.get(hashBefore(tokens, end));
    this.#from = from !== undefined && isSame(tokens, from, end) ? from : undefined;
    return this.#from === undefined ? 0 : most;
  }

  /** Those that followed the last three before; one at least, and none where these are new. */
  guess(tokens: readonly number[], count: number): number[] {
    const from = this.#from;
    if (from === undefined) return [];
    const end = tokens.length;
    const guessed: number[] = [];
    while (guessed.length < Math.max(1, count)) {
      // A short period goes on in what has just been guessed.
      const at = from + guessed.length;
      guessed.push(at < end ? tokens[at] : guessed[at - end]);
    }
    return guessed;
  }

  clear(): void {
    this.#after.clear();
    this.#seen = 0;
  }
}

/** 32 bits of the MATCH tokens before a place. */
function hashBefore(tokens: readonly number[], end: number): number {
  let hash = 0;
  for (let i = end - MATCH; i < end; i++) hash = Math.imul(hash, 0x01000193) ^ tokens[i];
  return hash;
}

/** Whether the MATCH tokens before two places are the same: two hashes may be. */
function isSame(tokens: readonly number[], a: number, b: number): boolean {
  for (let i = 1; i <= MATCH; i++) if (tokens[a - i] !== tokens[b - i]) return false;
  return true;
}
