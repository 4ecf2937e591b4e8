// Which tokens may come next: walks of the token trie, kept for each state.
import { BaimoError } from "../../errors.ts";
import type { Automaton, Stack, State } from "./automaton.ts";
import type { DfaState } from "./dfa.ts";
import type { Node, Nodes } from "./nodes.ts";
import { openTokenTrie, type TokenTrie } from "./token-trie.ts";
import { addTokens, setBits, walkTrie } from "./trie-walk.ts";

/*
 * Most tokens end inside the string that is being read, whatever stands around it: they are found once for each state
 * of a text. Those that go on after its end depend on the stack: they are found once for each stack below a string,
 * since all strings end in the same way. Where a string may go on freely, so may all that lies below in the trie.
 */

/** A mask as parts: bits that others share, and single tokens. */
interface Mask {
  readonly bits: readonly Uint32Array[];
  readonly tokens: ArrayLike<number>;
}

/** What a node that reads text allows. */
interface TextMask {
  /** Tokens that end inside the text, or with its end. */
  readonly inside: Mask;
  /** Nodes of the trie where the text may be at its end and tokens go on; what follows decides on those. */
  readonly exits: readonly number[];
  /** The same for strings: a flag for each exit of the free string; undefined for all of them. */
  readonly flags?: Uint8Array;
}

/** A token set larger than this is kept as bits. */
const MANY_TOKENS = 2000;
/** So many masks of text states and of stacks are kept; then all are made anew. */
const KEPT_TEXTS = 4000;
const KEPT_STATES = 20_000;

/** Makes masks for one vocabulary and keeps them. */
export class Masks {
  #trie: TokenTrie;
  #automaton: Automaton;
  #masks = new Map<State, Mask>();
  #texts = new Map<Node, TextMask>();
  /** Of the stacks below strings: which ends of tokens may come after the closing quote. */
  #afterString = new Map<Stack, Int32Array>();
  /** What lies below a text that is looked at by itself. */
  #outside: Stack;
  /** The inside of any string, and its mask. */
  #anyString: Node;
  #free: TextMask & { bits: Uint32Array };
  /** The ends of tokens after a closing quote, as a trie, with the exit and the token of each. */
  #tails: TokenTrie;
  #tailExits: number[] = [];
  #tailTokens: number[] = [];
  #remaining = new Map<DfaState, number>();

  /** all  the language of any text */
  constructor(trie: TokenTrie, automaton: Automaton, nodes: Nodes, all: DfaState) {
    this.#trie = trie;
    this.#automaton = automaton;
    const end: Node = nodes.make("outside", (id) => ({
      id,
      firstBytes: [],
      step: () => null,
      alternatives: () => [],
    }));
    this.#outside = automaton.push([end], null)!;
    this.#anyString = nodes.text(all, { quoted: true });
    const tokens: number[] = [];
    const exits: number[] = [];
    walkTrie(
      this.#automaton,
      trie,
      automaton.stateOf([automaton.push([this.#anyString], this.#outside)]),
      0,
      (at, reached) => {
        addTokens(trie, at, tokens);
        if (this.#isExit(at, reached)) exits.push(at);
      },
    );
    const bits = this.#bitsOf(tokens);
    this.#free = { inside: { bits: [bits], tokens: [] }, exits, bits };
    this.#texts.set(this.#anyString, this.#free);
    const tails: Uint8Array[] = [];
    for (const [i, exit] of exits.entries()) {
      for (let at = trie.firstTokens[exit + 1]; at < trie.firstTokens[trie.ends[exit]]; at++) {
        tails.push(trie.vocabulary.tokenBytes(trie.tokens[at]).subarray(trie.depths[exit]));
        this.#tailExits.push(i);
        this.#tailTokens.push(trie.tokens[at]);
      }
    }
    this.#tails = openTokenTrie({ size: tails.length, tokenBytes: (i) => tails[i], endTokens: [] });
  }

  /**
   * Writes the tokens that may come in a state, a bit for each.
   *
   * @throws {BaimoError} `request` when no token of the vocabulary spells what must come
   */
  fill(state: State, out: Uint32Array): void {
    let mask = this.#masks.get(state);
    if (!mask) {
      if (this.#masks.size >= KEPT_STATES) this.#masks.clear();
      mask = this.#maskOf(state);
      this.#masks.set(state, mask);
    }
    const { bits, tokens } = mask;
    if (bits.length === 0 && tokens.length === 0 && !state.canEnd) {
      throw new BaimoError("request", "constraint: no token of this vocabulary spells what must come next");
    }
    if (bits.length > 0) out.set(bits[0]);
    else out.fill(0);
    for (let part = 1; part < bits.length; part++) {
      for (let i = 0; i < out.length; i++) out[i] |= bits[part][i];
    }
    setBits(out, tokens);
    if (state.canEnd) setBits(out, this.#trie.vocabulary.endTokens);
  }

  /** Makes the mask of a text's state now, where that would take long later. */
  prepare(node: Node): void {
    if (node.text) this.#textMask(node);
  }

  #maskOf(state: State): Mask {
    const trie = this.#trie;
    const bits: Uint32Array[] = [];
    const tokens: number[] = [];
    const small: Stack[] = [];
    for (const stack of state.stacks) {
      const text = isNarrow(stack.top) ? undefined : this.#textMask(stack.top);
      // A text of few tokens is walked with what follows it, together with all others.
      if (!text || text.inside.bits.length === 0) {
        small.push(stack);
        continue;
      }
      for (const one of text.inside.bits) if (!bits.includes(one)) bits.push(one);
      if (!stack.below) continue;
      if (stack.top.text!.quoted) {
        for (const tail of this.#tailsAfterString(stack.below)) {
          if (!text.flags || text.flags[this.#tailExits[tail]]) tokens.push(this.#tailTokens[tail]);
        }
        continue;
      }
      const below = this.#automaton.stateOf([stack.below]);
      for (const exit of text.exits)
        walkTrie(this.#automaton, trie, below, exit, (at) => addTokens(trie, at, tokens));
    }
    if (small.length > 0) {
      const together = small.length === state.stacks.length ? state : this.#automaton.stateOf(small);
      walkTrie(this.#automaton, trie, together, 0, (at) => addTokens(trie, at, tokens));
    }
    if (tokens.length <= MANY_TOKENS) return { bits, tokens: new Int32Array(tokens) };
    return { bits: [...bits, this.#bitsOf(tokens)], tokens: [] };
  }

  #textMask(node: Node): TextMask {
    let made = this.#texts.get(node);
    if (made) return made;
    if (this.#texts.size >= KEPT_TEXTS) {
      this.#texts.clear();
      this.#texts.set(this.#anyString, this.#free);
    }
    made = node.text!.quoted ? this.#stringMask(node) : this.#plainMask(node);
    this.#texts.set(node, made);
    return made;
  }

  /** The mask of a text without quotes. */
  #plainMask(node: Node): TextMask {
    const trie = this.#trie;
    const tokens: number[] = [];
    const exits: number[] = node.text!.state.accepts ? [0] : [];
    walkTrie(
      this.#automaton,
      trie,
      this.#automaton.stateOf([this.#automaton.push([node], this.#outside)]),
      0,
      (at, reached) => {
        addTokens(trie, at, tokens);
        if (this.#isExit(at, reached)) exits.push(at);
      },
    );
    const many = tokens.length > MANY_TOKENS;
    return { inside: many ? { bits: [this.#bitsOf(tokens)], tokens: [] } : { bits: [], tokens }, exits };
  }

  /** The mask of the inside of a string, from that of any string wherever the string may go on freely. */
  #stringMask(node: Node): TextMask {
    const { ends, firstTokens, tokens, below } = this.#trie;
    const free = this.#free;
    const flags = new Uint8Array(free.exits.length);
    // Runs of allowed places in the trie's list of tokens.
    const runs: number[] = [];
    let allowed = 0;
    const allow = (from: number, to: number) => {
      if (from === to) return;
      allowed += to - from;
      if (runs[runs.length - 1] === from) runs[runs.length - 1] = to;
      else runs.push(from, to);
    };
    let exit = 0;
    const start = this.#automaton.stateOf([this.#automaton.push([node], this.#outside)]);
    walkTrie(this.#automaton, this.#trie, start, 0, (at, reached) => {
      while (free.exits[exit] < at) exit++;
      if (this.#freeFor(reached) >= below[at]) {
        allow(firstTokens[at], firstTokens[ends[at]]);
        for (; free.exits[exit] < ends[at]; exit++) flags[exit] = 1;
        return true;
      }
      allow(firstTokens[at], firstTokens[at + 1]);
      if (free.exits[exit] === at && this.#isExit(at, reached)) flags[exit] = 1;
      return false;
    });
    if (allowed <= MANY_TOKENS) return { inside: { bits: [], tokens: [] }, exits: [], flags };
    const few = allowed * 2 < tokens.length;
    const bits = few ? new Uint32Array(free.bits.length) : free.bits.slice();
    const gaps = few ? runs : [0, ...runs, tokens.length];
    for (let run = 0; run < gaps.length; run += 2) {
      for (let i = gaps[run]; i < gaps[run + 1]; i++) {
        const token = tokens[i];
        if (few) bits[token >> 5] |= 1 << (token & 31);
        else bits[token >> 5] &= ~(1 << (token & 31));
      }
    }
    // A run taken whole may hold tokens that no string has.
    if (few) for (let i = 0; i < bits.length; i++) bits[i] &= free.bits[i];
    return { inside: { bits: [bits], tokens: [] }, exits: [], flags };
  }

  #tailsAfterString(below: Stack): Int32Array {
    let after = this.#afterString.get(below);
    if (after) return after;
    if (this.#afterString.size >= KEPT_STATES) this.#afterString.clear();
    const found: number[] = [];
    walkTrie(this.#automaton, this.#tails, this.#automaton.stateOf([below]), 0, (at) =>
      addTokens(this.#tails, at, found),
    );
    after = new Int32Array(found);
    this.#afterString.set(below, after);
    return after;
  }

  /** How many characters a string by itself may go on with, whichever they are, and end after each; else -1. */
  #freeFor(state: State): number {
    if (state.free !== undefined) return state.free;
    const [stack] = state.stacks;
    const alone = state.stacks.length === 1 && stack.below === this.#outside;
    const { text, leadsTo } = stack?.top ?? {};
    const next = text?.quoted ? text.state : leadsTo;
    return (state.free = alone && next ? this.#remainingOf(next) : -1);
  }

  #remainingOf(state: DfaState): number {
    const way: DfaState[] = [];
    let at = state;
    let remaining = this.#remaining.get(at);
    while (remaining === undefined) {
      const { edges, accepts } = at;
      const target = edges[0]?.target;
      const any =
        edges.length === 2 &&
        edges[0].low === 0 &&
        edges[0].high === 0xd7ff &&
        edges[1].low === 0xe000 &&
        edges[1].high === 0x10ffff &&
        target === edges[1].target;
      if (!accepts) remaining = -1;
      else if (!any) remaining = 0;
      else if (target === at) remaining = Number.POSITIVE_INFINITY;
      else {
        way.push(at);
        at = target;
        remaining = this.#remaining.get(at);
        continue;
      }
      this.#remaining.set(at, remaining);
    }
    for (const one of way.reverse()) this.#remaining.set(one, ++remaining);
    return remaining;
  }

  #isExit(at: number, state: State): boolean {
    return state.stacks.includes(this.#outside) && this.#trie.ends[at] > at + 1;
  }

  #bitsOf(tokens: readonly number[]): Uint32Array {
    const bits = new Uint32Array(Math.ceil(this.#trie.vocabulary.size / 32));
    setBits(bits, tokens);
    return bits;
  }
}

/** Whether few tokens can come: no text, or one whose next characters are known one by one. */
function isNarrow({ text, firstBytes }: Node): boolean {
  if (!text) return true;
  return (
    firstBytes !== undefined && (!text.quoted || text.state.edges.every(({ low, high }) => low === high))
  );
}
