// Constraints, compiled from schema, expression, choice or grammar; where an answer stands.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { Automaton, type State } from "./automaton.ts";
import { type DfaState, Languages } from "./dfa.ts";
import { grammarNodes } from "./gbnf.ts";
import { Budget, type ConstraintLimits, defaultLimits, refusal } from "./limits.ts";
import { Masks } from "./mask.ts";
import { type Node, Nodes } from "./nodes.ts";
import { Numbers } from "./numbers.ts";
import { languageOfRegex } from "./regex.ts";
import { SchemaDocument } from "./schema-document.ts";
import { JsonNodes } from "./schema-nodes.ts";
import { Schemas } from "./schema-values.ts";
import { buildTokenTrie, type ConstraintVocabulary, type TokenTrie } from "./token-trie.ts";

/** What an answer must be: one of these. */
export type ConstraintSpec =
  /** JSON that a JSON Schema (draft 2020-12) accepts. */
  | { schema: unknown }
  /** A text that a regular expression (ECMAScript) matches as a whole. */
  | { regex: string }
  /** One of these texts. */
  | { choice: readonly string[] }
  /** A text of a grammar (GBNF), whose first rule is `root`. */
  | { grammar: string };

/** So many constraints are kept. */
const KEPT_CONSTRAINTS = 64;
/** So many states, stacks and nodes are shared; a compiler that has made more begins anew. */
const KEPT_STATES = 1_000_000;

/** So many states of a constraint's texts have their masks made beforehand. */
const PREPARED_STATES = 100;

/** Compiles constraints for one vocabulary, or for none; what they have in common is made once. */
export class ConstraintCompiler {
  #limits: ConstraintLimits;
  #trie: TokenTrie | undefined;
  #workshop: Workshop;
  #known = new Map<string, Constraint>();

  constructor(vocabulary?: ConstraintVocabulary, limits: Partial<ConstraintLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#trie = vocabulary && buildTokenTrie(vocabulary);
    this.#workshop = new Workshop(this.#trie, this.#limits);
  }

  /**
   * The constraint of a specification, compiled once.
   *
   * @throws {BaimoError} `request` for what cannot be enforced: a schema's part with its JSON pointer and keyword
   */
  compile(spec: ConstraintSpec): Constraint {
    const key = JSON.stringify(spec);
    const { specLength } = this.#limits;
    if (key.length > specLength) {
      throw new BaimoError(
        "request",
        `constraint: ${key.length.toLocaleString("en")} characters, more than ${specLength.toLocaleString("en")}`,
      );
    }
    const known = this.#known.get(key);
    if (known) return known;
    if (this.#workshop.size > KEPT_STATES) this.#workshop = new Workshop(this.#trie, this.#limits);
    const constraint = new Constraint(this.#workshop, this.#workshop.build(spec));
    if (this.#known.size >= KEPT_CONSTRAINTS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, constraint);
    return constraint;
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

/** What constraints are built with and share. */
class Workshop {
  readonly trie: TokenTrie | undefined;
  readonly automaton: Automaton;
  readonly masks: Masks | undefined;
  #nodes = new Nodes();
  #languages: Languages;
  #numbers: Numbers;
  #limits: ConstraintLimits;

  constructor(trie: TokenTrie | undefined, limits: ConstraintLimits) {
    this.#limits = limits;
    this.trie = trie;
    this.automaton = new Automaton(limits);
    this.#languages = new Languages(new Budget(limits));
    this.#numbers = new Numbers(this.#languages);
    this.masks = trie && new Masks(trie, this.automaton, this.#nodes, this.#languages.all);
  }

  get size(): number {
    return this.automaton.size + this.#nodes.size + this.#languages.size;
  }

  build(spec: ConstraintSpec): State {
    this.#languages.budget = new Budget(this.#limits);
    return this.automaton.stateOf([this.automaton.push(this.#nodesOf(spec), null)]);
  }

  #nodesOf(spec: ConstraintSpec): readonly Node[] {
    if ("schema" in spec) return [this.#schema(spec.schema)];
    if ("grammar" in spec) return grammarNodes(spec.grammar, this.#nodes, this.#languages);
    if ("choice" in spec && spec.choice.length === 0) {
      throw new BaimoError("request", "choice: the list is empty");
    }
    const language =
      "choice" in spec
        ? this.#languages.of(spec.choice)
        : languageOfRegex(spec.regex, this.#languages, { whole: true });
    if (!language) throw new BaimoError("request", `constraint: no text at all fits ${brief(spec)}`);
    if (this.masks) this.#prepare([language], { quoted: false });
    return [this.#nodes.text(language, { quoted: false })];
  }

  #schema(schema: unknown): Node {
    if (typeof schema !== "boolean" && !isRecord(schema)) {
      throw refusal("", "schema", `must be an object, true or false but is ${brief(schema)}`);
    }
    const document = new SchemaDocument(schema, this.#limits);
    const schemas = new Schemas(document, this.#languages, this.#numbers);
    const value = schemas.value(document.root);
    if (!schemas.canBe(value)) throw refusal("", "schema", "no value at all is valid");
    if (this.masks) this.#prepare(schemas.stringsIn(value), { quoted: true });
    return new JsonNodes(this.#nodes, schemas).value(value);
  }

  /** Makes the masks of texts, most of the vocabulary each, while nobody waits for a token. */
  #prepare(languages: Iterable<DfaState>, options: { quoted: boolean }): void {
    const states = new Set(languages);
    for (const state of states) {
      if (states.size < PREPARED_STATES) for (const { target } of state.edges) states.add(target);
    }
    for (const state of states) this.masks?.prepare(this.#nodes.text(state, options));
  }
}

/** A compiled constraint. */
export class Constraint {
  readonly #workshop: Workshop;
  readonly #start: State;

  constructor(workshop: Workshop, start: State) {
    this.#workshop = workshop;
    this.#start = start;
  }

  /** The state before an answer. */
  start(): ConstraintState {
    return new ConstraintState(this.#workshop, [this.#start]);
  }

  /** Whether a whole text fits, byte by byte; needs no vocabulary. */
  acceptsText(text: string): boolean {
    let state: State | null = this.#start;
    for (const byte of new TextEncoder().encode(text)) {
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
