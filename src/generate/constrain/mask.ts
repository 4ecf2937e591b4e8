// Which tokens may come next: walks of the token trie, kept for each state.
import type { Automaton, Stack, State } from "./automaton.ts";
import type { DfaState } from "./dfa.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { TokenTrie, Trie } from "./token-trie.ts";

/** A mask as parts: bits that others share, and single tokens. */
interface Mask {
  readonly bits: readonly Uint32Array[];
  readonly tokens: Int32Array;
}

/** What a node that reads text allows, whatever comes after the text. */
interface TextMask {
  /** Tokens that end inside the text, or with its end. */
  readonly inside: Mask;
  /** Nodes of the trie where the text is at its end and tokens go on; what follows decides on those. */
  readonly exits: readonly number[];
  readonly trie: Trie;
}

/** A token set larger than this is kept as bits. */
const MANY_TOKENS = 2000;
/** So many masks of text states and of stacks are kept; then all are made anew. */
const KEPT_TEXTS = 1500;
const KEPT_STATES = 20_000;

/** Makes masks for one vocabulary and keeps them. */
export class Masks {
  #trie: TokenTrie;
  #automaton: Automaton;
  #nodes: Nodes;
  #masks = new Map<State, Mask>();
  #texts = new Map<Node, TextMask>();
  /** Of each stack below a string: the tokens that may go on after its closing quote, by exit of the trie. */
  #afterQuote = new Map<Stack, { exits: Int32Array; tokens: Int32Array }>();
  #outside: Stack;
  #anyText: Node;
  #remaining = new Map<DfaState, number>();

  /** all  the language of any text */
  constructor(trie: TokenTrie, automaton: Automaton, nodes: Nodes, all: DfaState) {
    this.#trie = trie;
    this.#automaton = automaton;
    this.#nodes = nodes;
    const end: Node = nodes.make("outside", (id) => ({ id, step: () => null, alternatives: () => [] }));
    this.#outside = automaton.push([end], null)!;
    this.#anyText = nodes.text(all, { quoted: true });
  }

  /** Writes the tokens that may come in a state, a bit for each. */
  fill(state: State, out: Uint32Array): void {
    let mask = this.#masks.get(state);
    if (!mask) {
      if (this.#masks.size >= KEPT_STATES) this.#masks.clear();
      mask = this.#maskOf(state);
      this.#masks.set(state, mask);
    }
    const [first, ...others] = mask.bits;
    if (first) out.set(first);
    else out.fill(0);
    for (const bits of others) for (let i = 0; i < bits.length; i++) out[i] |= bits[i];
    setBits(out, mask.tokens);
    if (state.canEnd) setBits(out, this.#trie.endTokens);
  }

  /** Makes the mask of a text state now, where that would take long later. */
  prepare(state: DfaState): void {
    this.#textMask(this.#nodes.text(state, { quoted: true }));
  }

  #maskOf(state: State): Mask {
    const bits: Uint32Array[] = [];
    const tokens: number[] = [];
    const small: Stack[] = [];
    for (const stack of state.stacks) {
      const text = stack.top.text ? this.#textMask(stack.top) : undefined;
      // A text of few tokens is walked with what follows it, together with all others.
      if (!text || text.inside.bits.length === 0) {
        small.push(stack);
        continue;
      }
      for (const one of text.inside.bits) if (!bits.includes(one)) bits.push(one);
      tokens.push(...text.inside.tokens);
      if (!stack.below) continue;
      if (stack.top.text!.quoted && text.trie === this.#trie.irregular) {
        const after = this.#tokensAfterQuote(stack.below);
        const exits = new Set(text.exits);
        after.tokens.forEach((token, i) => {
          if (exits.has(after.exits[i])) tokens.push(token);
        });
        continue;
      }
      const below = this.#automaton.stateOf([stack.below]);
      for (const exit of text.exits) {
        this.#walk(text.trie, below, exit, (node) => addTokens(text.trie, node, tokens));
      }
    }
    if (small.length > 0) {
      const together = this.#automaton.stateOf(small);
      this.#walk(this.#trie.all, together, 0, (node) => addTokens(this.#trie.all, node, tokens));
    }
    if (tokens.length <= MANY_TOKENS) return { bits, tokens: Int32Array.from(tokens) };
    return { bits: [...bits, this.#bitsOf(tokens)], tokens: new Int32Array() };
  }

  #textMask(node: Node): TextMask {
    const known = this.#texts.get(node);
    if (known) return known;
    if (this.#texts.size >= KEPT_TEXTS) this.#texts.clear();
    const { state, quoted } = node.text!;
    const remaining = quoted ? this.#remainingOf(state) : -1;
    // Where only the number of characters matters, plain tokens are known by theirs.
    const trie = remaining < 0 ? this.#trie.all : this.#trie.irregular;
    const tokens: number[] = [];
    const exits: number[] = [];
    this.#walk(
      trie,
      this.#automaton.stateOf([this.#automaton.push([node], this.#outside)]),
      0,
      (at, reached) => {
        addTokens(trie, at, tokens);
        if (reached.stacks.includes(this.#outside) && trie.ends[at] > at + 1) exits.push(at);
      },
    );
    if (!quoted && state.accepts) exits.push(0);
    const inside =
      remaining >= 0
        ? {
            bits: [this.#trie.plain[Math.min(remaining, this.#trie.plain.length - 1)]],
            tokens: Int32Array.from(tokens),
          }
        : tokens.length > MANY_TOKENS
          ? { bits: [this.#bitsOf(tokens)], tokens: new Int32Array() }
          : { bits: [], tokens: Int32Array.from(tokens) };
    const made = { inside, exits, trie };
    this.#texts.set(node, made);
    return made;
  }

  /** Found once for each stack with a string of any length, whose exits are those of all strings. */
  #tokensAfterQuote(below: Stack) {
    let after = this.#afterQuote.get(below);
    if (after) return after;
    if (this.#afterQuote.size >= KEPT_STATES) this.#afterQuote.clear();
    const { exits, trie } = this.#textMask(this.#anyText);
    const state = this.#automaton.stateOf([below]);
    const found: { exit: number; token: number }[] = [];
    for (const exit of exits) {
      const tokens: number[] = [];
      this.#walk(trie, state, exit, (node) => addTokens(trie, node, tokens));
      for (const token of tokens) found.push({ exit, token });
    }
    after = {
      exits: Int32Array.from(found, ({ exit }) => exit),
      tokens: Int32Array.from(found, ({ token }) => token),
    };
    this.#afterQuote.set(below, after);
    return after;
  }

  /** How many characters may still come where nothing else matters (perhaps infinite); else -1. */
  #remainingOf(state: DfaState): number {
    const way: DfaState[] = [];
    let at = state;
    let remaining: number | undefined;
    while ((remaining = this.#remaining.get(at)) === undefined) {
      const { edges } = at;
      const free =
        edges.length === 2 &&
        edges[0].low === 0 &&
        edges[0].high === 0xd7ff &&
        edges[1].low === 0xe000 &&
        edges[1].high === 0x10ffff &&
        edges[0].target === edges[1].target;
      if (!free) {
        remaining = edges.length === 0 ? 0 : -1;
        this.#remaining.set(at, remaining);
        break;
      }
      if (edges[0].target === at) {
        remaining = Number.POSITIVE_INFINITY;
        this.#remaining.set(at, remaining);
        break;
      }
      way.push(at);
      at = edges[0].target;
    }
    for (const one of way.reverse()) {
      if (remaining >= 0) remaining++;
      this.#remaining.set(one, remaining);
    }
    return remaining;
  }

  /** Visits the nodes below `from` whose bytes can be read from a state. */
  #walk(trie: Trie, start: State, from: number, visit: (node: number, state: State) => void): void {
    const { bytes, depths, ends } = trie;
    const automaton = this.#automaton;
    const base = depths[from];
    const path: State[] = [start];
    const end = ends[from];
    for (let node = from + 1; node < end; ) {
      const depth = depths[node] - base;
      const above = path[depth - 1];
      const byte = bytes[node];
      const known = above.next[byte];
      const state = known === undefined ? automaton.step(above, byte) : known;
      if (state === null) {
        node = ends[node];
        continue;
      }
      path[depth] = state;
      visit(node, state);
      node++;
    }
  }

  #bitsOf(tokens: readonly number[]): Uint32Array {
    const bits = new Uint32Array(Math.ceil(this.#trie.size / 32));
    setBits(bits, tokens);
    return bits;
  }
}

function setBits(bits: Uint32Array, tokens: ArrayLike<number>): void {
  for (let i = 0; i < tokens.length; i++) bits[tokens[i] >> 5] |= 1 << (tokens[i] & 31);
}

function addTokens(trie: Trie, node: number, tokens: number[]): void {
  for (let i = trie.firstTokens[node]; i < trie.firstTokens[node + 1]; i++) tokens.push(trie.tokens[i]);
}
