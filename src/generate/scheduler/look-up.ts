// Prompt look-up: what followed the last tokens where they stood before (arXiv:2311.08252, §3.2).

/** Tokens that must be the same for what followed them to be worth a guess. */
const MATCH = 3;

/** Finds repetitions in one sequence, token after token. */
export class LookUp {
  /** For each run of MATCH tokens, by their hash: where the token after its last occurrence stands. */
  readonly #after = new Map<number, number>();
  /** Tokens that have been looked at. */
  #seen = 0;

  /** The `most` tokens that may follow: those that followed the last three before; none where these are new. */
  guess(tokens: readonly number[], most: number): number[] {
    // What ends the sequence is not entered: nothing has followed it.
    for (let end = Math.max(this.#seen, MATCH); end < tokens.length; end++) {
      this.#after.set(hashBefore(tokens, end), end);
    }
    this.#seen = Math.max(this.#seen, tokens.length);
    const end = tokens.length;
    const from = end < MATCH ? undefined : this.#after.get(hashBefore(tokens, end));
    if (from === undefined || !isSame(tokens, from, end)) return [];
    const guessed: number[] = [];
    while (guessed.length < most) {
      // A short period goes on in what has just been guessed.
      const at = from + guessed.length;
      guessed.push(at < end ? tokens[at] : guessed[at - end]);
    }
    return guessed;
  }

  /** Begins anew: the tokens are others. */
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
