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

/** A place, and what must be copied before it is used: a page, a recurrent state. */
export interface OpenedPlace {
  readonly place: Place;
  readonly copy?: OpenedSequence["copy"];
  readonly copyState?: OpenedSequence["copy"];
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
    if (!this.recurrent) return this.#pool.lookUp(root, tokens, reusable);
    const held = this.#heldBy(this.#findSlot(root, tokens, reusable));
    return Math.max(held, this.#pool.lookUpState(root, tokens, reusable));
  }

  /** Whether a request can go on from the middle of another's prompt. */
  get canShare(): boolean {
    return !this.recurrent || this.#pool.keepsStates;
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
  open(root: string, { tokens, reusable }: Job): OpenedPlace {
    if (!this.recurrent) {
      const { slot } = this.#free.shift()!;
      const { sequence, copy } = this.#pool.open(root, tokens, reusable);
      return { place: { sequence, slot, cached: sequence.tokens.length, root }, copy };
    }
    const found = this.#findSlot(root, tokens, reusable);
    const held = this.#heldBy(found);
    const kept = this.#pool.lookUpState(root, tokens, reusable);
    const [{ slot }] = this.#free.splice(kept > held ? 0 : Math.max(0, found), 1);
    const { sequence, copy } = this.#pool.open(root, tokens, Math.max(held, kept), true);
    const cached = sequence.tokens.length;
    const copyState = cached > held ? { from: this.#pool.stateOf(sequence), to: slot } : undefined;
    return { place: { sequence, slot, cached, root }, copy, copyState };
  }

  /** Rows of a prompt that may run before its state is looked at: up to the end of a page, where states are kept. */
  rowsAt({ sequence }: Place, rows: number): number {
    if (!this.recurrent || !this.#pool.keepsStates) return rows;
    const position = sequence.tokens.length;
    const end = Math.floor((position + rows) / PAGE) * PAGE;
    return end > position ? end - position : rows;
  }

  /** Where the state of a request must be copied now, so that others which begin alike can go on from it. */
  keepState({ sequence }: Place): number | undefined {
    return this.recurrent ? this.#pool.keepState(sequence) : undefined;
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

  /** The free slot whose state is after most of the first tokens: its place in the list, or -1. */
  #findSlot(root: string, tokens: readonly number[], reusable: number): number {
    let best = -1;
    for (const [i, free] of this.#free.entries()) {
      const { length } = free.tokens;
      if (length <= this.#heldBy(best) || length > reusable || free.root !== root) continue;
      if (free.tokens.every((token, at) => token === tokens[at])) best = i;
    }
    return best;
  }

  /** Tokens before the state of a free slot. */
  #heldBy(at: number): number {
    return at < 0 ? 0 : this.#free[at].tokens.length;
  }
}
