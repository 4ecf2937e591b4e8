// Languages as deterministic automata over code points, equal states shared.
import { anyChar } from "./char-sets.ts";
import {
  components,
  type DfaEdge,
  type DfaState,
  joinEdges,
  type Language,
  liveStates,
  minimised,
  pairedEdges,
  type RawState,
  withOthers,
} from "./dfa-states.ts";
import { type LanguageRecord, RecordedLanguages, type Recorder } from "./language-record.ts";
import type { Budget } from "./limits.ts";

export type { DfaEdge, DfaState, Language } from "./dfa-states.ts";

/** The state after a code point, or null. */
export function nextState(state: DfaState, code: number): Language {
  const { edges } = state;
  let from = 0;
  let to = edges.length - 1;
  while (from <= to) {
    const middle = (from + to) >> 1;
    const edge = edges[middle];
    if (code < edge.low) to = middle - 1;
    else if (code > edge.high) from = middle + 1;
    else return edge.target;
  }
  return null;
}

/** Whether any code point of a range can be read. */
export function canRead(state: DfaState, low: number, high: number): boolean {
  return state.edges.some((edge) => edge.low <= high && edge.high >= low);
}

/** Whether a language holds a text. */
export function holds(language: Language, text: string): boolean {
  let state = language;
  for (const char of text) {
    if (!state) return false;
    state = nextState(state, char.codePointAt(0)!);
  }
  return state?.accepts ?? false;
}

/** How many texts a language has, at most `cap`. */
export function countTexts(language: Language, cap: number): number {
  if (!language) return 0;
  const states = [...reachable(language)].sort((a, b) => a.id - b.id);
  const counts = new Map<DfaState, number>();
  for (const state of states) {
    let count = state.accepts ? 1 : 0;
    // Targets have smaller numbers; one that has not been counted lies on a circle.
    for (const { low, high, target } of state.edges) {
      count += (high - low + 1) * (counts.get(target) ?? Number.POSITIVE_INFINITY);
    }
    counts.set(state, Math.min(count, cap));
  }
  return counts.get(language)!;
}

export function reachable(start: DfaState): Set<DfaState> {
  const found = new Set([start]);
  for (const state of found) for (const { target } of state.edges) found.add(target);
  return found;
}

/** Where two languages end together, combined by each operation. */
const ACCEPTS = {
  and: (a: boolean, b: boolean) => a && b,
  or: (a: boolean, b: boolean) => a || b,
  minus: (a: boolean, b: boolean) => a && !b,
};

/** Where languages come from, or what notes them. */
export interface LanguagesOrigin {
  readonly recorder?: Recorder;
  readonly record?: LanguageRecord;
}

/** Makes languages and combines them; equal states of different languages become one object where no circle is involved. */
export class Languages {
  budget: Budget;
  /** Every text. */
  readonly all: DfaState;
  #states = new Map<string, DfaState>();
  #products = new Map<string, Language>();
  #nextId = 0;
  readonly #recorder: Recorder | undefined;
  readonly #recorded: RecordedLanguages | undefined;
  /** Whether a language is being made, which asks for others. */
  #isInside = false;

  /** recorder: notes all that is made; record: has what is asked for first. */
  constructor(budget: Budget, { recorder, record }: LanguagesOrigin = {}) {
    this.budget = budget;
    this.#recorder = recorder;
    if (record) {
      this.#recorded = new RecordedLanguages(record);
      this.#nextId = this.#recorded.size;
    }
    const edges = [];
    for (let i = 0; i < anyChar.length; i += 2)
      edges.push({ low: anyChar[i], high: anyChar[i + 1], target: 0 });
    this.all = this.add([{ accepts: true, edges }])!;
  }

  /** How many states have been made: what tells the owner to begin anew. */
  get size(): number {
    return this.#nextId;
  }

  /** Makes sure that all of the record was asked for. */
  closeRecord(): void {
    this.#recorded?.close();
  }

  /** A language that is made of others, or takes long to make: in one piece for a record. about: what it is made from */
  made(about: string, make: () => Language): Language {
    let question = 0;
    for (let i = 0; i < about.length; i++) question = Math.imul(question ^ about.charCodeAt(i), 0x01000193);
    return this.#asked(question, make);
  }

  /** question: tells one question from another where a record is read */
  #asked(question: number, make: () => Language): Language {
    if (this.#isInside) return make();
    if (this.#recorded?.isOpen) return this.#recorded.answer(question);
    this.#isInside = true;
    try {
      const language = make();
      this.#recorder?.addAnswer(question, language);
      return language;
    } finally {
      this.#isInside = false;
    }
  }

  and(a: Language, b: Language): Language {
    if (!a || !b) return null;
    if (a === b || b === this.all) return a;
    if (a === this.all) return b;
    return this.#combine("and", a, b);
  }

  or(a: Language, b: Language): Language {
    if (!a || !b || a === b) return a ?? b;
    if (a === this.all || b === this.all) return this.all;
    return this.#combine("or", a, b);
  }

  minus(a: Language, b: Language): Language {
    if (!a || !b) return a;
    if (a === b || b === this.all) return null;
    return this.#combine("minus", a, b);
  }

  not(a: Language): Language {
    return this.minus(this.all, a);
  }

  /** Exactly these texts; without those that hold half of a surrogate pair, unless that stands for a special token. */
  of(texts: Iterable<string>, options: { special: boolean } = { special: false }): Language {
    return this.#asked(1, () => this.#of(texts, options));
  }

  #of(texts: Iterable<string>, options: { special: boolean }): Language {
    const states: RawState[] = [{ accepts: false, edges: [] }];
    const children: Map<number, number>[] = [new Map()];
    for (const text of texts) {
      if (!options.special && loneSurrogate.test(text)) continue;
      let at = 0;
      for (const char of text) {
        const code = char.codePointAt(0)!;
        let next = children[at].get(code);
        if (next === undefined) {
          next = states.length;
          children[at].set(code, next);
          states[at].edges.push({ low: code, high: code, target: next });
          states.push({ accepts: false, edges: [] });
          children.push(new Map());
        }
        at = next;
      }
      states[at].accepts = true;
    }
    for (const state of states) state.edges.sort((a, b) => a.low - b.low);
    return this.add(states);
  }

  /** Texts that hold another (Knuth, Morris and Pratt 1977). */
  holding(text: string): Language {
    return this.made(text, () => this.#holding(text));
  }

  #holding(text: string): Language {
    const codes = Array.from(text, (char) => char.codePointAt(0)!);
    if (codes.length === 0) return this.all;
    // How much of the text a state's text ends with; the last state has held it.
    const after = (matched: number, code: number): number => {
      for (let length = matched; length >= 0; length--) {
        if (codes[length] !== code) continue;
        if (codes.slice(0, length).every((each, i) => each === codes[matched - length + i]))
          return length + 1;
      }
      return 0;
    };
    const states = codes.map((_, matched): RawState => {
      const edges = [...new Set(codes)]
        .sort((a, b) => a - b)
        .map((code) => ({ low: code, high: code, target: after(matched, code) }));
      return { accepts: false, edges: withOthers(edges, 0) };
    });
    states.push({ accepts: true, edges: withOthers([], codes.length) });
    return this.add(minimised(states));
  }

  /** Texts of `least` to `most` code points. */
  ofLength(least: number, most: number): Language {
    if (most < least) return null;
    const length = most === Number.POSITIVE_INFINITY ? least : most;
    this.budget.checkStates(length);
    return this.made(`length ${least} ${most}`, () => {
      const states = Array.from({ length: length + 1 }, (_, i): RawState => {
        const target = i < length ? i + 1 : i;
        const open = i < length || most === Number.POSITIVE_INFINITY;
        const edges = open
          ? [
              { low: anyChar[0], high: anyChar[1], target },
              { low: anyChar[2], high: anyChar[3], target },
            ]
          : [];
        return { accepts: i >= least, edges };
      });
      return this.add(states);
    });
  }

  /** The language of `states[0]`: states that cannot end are dropped, equal ones become one. */
  add(states: RawState[]): Language {
    return this.#asked(2, () => this.#add(states));
  }

  #add(states: RawState[]): Language {
    this.budget.checkStates(states.length);
    this.budget.spend(states.length);
    const live = liveStates(states);
    if (!live[0]) return null;
    const raw = states.map(({ accepts, edges }) => ({
      accepts,
      edges: joinEdges(edges.filter(({ target }) => live[target])),
    }));
    const made: (DfaState | undefined)[] = new Array(raw.length);
    for (const component of components(raw)) this.#intern(raw, component, made);
    return made[0]!;
  }

  /** Makes the states of one strongly connected component, whose targets outside are made. */
  #intern(raw: RawState[], component: number[], made: (DfaState | undefined)[]): void {
    const edgesOf = (index: number) =>
      joinEdges(raw[index].edges.map(({ low, high, target }) => ({ low, high, target: made[target]! })));
    if (component.length === 1) {
      const [index] = component;
      const { accepts } = raw[index];
      let key = accepts ? "+" : "-";
      for (const { low, high, target } of joinEdges(
        raw[index].edges.map(({ low, high, target }) => ({
          low,
          high,
          target: target === index ? -1 : made[target]!.id,
        })),
      )) {
        key += `${low},${high},${target};`;
      }
      const known = this.#states.get(key);
      if (known) {
        made[index] = known;
        return;
      }
      const state = this.#newState(accepts);
      made[index] = state;
      state.edges.push(...edgesOf(index));
      this.#states.set(key, state);
      return;
    }
    for (const index of component) made[index] = this.#newState(raw[index].accepts);
    for (const index of component) (made[index]!.edges as DfaEdge[]).push(...edgesOf(index));
  }

  #newState(accepts: boolean) {
    const state = { id: this.#nextId++, accepts, edges: [] as DfaEdge[] };
    this.#recorder?.addState(state);
    return state;
  }

  #combine(name: keyof typeof ACCEPTS, a: DfaState, b: DfaState): Language {
    const question = Math.imul(a.id, 0x01000193) ^ Math.imul(b.id, 0x0001f0d1) ^ name.charCodeAt(0);
    return this.#asked(question, () => this.#combined(name, a, b));
  }

  #combined(name: keyof typeof ACCEPTS, a: DfaState, b: DfaState): Language {
    const key = `${name} ${a.id} ${b.id}`;
    const known = this.#products.get(key);
    if (known !== undefined) return known;
    const pairs: [Language, Language][] = [[a, b]];
    const numbers = new Map([[pairKey(a, b), 0]]);
    const states: RawState[] = [];
    for (const [x, y] of pairs) {
      const edges: RawState["edges"] = [];
      for (const { low, high, left, right } of pairedEdges(x?.edges ?? [], y?.edges ?? [])) {
        if (name === "and" ? !left || !right : name === "minus" && !left) continue;
        const pair = pairKey(left, right);
        let target = numbers.get(pair);
        if (target === undefined) {
          target = pairs.length;
          numbers.set(pair, target);
          pairs.push([left, right]);
          this.budget.checkStates(pairs.length);
        }
        edges.push({ low, high, target });
      }
      states.push({ accepts: ACCEPTS[name](x?.accepts ?? false, y?.accepts ?? false), edges });
      this.budget.spend(1 + edges.length);
    }
    // Finding equal states is worth several times the states.
    this.budget.spend(4 * states.length);
    const language = this.add(minimised(states));
    this.#products.set(key, language);
    return language;
  }
}

const loneSurrogate = /\p{Surrogate}/u;

const pairKey = (a: Language, b: Language) => ((a?.id ?? -1) + 1) * 2 ** 26 + (b?.id ?? -1) + 1;
