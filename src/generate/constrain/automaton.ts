// A pushdown automaton over bytes: persistent stacks of nodes, and sets of them as states.
import { BaimoError } from "../../errors.ts";
import type { Node } from "./nodes.ts";

/** A stack: the node to be read next, and what is below. Equal stacks are one object. */
export interface Stack {
  readonly id: number;
  readonly top: Node;
  readonly below: Stack | null;
  /** The stacks that it becomes before any byte, and whether nothing may be left; found once. */
  closed?: Closed;
  /** The state in which only this stack is to be read. */
  state?: State;
}

interface Closed {
  readonly stacks: readonly Stack[];
  readonly canEnd: boolean;
}

/** All ways in which the bytes so far can be read. */
export interface State {
  readonly stacks: readonly Stack[];
  /** Whether the bytes so far are complete. */
  readonly canEnd: boolean;
  /** The only bytes that can come, where they are few and known. */
  readonly firstBytes?: readonly number[];
  /** The states after a byte: null where it cannot come, undefined where nobody has asked. */
  readonly next: (State | null | undefined)[];
  /** Kept for masks: how many characters may come, whichever they are; -1 where that is not so. */
  free?: number;
}

/** Owns stacks and states. */
export class Automaton {
  #stacks = new Map<number, Stack>();
  #states = new Map<string, State>();
  #readings: number;

  constructor(limits: { readings: number }) {
    this.#readings = limits.readings;
  }

  get size(): number {
    return this.#stacks.size + this.#states.size;
  }

  /** A sequence of nodes on top of a stack. */
  push(sequence: readonly Node[], below: Stack | null): Stack | null {
    let stack = below;
    for (let i = sequence.length - 1; i >= 0; i--) {
      const top = sequence[i];
      const key = top.id * 2 ** 26 + (stack === null ? 0 : stack.id + 1);
      let known = this.#stacks.get(key);
      if (!known) {
        known = { id: this.#stacks.size, top, below: stack };
        this.#stacks.set(key, known);
      }
      stack = known;
    }
    return stack;
  }

  /** The state in which one of these stacks is to be read; null stands for one that has been read. */
  stateOf(stacks: readonly (Stack | null)[]): State {
    const [first] = stacks;
    if (stacks.length === 1 && first) return this.#stateOfOne(first);
    const found = new Set<Stack>();
    let canEnd = false;
    for (const stack of stacks) {
      if (!stack) {
        canEnd = true;
        continue;
      }
      const closed = this.#close(stack);
      for (const one of closed.stacks) found.add(one);
      canEnd ||= closed.canEnd;
    }
    return this.#stateOfClosed([...found], canEnd);
  }

  #stateOfOne(stack: Stack): State {
    if (stack.state) return stack.state;
    const { stacks, canEnd } = this.#close(stack);
    const [only] = stacks;
    if (stacks.length === 1 && !canEnd && only !== stack) return (stack.state = this.#stateOfOne(only));
    return (stack.state = this.#stateOfClosed(stacks, canEnd));
  }

  #stateOfClosed(stacks: readonly Stack[], canEnd: boolean): State {
    const [only] = stacks;
    if (stacks.length === 1 && !canEnd) {
      return (only.state ??= { stacks, canEnd, firstBytes: only.top.firstBytes, next: [] });
    }
    if (stacks.length > this.#readings) {
      throw new BaimoError(
        "request",
        `constraint: the text can be read in more than ${this.#readings} ways; make the grammar less ambiguous`,
      );
    }
    const sorted = [...stacks].sort((a, b) => a.id - b.id);
    const key = `${canEnd}${sorted.map(({ id }) => id).join()}`;
    let state = this.#states.get(key);
    if (!state) {
      state = { stacks: sorted, canEnd, firstBytes: firstBytesOf(sorted), next: [] };
      this.#states.set(key, state);
    }
    return state;
  }

  /** The state after a byte, or null. */
  step(state: State, byte: number): State | null {
    const known = state.next[byte];
    if (known !== undefined) return known;
    if (state.firstBytes && !state.firstBytes.includes(byte)) return null;
    const stacks: (Stack | null)[] = [];
    for (const { top, below } of state.stacks) {
      const sequence = top.step(byte);
      if (sequence) stacks.push(this.push(sequence, below));
    }
    return (state.next[byte] = stacks.length === 0 ? null : this.stateOf(stacks));
  }

  /** Takes alternatives until only nodes that read bytes are on top. */
  #close(start: Stack): Closed {
    if (start.closed) return start.closed;
    if (!start.top.silent && start.top.alternatives().length === 0) {
      return (start.closed = { stacks: [start], canEnd: false });
    }
    const seen = new Set<Stack>([start]);
    let canEnd = false;
    for (const stack of seen) {
      for (const sequence of stack.top.alternatives()) {
        const next = this.push(sequence, stack.below);
        if (next) seen.add(next);
        else canEnd = true;
      }
      if (seen.size > 20 * this.#readings) {
        throw new BaimoError("request", "constraint: the grammar has too many ways to read nothing");
      }
    }
    // A node that only offers alternatives reads nothing itself.
    return (start.closed = { stacks: [...seen].filter(({ top }) => !top.silent), canEnd });
  }
}

function firstBytesOf(stacks: readonly Stack[]): readonly number[] | undefined {
  const bytes = new Set<number>();
  for (const { top } of stacks) {
    if (!top.firstBytes) return undefined;
    for (const byte of top.firstBytes) bytes.add(byte);
  }
  return [...bytes];
}
