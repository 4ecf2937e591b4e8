// Where requests keep their keys, values and recurrent states while they run.
import { PAGE } from "../../tensor/backend.ts";
import type { Job } from "./job.ts";
import type { OpenedSequence, PagedSequence, PagePool } from "./page-pool.ts";

/** The place of one request. */
export interface Place {
  readonly sequence: PagedSequence;
  readonly slot: number;
  /** Tokens that were there when it began. */
  readonly cached: number;
  readonly root: string;
}

/** A recurrent state that nobody uses, and the tokens that have gone into it. */
interface FreeSlot {
  readonly slot: number;
  readonly root: string;
  readonly tokens: readonly number[];
}

export class Places {
  /** Whether the model has recurrent states: they stand behind their last token and cannot go back. */
  readonly recurrent: boolean;
  readonly #pool: PagePool;
  /** The one used longest ago first. */
  readonly #free: FreeSlot[];

  constructor(pool: PagePool, { sequences, recurrent }: { sequences: number; recurrent: boolean }) {
    this.#pool = pool;
    this.recurrent = recurrent;
    this.#free = Array.from({ length: sequences }, (_, slot) => ({ slot, root: "", tokens: [] }));
  }

  /** How many of a request's first tokens lie in the cache. */
  lookUp(root: string, { tokens, reusable }: Job): number {
    return this.#pool.lookUp(root, tokens, reusable);
  }

  /** Whether as many requests run as may. */
  get isFull(): boolean {
    return this.#free.length === 0;
  }

  /** Whether a request of which `known` tokens lie in the cache can begin without taking pages from those that run. */
  hasRoom({ tokens }: Job, known: number): boolean {
    const pages = Math.ceil((tokens.length + 1) / PAGE);
    return this.#pool.available >= pages - (this.recurrent ? 0 : Math.floor(known / PAGE));
  }

  /** A place for a request, with as many of its first tokens as are known. There must be a free slot. */
  open(root: string, { tokens, reusable }: Job): { place: Place; copy: OpenedSequence["copy"] } {
    if (!this.recurrent) {
      const { slot } = this.#free.shift()!;
      const { sequence, copy } = this.#pool.open(root, tokens, reusable);
      return { place: { sequence, slot, cached: sequence.tokens.length, root }, copy };
    }
    const { slot, tokens: held } = this.#takeSlot(root, tokens, reusable);
    const { sequence, copy } = this.#pool.open(root, tokens, held.length, true);
    return { place: { sequence, slot, cached: sequence.tokens.length, root }, copy };
  }

  /** Room for `rows` more tokens. False when there are not enough pages. */
  extend({ sequence }: Place, rows: number): boolean {
    return this.#pool.extend(sequence, sequence.tokens.length + rows);
  }

  /** Notes tokens that have run. */
  append({ sequence }: Place, tokens: readonly number[], shareable: boolean): void {
    this.#pool.append(sequence, tokens, shareable);
  }

  /** Gives a place back. isIntact: whether its recurrent state is that after its last token. */
  close({ sequence, slot, root }: Place, isIntact: boolean): void {
    this.#free.push({ slot, root, tokens: this.recurrent && isIntact ? [...sequence.tokens] : [] });
    this.#pool.close(sequence);
  }

  /** Forgets all keys, values and states that no request uses. */
  clear(): void {
    this.#pool.clear();
    for (const [i, { slot }] of this.#free.entries()) this.#free[i] = { slot, root: "", tokens: [] };
  }

  /** The slot whose state is after most of the first tokens, or else the one used longest ago, to begin anew. */
  #takeSlot(root: string, tokens: readonly number[], reusable: number): FreeSlot {
    let best = -1;
    let most = 0;
    for (const [i, free] of this.#free.entries()) {
      const { length } = free.tokens;
      if (length <= most || length > reusable || free.root !== root) continue;
      if (free.tokens.every((token, at) => token === tokens[at])) [best, most] = [i, length];
    }
    if (best >= 0) return this.#free.splice(best, 1)[0];
    return { ...this.#free.shift()!, tokens: [] };
  }
}
