// The nodes of the automaton over bytes: what one may read, and what must follow it.
import { canRead, type DfaState, nextState } from "./dfa.ts";

/**
 * A node stands on top of a stack of nodes that are still to be read. Reading a byte, or taking an alternative, puts a
 * sequence in its place, the first to be read first; an empty sequence uncovers what lies below. A node never leads
 * nowhere: from everything it offers the rest can be completed.
 */
export interface Node {
  readonly id: number;
  /** What takes its place after a byte; null where the byte cannot come. */
  step(byte: number): readonly Node[] | null;
  /** What may take its place before any byte. */
  alternatives(): readonly (readonly Node[])[];
  /** The only bytes that `step` can read, where they are few and known. */
  readonly firstBytes?: readonly number[];
  /** The state of a string that comes next, whatever this node reads. */
  readonly leadsTo?: DfaState;
  /** Reads no byte itself. */
  readonly silent?: boolean;
  /** The state of the text that a node reads, where it is between two characters; masks are shared by it. */
  readonly text?: { readonly state: DfaState; readonly quoted: boolean };
}

const none: readonly (readonly Node[])[] = [];
const ended: readonly (readonly Node[])[] = [[]];
const nothing: readonly Node[] = [];

/** Makes nodes, each once. */
export class Nodes {
  #known = new Map<string, Node>();
  #texts = new Map<DfaState, Node>();
  #strings = new Map<DfaState, Node>();
  #numbers = 0;

  get size(): number {
    return this.#known.size;
  }

  /** A number that nobody else gets, for names of one's own. */
  nextNumber(): number {
    return this.#numbers++;
  }

  /** The node of a name, made when it is asked for the first time. */
  make(name: string, create: (id: number) => Node): Node {
    let node = this.#known.get(name);
    if (!node) {
      node = create(this.#known.size);
      this.#known.set(name, node);
    }
    return node;
  }

  /** Exactly these ASCII characters. */
  literal(text: string): Node {
    return this.make(`literal ${text}`, (id) => ({
      id,
      firstBytes: [text.charCodeAt(0)],
      step: (byte) =>
        byte !== text.charCodeAt(0) ? null : text.length === 1 ? nothing : [this.literal(text.slice(1))],
      alternatives: () => none,
    }));
  }

  /** One of several sequences, which are asked for once. */
  branch(name: string, alternatives: () => readonly (readonly Node[])[]): Node {
    return this.make(name, (id) => {
      let made: readonly (readonly Node[])[] | undefined;
      return {
        id,
        silent: true,
        firstBytes: [],
        step: () => null,
        alternatives: () => (made ??= alternatives()),
      };
    });
  }

  /** A text of a language as UTF-8; with `quoted` as the inside of a JSON string, up to and with its closing quote. */
  text(state: DfaState, options: { quoted: boolean }): Node {
    const { quoted } = options;
    const known = (quoted ? this.#strings : this.#texts).get(state);
    if (known) return known;
    const node = this.make(`text ${state.id} ${quoted}`, (id) => {
      const alternatives = state.accepts && !quoted ? ended : none;
      return {
        id,
        text: { state, quoted },
        firstBytes: firstBytesOf(state, quoted),
        step: (byte) => this.#textByte(state, quoted, byte),
        alternatives: () => alternatives,
      };
    });
    (quoted ? this.#strings : this.#texts).set(state, node);
    return node;
  }

  /** A JSON string of a language, quotes and all. */
  string(state: DfaState): Node {
    return this.make(`string ${state.id}`, (id) => ({
      id,
      firstBytes: [0x22],
      step: (byte) => (byte === 0x22 ? [this.text(state, { quoted: true })] : null),
      alternatives: () => none,
    }));
  }

  /**
   * What a node reads is kept, and `follow` says what comes after it.
   *
   * node  reads in one piece: never more than one node on its stack
   * name  of what follows
   */
  recorded(node: Node, name: string, follow: (bytes: string) => readonly Node[], bytes = ""): Node {
    return this.make(`recorded ${node.id} ${name} ${bytes}`, (id) => ({
      id,
      firstBytes: node.firstBytes,
      step: (byte) => {
        const next = node.step(byte);
        if (!next) return null;
        const read = bytes + String.fromCharCode(byte);
        return next.length === 0 ? follow(read) : [this.recorded(next[0], name, follow, read)];
      },
      alternatives: () => (node.alternatives().length > 0 ? [follow(bytes)] : none),
    }));
  }

  #textByte(state: DfaState, quoted: boolean, byte: number): readonly Node[] | null {
    if (byte < 0x80) {
      if (quoted) {
        if (byte === 0x22) return state.accepts ? nothing : null;
        if (byte === 0x5c) return canRead(state, 0, 0x10ffff) ? [this.#escape(state)] : null;
        if (byte < 0x20) return null;
      }
      return this.#after(state, quoted, byte);
    }
    // Lead bytes of two, three and four; overlong forms are excluded by the least code point.
    if (byte >= 0xc2 && byte < 0xe0) return this.#partial(state, quoted, byte & 0x1f, 1, 0x80);
    if (byte >= 0xe0 && byte < 0xf0) return this.#partial(state, quoted, byte & 0x0f, 2, 0x800);
    if (byte >= 0xf0 && byte < 0xf5) return this.#partial(state, quoted, byte & 0x07, 3, 0x10000);
    return null;
  }

  #after(state: DfaState, quoted: boolean, code: number): readonly Node[] | null {
    const next = nextState(state, code);
    return next && [this.text(next, { quoted })];
  }

  /** A character of which `missing` bytes have not been read. */
  #partial(
    state: DfaState,
    quoted: boolean,
    bits: number,
    missing: number,
    least: number,
  ): readonly Node[] | null {
    if (missing === 0) return this.#after(state, quoted, bits);
    const low = bits << (6 * missing);
    const high = low + (1 << (6 * missing)) - 1;
    const same = low >= least ? onlyTarget(state, low, high) : undefined;
    if (same) return [this.#rest(same, quoted, missing)];
    if (!canRead(state, Math.max(low, least), high)) return null;
    const node = this.make(`partial ${state.id} ${quoted} ${bits} ${missing} ${least}`, (id) => ({
      id,
      step: (byte) =>
        byte >> 6 === 2
          ? this.#partial(state, quoted, (bits << 6) | (byte & 0x3f), missing - 1, least)
          : null,
      alternatives: () => none,
    }));
    return [node];
  }

  /** The last bytes of a character, whichever it is; then a text. */
  #rest(target: DfaState, quoted: boolean, missing: number): Node {
    if (missing === 0) return this.text(target, { quoted });
    return this.make(`rest ${target.id} ${quoted} ${missing}`, (id) => ({
      id,
      leadsTo: quoted ? target : undefined,
      step: (byte) => (byte >> 6 === 2 ? [this.#rest(target, quoted, missing - 1)] : null),
      alternatives: () => none,
    }));
  }

  /** After a backslash. */
  #escape(state: DfaState): Node {
    return this.make(`escape ${state.id}`, (id) => ({
      id,
      step: (byte) => {
        const char = String.fromCharCode(byte);
        if (char === "u") return this.#hex(state, 0, 0, 0);
        const code = escapes.get(char);
        return code === undefined ? null : this.#after(state, true, code);
      },
      alternatives: () => none,
    }));
  }

  /**
   * Inside `\uXXXX`: `count` digits read with this value; `lead` is the first half of a surrogate pair, or 0.
   * Halves without the other are not offered.
   */
  #hex(state: DfaState, lead: number, value: number, count: number): readonly Node[] | null {
    const low = value << (4 * (4 - count));
    const high = low + 16 ** (4 - count) - 1;
    if (lead > 0) {
      const first = Math.max(low, 0xdc00);
      const last = Math.min(high, 0xdfff);
      if (first > last || !canRead(state, pairOf(lead, first), pairOf(lead, last))) return null;
      if (count === 4) return this.#after(state, true, pairOf(lead, value));
    } else {
      const firstLead = Math.max(low, 0xd800);
      const lastLead = Math.min(high, 0xdbff);
      const leads =
        firstLead <= lastLead && canRead(state, pairOf(firstLead, 0xdc00), pairOf(lastLead, 0xdfff));
      const same = leads ? undefined : onlyTarget(state, low, high);
      if (same) return [this.#hexRest(same, 4 - count)];
      if (!leads && !canRead(state, low, high)) return null;
      if (count === 4) return leads ? [this.#secondHalf(state, value)] : this.#after(state, true, value);
    }
    const node = this.make(`hex ${state.id} ${lead} ${value} ${count}`, (id) => ({
      id,
      step: (byte) => {
        const digit = digitOf(byte);
        return digit < 0 ? null : this.#hex(state, lead, value * 16 + digit, count + 1);
      },
      alternatives: () => none,
    }));
    return [node];
  }

  /** The last digits of an escape, whichever they are; then a text. */
  #hexRest(target: DfaState, missing: number): Node {
    if (missing === 0) return this.text(target, { quoted: true });
    return this.make(`hex rest ${target.id} ${missing}`, (id) => ({
      id,
      leadsTo: target,
      step: (byte) => (digitOf(byte) >= 0 ? [this.#hexRest(target, missing - 1)] : null),
      alternatives: () => none,
    }));
  }

  /** Between the two halves of a surrogate pair. */
  #secondHalf(state: DfaState, lead: number): Node {
    return this.make(`half ${state.id} ${lead}`, (id) => ({
      id,
      step: (byte) =>
        byte !== 0x5c
          ? null
          : [
              this.make(`half u ${state.id} ${lead}`, (id) => ({
                id,
                step: (byte) => (byte === 0x75 ? this.#hex(state, lead, 0, 0) : null),
                alternatives: () => none,
              })),
            ],
      alternatives: () => none,
    }));
  }
}

/** The escapes of JSON but `\u`, and the code points they stand for. */
const escapes = new Map([
  ['"', 0x22],
  ["\\", 0x5c],
  ["/", 0x2f],
  ["b", 8],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
]);

/** The first bytes of a state's characters, where they are few; in a string also backslash and quote. */
function firstBytesOf(state: DfaState, quoted: boolean): number[] | undefined {
  const bytes = new Set<number>(quoted ? [0x22, 0x5c] : []);
  for (const { low, high } of state.edges) {
    const [from, to] = [low, high].map((code) => encoder.encode(String.fromCodePoint(code))[0]);
    if (to - from > MOST_FIRST_BYTES) return undefined;
    for (let byte = from; byte <= to; byte++) bytes.add(byte);
  }
  return bytes.size <= MOST_FIRST_BYTES ? [...bytes] : undefined;
}

const MOST_FIRST_BYTES = 16;
const encoder = new TextEncoder();

/** The state that every code point of a range leads to, if it is one. */
function onlyTarget(state: DfaState, low: number, high: number): DfaState | undefined {
  return state.edges.find((edge) => edge.low <= low && edge.high >= high)?.target;
}

const pairOf = (lead: number, trail: number) => 0x10000 + ((lead - 0xd800) << 10) + (trail - 0xdc00);

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
