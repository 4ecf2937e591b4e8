// The pages of the KV cache: who holds them, and which tokens lie in those that nobody holds.
import { PAGE } from "../../tensor/backend.ts";
import { KeptStates } from "./kept-states.ts";

/**
 * A page that is full, or the last of a sequence that has ended: its tokens, after those of its parents. What lies in a
 * page follows from these tokens alone (DESIGN D4), so that every sequence which begins with them may read it.
 */
interface Node {
  readonly page: number;
  readonly tokens: readonly number[];
  readonly parent: Parent;
  readonly children: Node[];
  /** Sequences that hold it; they hold its parents, too. */
  holders: number;
  /** When it was last let go. */
  used: number;
}

/** The beginning of all sequences whose first page means the same, or a page. */
type Parent = Pick<Node, "children"> & Partial<Node>;

/** Positions of one sequence in the cache. */
export interface PagedSequence {
  /** Page numbers, in the order of positions. */
  readonly pages: number[];
  /** Tokens whose keys and values lie in them. */
  readonly tokens: number[];
}

/** A page that sequences may read, and what it holds. */
export interface ListedPage {
  readonly root: string;
  readonly page: number;
  /** The page that it follows. */
  readonly parent: number | undefined;
  readonly tokens: readonly number[];
  /** The slot of the recurrent state that is kept at its end. */
  readonly state: number | undefined;
}

/** A page that was listed once; `parent`: the number in the list of the page that it follows, -1: none. */
export interface PageEntry {
  readonly root: string;
  readonly parent: number;
  readonly tokens: readonly number[];
  /** Whether there is a recurrent state for its end. */
  readonly hasState: boolean;
}

/** Fills what `PagePool.adopt` has given room: pages and states, by their number in the list. */
export interface PageFiller {
  page(page: number, at: number): void;
  state(slot: number, at: number): void;
}

/** What `PagePool.open` gives. */
export interface OpenedSequence {
  readonly sequence: PagedSequence;
  /** A page that must be copied before the sequence is used. */
  readonly copy?: { readonly from: number; readonly to: number };
}

/** Where a sequence stands in the tree of pages. */
interface Place extends PagedSequence {
  /** The last page that is in the tree, or the root. */
  parent: Parent;
  /** Pages of the tree that it holds: the first of `pages`. */
  held: number;
  /** False once its pages can serve no other sequence. */
  shareable: boolean;
}

/** Gives out pages, and finds those in which the beginning of a new sequence lies already. */
export class PagePool {
  readonly size: number;
  readonly #free: number[];
  readonly #roots = new Map<string, Parent>();
  /** Of every page that is in the tree. */
  readonly #nodes = new Map<number, Node>();
  /** At the ends of full pages. */
  readonly #states: KeptStates<Node>;
  #clock = 0;
  #held = 0;

  /** states: numbers of recurrent states that may be kept */
  constructor(size: number, states: readonly number[] = []) {
    this.size = size;
    this.#states = new KeptStates(states);
    this.#free = Array.from({ length: size }, (_, i) => size - 1 - i);
  }

  /** Pages that can be given out: free ones, and those that nobody holds. */
  get available(): number {
    return this.size - this.#held;
  }

  /** How many of the first tokens lie in pages already, at most `limit`. */
  lookUp(root: string, tokens: readonly number[], limit: number): number {
    const { nodes, tail } = this.#find(root, tokens, limit);
    return nodes.length * PAGE + (tail?.count ?? 0);
  }

  /** How many of the first tokens lie in pages, as far as the state after them is kept: at most `limit`. */
  lookUpState(root: string, tokens: readonly number[], limit: number): number {
    const { nodes } = this.#find(root, tokens, limit);
    return PAGE * (nodes.findLastIndex((node) => this.#states.has(node)) + 1);
  }

  /** The slot of the state after the pages of a sequence, which `lookUpState` has found. */
  stateOf(sequence: PagedSequence): number {
    return this.#states.use((sequence as Place).parent as Node); // made by `open`, and not empty
  }

  /** A slot for the state of a sequence, where it is worth keeping: at the end of a page that may serve others. */
  keepState(sequence: PagedSequence): number | undefined {
    const { parent, held, tokens } = sequence as Place; // made by `open`
    return parent.page !== undefined && held * PAGE === tokens.length
      ? this.#states.keep(parent as Node)
      : undefined;
  }

  /** Whether states are kept. */
  get keepsStates(): boolean {
    return this.#states.isOn;
  }

  /**
   * A sequence that begins with these tokens, as far as they lie in pages: at most `limit`.
   *
   * root  what the meaning of a page depends on besides tokens
   * exact  take a beginning of `limit` tokens, or none: where something else goes with them
   */
  open(root: string, tokens: readonly number[], limit: number, exact = false): OpenedSequence {
    const place = this.#begin(root);
    const { nodes, tail } = this.#find(root, tokens, limit);
    if (exact && nodes.length * PAGE + (tail?.count ?? 0) !== limit) return { sequence: place };
    for (const node of nodes) {
      this.#hold(node);
      place.pages.push(node.page);
      place.tokens.push(...node.tokens);
      place.parent = node;
      place.held++;
    }
    if (!tail) return { sequence: place };
    const { node, count } = tail;
    if (node.holders === 0 && node.tokens.length < PAGE && count === node.tokens.length) {
      // The last page of a sequence that has ended goes on as it is.
      this.#remove(node);
      this.#held++;
      place.pages.push(node.page);
      place.tokens.push(...node.tokens);
      return { sequence: place };
    }
    // Making room must not take the page that is to be copied.
    this.#hold(node);
    const to = this.#take();
    this.#letGo(node);
    if (to !== undefined) {
      place.pages.push(to);
      place.tokens.push(...node.tokens.slice(0, count));
      return { sequence: place, copy: { from: node.page, to } };
    }
    if (!exact) return { sequence: place };
    this.close(place);
    return { sequence: this.#begin(root) };
  }

  #begin(root: string): Place {
    let parent = this.#roots.get(root);
    if (!parent) {
      parent = { children: [] };
      this.#roots.set(root, parent);
    }
    return { pages: [], tokens: [], parent, held: 0, shareable: true };
  }

  /** Room for `count` tokens in all. False when there are not enough pages; what was given stays. */
  extend(sequence: PagedSequence, count: number): boolean {
    while (sequence.pages.length * PAGE < count) {
      const page = this.#take();
      if (page === undefined) return false;
      sequence.pages.push(page);
    }
    return true;
  }

  /**
   * Notes tokens whose keys and values have been computed. Pages that they fill can serve others.
   *
   * shareable  whether their keys mean the same to every sequence of the same root
   */
  append(sequence: PagedSequence, tokens: Iterable<number>, shareable = true): void {
    const place = sequence as Place; // made by `open`
    if (!shareable) place.shareable = false;
    const before = place.tokens.length;
    for (const token of tokens) place.tokens.push(token);
    this.#states.pass(place.tokens.length - before);
    while (place.shareable && place.tokens.length >= (place.held + 1) * PAGE) {
      const own = place.pages[place.held];
      const filled = place.tokens.slice(place.held * PAGE, (place.held + 1) * PAGE);
      const same = place.parent.children.find((node) => isSame(node.tokens, filled));
      if (same) {
        // Another sequence has filled a page with the same: one is enough.
        this.#hold(same);
        place.pages[place.held] = same.page;
        this.#free.push(own);
        this.#held--;
        place.parent = same;
      } else {
        place.parent = this.#insert(place.parent, own, filled, 1);
      }
      place.held++;
    }
  }

  /** Ends a sequence. Its pages serve others that begin alike, until room is needed. */
  close(sequence: PagedSequence): void {
    const place = sequence as Place; // made by `open`
    const rest = place.tokens.slice(place.held * PAGE);
    const isThere =
      rest.length === 0 ||
      place.parent.children.some((node) => commonLength(rest, node.tokens, 0) === rest.length);
    for (let i = place.held; i < place.pages.length; i++) {
      this.#held--;
      const keeps = i === place.held && place.shareable && !isThere;
      if (keeps) this.#insert(place.parent, place.pages[i], rest, 0);
      else this.#free.push(place.pages[i]);
    }
    this.#clock++;
    for (let node = place.parent; node.parent; node = node.parent) this.#letGo(node as Node);
    place.pages.length = place.tokens.length = place.held = 0;
  }

  /**
   * The pages that sequences may read: those of the beginning of some tokens, or all. Parents come first; the last page of a
   * beginning is there with the tokens that belong to it.
   */
  list(tokens?: readonly number[]): ListedPage[] {
    const listed: ListedPage[] = [];
    const add = (root: string, node: Node, held: readonly number[]) => {
      const { page, parent } = node;
      const state = held.length === PAGE ? this.#states.slotOf(node) : undefined;
      listed.push({ root, page, parent: parent.page, tokens: held, state });
    };
    const addAll = (root: string, { children }: Parent) => {
      for (const node of children) {
        add(root, node, node.tokens);
        addAll(root, node);
      }
    };
    for (const [root, parent] of this.#roots) {
      if (tokens === undefined) {
        addAll(root, parent);
        continue;
      }
      const { nodes, tail } = this.#find(root, tokens, tokens.length);
      for (const node of nodes) add(root, node, node.tokens);
      if (tail) add(root, tail.node, tail.node.tokens.slice(0, tail.count));
    }
    return listed;
  }

  /**
   * Puts back what was listed once, as far as there is room, at the cost of what nobody holds. What is not there yet is filled.
   * Returns which entries are there now.
   */
  adopt(entries: readonly PageEntry[], fill: PageFiller): boolean[] {
    const nodes: (Node | undefined)[] = [];
    for (const [at, { root, parent: number, tokens, hasState }] of entries.entries()) {
      const parent = number < 0 ? this.#begin(root).parent : nodes[number];
      let node = parent?.children.find((each) => commonLength(tokens, each.tokens, 0) === tokens.length);
      const page = parent && !node ? this.#take() : undefined;
      if (parent && page !== undefined) {
        fill.page(page, at);
        this.#held--;
        node = this.#insert(parent, page, tokens, 0);
      }
      // What has been put back makes no room for the rest.
      if (node) this.#hold(node);
      nodes.push(node);
      const slot = node && hasState ? this.#states.keep(node) : undefined;
      if (slot !== undefined) fill.state(slot, at);
    }
    for (const node of nodes) if (node) this.#letGo(node);
    return nodes.map((node, at) => node !== undefined && (!entries[at].hasState || this.#states.has(node)));
  }

  /** Forgets what lies in pages that nobody holds. */
  clear(): void {
    for (const node of [...this.#nodes.values()].reverse()) {
      if (node.holders > 0) continue;
      this.#remove(node);
      this.#free.push(node.page);
    }
  }

  /** The pages whose tokens are the first of `tokens`, and the one that has most of the next, at most `limit` in all. */
  #find(root: string, tokens: readonly number[], limit: number) {
    const nodes: Node[] = [];
    let parent = this.#roots.get(root);
    for (let at = 0; parent && at + PAGE <= limit; at += PAGE) {
      const next: Node | undefined = parent.children.find(
        (node) => commonLength(node.tokens, tokens, at) === PAGE,
      );
      if (!next) break;
      nodes.push(next);
      parent = next;
    }
    const at = nodes.length * PAGE;
    let tail: { node: Node; count: number } | undefined;
    for (const node of parent?.children ?? []) {
      const count = Math.min(commonLength(node.tokens, tokens, at), limit - at);
      if (count > (tail?.count ?? 0)) tail = { node, count };
    }
    return { nodes, tail };
  }

  #insert(parent: Parent, page: number, tokens: readonly number[], holders: number): Node {
    const node: Node = { page, tokens, parent, children: [], holders, used: this.#clock };
    parent.children.push(node);
    this.#nodes.set(page, node);
    return node;
  }

  #remove(node: Node): void {
    const { page, parent } = node;
    parent.children.splice(parent.children.indexOf(node), 1);
    this.#nodes.delete(page);
    this.#states.forget(node);
  }

  #hold(node: Node): void {
    if (node.holders++ === 0) this.#held++;
  }

  #letGo(node: Node): void {
    if (--node.holders > 0) return;
    this.#held--;
    node.used = this.#clock;
  }

  /** A page for a sequence's own use: a free one, or the one that was let go longest ago. */
  #take(): number | undefined {
    const page = this.#free.pop() ?? this.#evict();
    if (page !== undefined) this.#held++;
    return page;
  }

  #evict(): number | undefined {
    let oldest: Node | undefined;
    for (const node of this.#nodes.values()) {
      // What others go on from is let go after them.
      if (node.holders > 0 || node.children.length > 0) continue;
      if (!oldest || node.used < oldest.used) oldest = node;
    }
    if (!oldest) return undefined;
    this.#remove(oldest);
    return oldest.page;
  }
}

/** How many of `part` are the same as `tokens` from `from` on. */
export function commonLength(part: readonly number[], tokens: readonly number[], from: number): number {
  let length = 0;
  while (length < part.length && part[length] === tokens[from + length]) length++;
  return length;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && commonLength(a, b, 0) === a.length;
}
