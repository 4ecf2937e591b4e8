// Languages as plain data: made in one thread, read in another as far as they are needed.
import { share } from "../../share.ts";
import type { DfaEdge, DfaState, Language } from "./dfa-states.ts";

/** All that was made for one constraint, and which language answered which question, in their order. */
export interface LanguageRecord {
  /** [states] by their numbers. */
  readonly accepts: Uint8Array;
  /** [states + 1] where the edges of each begin. */
  readonly starts: Uint32Array;
  /** [edges, 3] first and last code point, and the number of the target. */
  readonly edges: Uint32Array;
  /** [answers, 2] the question, and the number of the answer's state; -1 for the empty language. */
  readonly answers: Int32Array;
}

const EMPTY = -1;

/** Notes what is made. */
export class Recorder {
  readonly #states: DfaState[] = [];
  readonly #answers: number[] = [];

  addState(state: DfaState): void {
    this.#states.push(state);
  }

  addAnswer(question: number, language: Language): void {
    this.#answers.push(question, language ? language.id : EMPTY);
  }

  finish(): LanguageRecord {
    const states = this.#states;
    const starts = share(new Uint32Array(states.length + 1));
    for (let i = 0; i < states.length; i++) starts[i + 1] = starts[i] + states[i].edges.length;
    const accepts = share(new Uint8Array(states.length));
    const edges = share(new Uint32Array(3 * starts[states.length]));
    let at = 0;
    for (let i = 0; i < states.length; i++) {
      accepts[i] = Number(states[i].accepts);
      for (const { low, high, target } of states[i].edges) {
        edges[at++] = low;
        edges[at++] = high;
        edges[at++] = target.id;
      }
    }
    return { accepts, starts, edges, answers: share(Int32Array.from(this.#answers)) };
  }
}

/** A record's languages, asked for as they were when it was made. */
export class RecordedLanguages {
  readonly #record: LanguageRecord;
  readonly #states = new Map<number, DfaState>();
  #at = 0;

  constructor(record: LanguageRecord) {
    this.#record = record;
  }

  /** How many states it has. */
  get size(): number {
    return this.#record.accepts.length;
  }

  /** Whether questions are left. */
  get isOpen(): boolean {
    return this.#at < this.#record.answers.length;
  }

  answer(question: number): Language {
    const { answers } = this.#record;
    const [asked, id] = answers.subarray(this.#at, this.#at + 2);
    this.#at += 2;
    if (asked !== question) throw new Error("a record of languages is of another constraint");
    return id === EMPTY ? null : this.stateOf(id);
  }

  /** What is made from here on is not in the record. */
  close(): void {
    if (this.isOpen) throw new Error("a record of languages has more than was asked for");
  }

  stateOf(id: number): DfaState {
    let state = this.#states.get(id);
    if (!state) {
      state = new RecordedState(id, this.#record, (target) => this.stateOf(target));
      this.#states.set(id, state);
    }
    return state;
  }
}

/** Its edges are made when they are first looked at. */
class RecordedState implements DfaState {
  readonly id: number;
  readonly accepts: boolean;
  readonly #record: LanguageRecord;
  readonly #stateOf: (id: number) => DfaState;
  #edges: readonly DfaEdge[] | undefined;

  constructor(id: number, record: LanguageRecord, stateOf: (id: number) => DfaState) {
    this.id = id;
    this.accepts = record.accepts[id] === 1;
    this.#record = record;
    this.#stateOf = stateOf;
  }

  get edges(): readonly DfaEdge[] {
    if (this.#edges) return this.#edges;
    const { starts, edges } = this.#record;
    const made: DfaEdge[] = [];
    for (let at = 3 * starts[this.id]; at < 3 * starts[this.id + 1]; at += 3) {
      made.push({ low: edges[at], high: edges[at + 1], target: this.#stateOf(edges[at + 2]) });
    }
    return (this.#edges = made);
  }
}
