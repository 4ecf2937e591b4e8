// Recurrent states kept at the ends of pages: which page has one, and which gives way to another.

/** A page of a sequence, or the root before its first. */
interface Link {
  readonly tokens?: readonly unknown[];
  readonly parent?: Link;
}

interface Kept {
  readonly slot: number;
  /** When it was made or used last, in tokens that have run since the beginning. */
  used: number;
}

export class KeptStates<Page extends Link> {
  readonly #free: number[];
  readonly #kept = new Map<Link, Kept>();
  #ran = 0;

  /** slots: numbers of states that no sequence uses */
  constructor(slots: readonly number[]) {
    this.#free = slots.toReversed();
  }

  /** Whether there is room for any. */
  get isOn(): boolean {
    return this.#free.length + this.#kept.size > 0;
  }

  /** Notes that tokens have run. */
  pass(tokens: number): void {
    this.#ran += tokens;
  }

  has(page: Link): boolean {
    return this.#kept.has(page);
  }

  /** The slot with the state at the end of a page. */
  slotOf(page: Link): number | undefined {
    return this.#kept.get(page)?.slot;
  }

  /** The same where it has one, which is about to be used. */
  use(page: Page): number {
    const kept = this.#kept.get(page)!;
    kept.used = this.#ran;
    return kept.slot;
  }

  /** A slot for the state at the end of a page; none where it has one. */
  keep(page: Page): number | undefined {
    if (!this.isOn || this.has(page)) return undefined;
    const slot = this.#free.pop() ?? this.#giveWay();
    this.#kept.set(page, { slot, used: this.#ran });
    return slot;
  }

  /** The page holds something else from now on. */
  forget(page: Link): void {
    const kept = this.#kept.get(page);
    if (!kept) return;
    this.#kept.delete(page);
    this.#free.push(kept.slot);
  }

  /**
   * Takes the slot of the state that is worth least: when it was used last, plus the tokens that would run again without it.
   * So the states of a long text thin out towards its beginning.
   */
  #giveWay(): number {
    const worth = ([page, { used }]: readonly [Link, Kept]) => used + this.#gapBefore(page);
    const [page, { slot }] = [...this.#kept].reduce((least, one) =>
      worth(one) < worth(least) ? one : least,
    );
    this.#kept.delete(page);
    return slot;
  }

  /** Tokens between a page's end and the nearest state before it. */
  #gapBefore(page: Link): number {
    let gap = 0;
    for (let at: Link | undefined = page; at; at = at.parent) {
      if (at !== page && this.has(at)) break;
      gap += at.tokens?.length ?? 0;
    }
    return gap;
  }
}
