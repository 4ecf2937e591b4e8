// Constraints, compiled from schema, expression, choice or grammar; where an answer stands.
import { BaimoError } from "../../errors.ts";
import type { State } from "./automaton.ts";
import { type LanguageRecord, Recorder } from "./language-record.ts";
import { type ConstraintLimits, defaultLimits } from "./limits.ts";
import { bytesOf, type ConstraintVocabulary, openTokenTrie, type TokenTrie } from "./token-trie.ts";
import { type ConstraintSpec, Workshop } from "./workshop.ts";

export type { LanguageRecord } from "./language-record.ts";
export type { ConstraintLimits } from "./limits.ts";
export { bytesOf, type ConstraintVocabulary } from "./token-trie.ts";
export type { ConstraintSpec } from "./workshop.ts";

/** So many constraints are kept. */
const KEPT_CONSTRAINTS = 64;
/** So many states, stacks and nodes are shared; a compiler that has made more begins anew. */
const KEPT_STATES = 500_000;

/** A constraint that takes no more steps, some milliseconds, and no more characters is compiled wherever it is asked for. */
const EASY = { steps: 12_000, characters: 20_000 };
/** What is left to do with a record of its languages takes no more steps. */
const STEPS_WITH_RECORD = 250_000;

/**
 * Whether a constraint takes so long to compile that it should be done where nobody waits.
 * @throws {BaimoError} `request` for what cannot be enforced, as far as it has been looked at
 */
export function isDear(spec: ConstraintSpec, limits: Partial<ConstraintLimits> = {}): boolean {
  const all = { ...defaultLimits, ...limits };
  if (keyOf(spec, all).length > EASY.characters) return true;
  const workshop = new Workshop(undefined, { ...all, steps: Math.min(all.steps, EASY.steps) });
  try {
    workshop.build(spec);
    return false;
  } catch (error) {
    if (workshop.isSpent) return true;
    throw error;
  }
}

/**
 * Makes the languages of a dear constraint: with them, another thread compiles it in a moment.
 * @throws {BaimoError} `request` for what cannot be enforced
 */
export function recordLanguages(
  spec: ConstraintSpec,
  limits: Partial<ConstraintLimits> = {},
): LanguageRecord {
  const all = { ...defaultLimits, ...limits };
  keyOf(spec, all);
  const recorder = new Recorder();
  new Workshop(undefined, all, { recorder }).build(spec);
  const record = recorder.finish();
  // What another thread is going to do is bounded, too.
  new Workshop(undefined, { ...all, steps: Math.min(all.steps, STEPS_WITH_RECORD) }, { record }).build(spec);
  return record;
}

/** What a constraint is known by. @throws {BaimoError} `request` where it is too long */
export function keyOf(spec: ConstraintSpec, { specLength }: ConstraintLimits = defaultLimits): string {
  const key = JSON.stringify(spec);
  if (key.length <= specLength) return key;
  throw new BaimoError(
    "request",
    `constraint: ${key.length.toLocaleString("en")} characters, more than ${specLength.toLocaleString("en")}`,
  );
}

/** Compiles constraints for one vocabulary, or for none; what they have in common is made once. */
export class ConstraintCompiler {
  #limits: ConstraintLimits;
  #trie: TokenTrie | undefined;
  #workshop: Workshop;
  #known = new Map<string, Constraint>();
  /** Where masks are still to be made. */
  #unprepared: Workshop[] = [];

  constructor(vocabulary?: ConstraintVocabulary, limits: Partial<ConstraintLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#trie = vocabulary && openTokenTrie(vocabulary);
    this.#workshop = new Workshop(this.#trie, this.#limits);
  }

  /**
   * The constraint of a specification, compiled once.
   *
   * record  of its languages, where it is dear
   * @throws {BaimoError} `request` for what cannot be enforced: a schema's part with its JSON pointer and keyword
   */
  compile(spec: ConstraintSpec, record?: LanguageRecord): Constraint {
    const key = keyOf(spec, this.#limits);
    // What was made for answers so far is dropped before it grows too large; states in use keep theirs.
    if (this.#size > KEPT_STATES) {
      this.#workshop = new Workshop(this.#trie, this.#limits);
      this.#known.clear();
    }
    const known = this.#known.get(key);
    if (known) return known;
    const workshop = record ? new Workshop(this.#trie, this.#limits, { record }) : this.#workshop;
    const constraint = new Constraint(workshop, workshop.build(spec));
    if (this.#known.size >= KEPT_CONSTRAINTS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, constraint);
    if (!this.#unprepared.includes(workshop)) this.#unprepared.push(workshop);
    return constraint;
  }

  /** Makes masks beforehand for so many milliseconds, where any are left to make. */
  prepare(milliseconds: number): void {
    const [workshop] = this.#unprepared;
    if (workshop && !workshop.prepare(milliseconds)) this.#unprepared.shift();
  }

  /** States, stacks and nodes of all that is kept. */
  get #size(): number {
    let size = this.#workshop.size;
    for (const constraint of this.#known.values()) size += constraint.ownSize(this.#workshop);
    return size;
  }
}

/** Compiles one constraint; use a `ConstraintCompiler` for more than one of a vocabulary. */
export function compileConstraint(
  spec: ConstraintSpec,
  vocabulary?: ConstraintVocabulary,
  limits?: Partial<ConstraintLimits>,
): Constraint {
  return new ConstraintCompiler(vocabulary, limits).compile(spec);
}

/** A compiled constraint. */
export class Constraint {
  readonly #workshop: Workshop;
  readonly #start: State;

  constructor(workshop: Workshop, start: State) {
    this.#workshop = workshop;
    this.#start = start;
  }

  /** What it keeps beside what a workshop has for all. */
  ownSize(shared: Workshop): number {
    return this.#workshop === shared ? 0 : this.#workshop.size;
  }

  /** The state before an answer. */
  start(): ConstraintState {
    return new ConstraintState(this.#workshop, [this.#start]);
  }

  /** Whether a whole text fits, byte by byte; needs no vocabulary. */
  acceptsText(text: string): boolean {
    let state: State | null = this.#start;
    for (const byte of bytesOf(text)) {
      state = this.#workshop.automaton.step(state, byte);
      if (!state) return false;
    }
    return state.canEnd;
  }
}

/** Where one answer stands; it can be copied and taken back at no cost. */
export class ConstraintState {
  #workshop: Workshop;
  /** The states after each token so far. */
  #states: State[];
  #ended = false;

  constructor(workshop: Workshop, states: State[]) {
    this.#workshop = workshop;
    this.#states = states;
  }

  /** How many tokens were accepted. */
  get length(): number {
    return this.#states.length - 1;
  }

  /** Whether the answer is complete here: an end token may come. */
  get canEnd(): boolean {
    return this.#last.canEnd;
  }

  /** Whether nothing may follow but an end token. */
  get isFinal(): boolean {
    const { canEnd, stacks } = this.#last;
    return canEnd && stacks.length === 0;
  }

  /**
   * Writes which tokens may come next, a bit for each id; there is always one.
   *
   * out  [ceil(vocabulary size / 32)] u32
   * @throws {BaimoError} `request` when no token of the vocabulary spells what must come
   */
  mask(out: Uint32Array): void {
    const { masks, trie } = this.#workshop;
    if (!masks || !trie) throw new BaimoError("request", "constraint: compiled without a vocabulary");
    if (out.length !== Math.ceil(trie.vocabulary.size / 32)) {
      throw new BaimoError(
        "shape",
        `constraint: a mask of ${trie.vocabulary.size} tokens has ${Math.ceil(trie.vocabulary.size / 32)} words, not ${out.length}`,
      );
    }
    masks.fill(this.#last, out);
  }

  /** Goes on by a token; false, and nothing has changed, where the token cannot come. */
  accept(token: number): boolean {
    const { trie, automaton } = this.#workshop;
    if (!trie || this.#ended) return false;
    if (trie.vocabulary.endTokens.includes(token)) {
      if (!this.canEnd) return false;
      this.#ended = true;
      this.#states.push(this.#last);
      return true;
    }
    const bytes = trie.vocabulary.tokenBytes(token);
    let state: State | null = this.#last;
    for (const byte of bytes) {
      state = automaton.step(state, byte);
      if (!state) return false;
    }
    if (bytes.length === 0) return false;
    this.#states.push(state);
    return true;
  }

  /** A copy that goes its own way. */
  fork(): ConstraintState {
    const copy = new ConstraintState(this.#workshop, this.#states.slice());
    copy.#ended = this.#ended;
    return copy;
  }

  /** Takes the last tokens back. */
  rollback(tokens: number): void {
    if (tokens <= 0) return;
    if (tokens > this.length) {
      throw new BaimoError("request", `constraint: cannot take ${tokens} of ${this.length} tokens back`);
    }
    this.#states.length -= tokens;
    this.#ended = false;
  }

  get #last(): State {
    return this.#states[this.#states.length - 1];
  }
}
