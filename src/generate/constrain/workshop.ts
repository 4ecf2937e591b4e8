// Builds the automaton of a constraint: schema, expression, choice, grammar, and these in parts.
import { BaimoError } from "../../errors.ts";
import { brief, isRecord } from "../../json.ts";
import { Automaton, type State } from "./automaton.ts";
import { type DfaState, type Language, Languages, type LanguagesOrigin } from "./dfa.ts";
import { grammarNodes } from "./gbnf.ts";
import { Budget, type ConstraintLimits, refusal } from "./limits.ts";
import { Masks } from "./mask.ts";
import { type Node, Nodes } from "./nodes.ts";
import { Numbers } from "./numbers.ts";
import { languageOfRegex } from "./regex.ts";
import { SchemaDocument } from "./schema-document.ts";
import { JsonNodes } from "./schema-nodes.ts";
import { Schemas } from "./schema-values.ts";
import type { TokenTrie } from "./token-trie.ts";

/**
 * What a text must be: one of these. They nest, so that a call of a tool is one constraint with its arguments. `name` is what
 * the caller calls a schema: the option of an error about it.
 */
export type ConstraintSpec =
  /** JSON that a JSON Schema (draft 2020-12) accepts, or its subschema at a JSON pointer. */
  | { readonly schema: unknown; readonly at?: string; readonly name?: string }
  /** A string that a JSON Schema accepts, as it is: no quotes, no escapes; it does not hold `without`. */
  | { readonly stringOf: unknown; readonly at?: string; readonly name?: string; readonly without?: string }
  /** A text that a regular expression (ECMAScript) matches as a whole. */
  | { readonly regex: string }
  /** One of these texts. Half of a surrogate pair in it is the special token whose bytes it is in the vocabulary. */
  | { readonly choice: readonly string[] }
  /** A text of a grammar (GBNF), whose first rule is `root`. */
  | { readonly grammar: string }
  /** One after another. */
  | { readonly sequence: readonly ConstraintSpec[] }
  /** One of several. */
  | { readonly either: readonly ConstraintSpec[] }
  /** Once or more, with a text between. */
  | { readonly repeat: ConstraintSpec; readonly between: string };

/** So many states of a constraint's texts have their masks made beforehand. */
const PREPARED_STATES = 100;

/** Builds constraints; what it makes for one it has for the others. */
export class Workshop {
  readonly trie: TokenTrie | undefined;
  readonly automaton: Automaton;
  readonly masks: Masks | undefined;
  #nodes = new Nodes();
  #languages: Languages;
  #numbers: Numbers;
  #limits: ConstraintLimits;
  /** Texts whose masks are still to be made. */
  #unprepared: Node[] = [];

  /** origin: of a workshop for one constraint alone */
  constructor(trie: TokenTrie | undefined, limits: ConstraintLimits, origin: LanguagesOrigin = {}) {
    this.#limits = limits;
    this.trie = trie;
    this.automaton = new Automaton(limits);
    this.#languages = new Languages(new Budget(limits), origin);
    this.#numbers = new Numbers(this.#languages);
    this.masks = trie && new Masks(trie, this.automaton, this.#nodes, this.#languages.all);
  }

  get size(): number {
    return this.automaton.size + this.#nodes.size + this.#languages.size;
  }

  /** Whether the steps of the limits did not suffice for what was built last. */
  get isSpent(): boolean {
    return this.#languages.budget.isSpent;
  }

  /** @throws {BaimoError} `request` for what cannot be enforced */
  build(spec: ConstraintSpec): State {
    this.#languages.budget = new Budget(this.#limits);
    const nodes = this.#nodesOf(spec, 0);
    const state = this.automaton.stateOf([this.automaton.push(nodes, null)]);
    this.#languages.closeRecord();
    // What is found out while an answer is read is a little for each token.
    this.#languages.budget = new Budget({ ...this.#limits, steps: Number.POSITIVE_INFINITY });
    return state;
  }

  #nodesOf(spec: ConstraintSpec, depth: number): readonly Node[] {
    try {
      return this.#partsOf(spec, depth);
    } catch (error) {
      throw named(error, spec);
    }
  }

  #partsOf(spec: ConstraintSpec, depth: number): readonly Node[] {
    if (depth > this.#limits.depth) {
      throw new BaimoError("request", `constraint: more than ${this.#limits.depth} nested parts`);
    }
    const parts = (specs: readonly ConstraintSpec[]) => specs.map((each) => this.#nodesOf(each, depth + 1));
    if ("schema" in spec) return [this.#schema(spec.schema, spec.at)];
    if ("grammar" in spec) return grammarNodes(spec.grammar, this.#nodes, this.#languages);
    if ("sequence" in spec) return parts(spec.sequence).flat();
    if ("either" in spec) {
      if (spec.either.length === 0) throw new BaimoError("request", "constraint: a choice of nothing");
      const ways = parts(spec.either);
      return [this.#nodes.branch(`either ${this.#nodes.nextNumber()}`, () => ways)];
    }
    if ("repeat" in spec) {
      const [once] = parts([spec.repeat]);
      const between = this.#text(this.#languages.of([spec.between], { special: true }), spec);
      const more: Node = this.#nodes.branch(`repeat ${this.#nodes.nextNumber()}`, () => [
        [],
        [...between, ...once, more],
      ]);
      return [...once, more];
    }
    if ("choice" in spec) return this.#text(this.#languages.of(spec.choice, { special: true }), spec);
    if ("regex" in spec)
      return this.#text(languageOfRegex(spec.regex, this.#languages, { whole: true }), spec);
    const { schemas, place } = this.#open(spec.stringOf, spec.at);
    const { without } = spec;
    const holding = without === undefined ? null : this.#languages.holding(without);
    return this.#text(this.#languages.minus(schemas.textsOf(place, false), holding), spec);
  }

  #text(language: Language, spec: ConstraintSpec): readonly Node[] {
    if (!language) throw new BaimoError("request", `constraint: no text at all fits ${brief(spec)}`);
    if (this.masks) this.#noteTexts([language], { quoted: false });
    return [this.#nodes.text(language, { quoted: false })];
  }

  #schema(schema: unknown, at: string | undefined): Node {
    const { schemas, place } = this.#open(schema, at);
    return schemas.guard(place, "schema", () => {
      const value = schemas.value(place);
      if (!schemas.canBe(value)) throw refusal(place.pointer, "schema", "no value at all is valid");
      const json = new JsonNodes(this.#nodes, schemas);
      const node = json.value(value);
      json.complete();
      if (this.masks) this.#noteTexts(schemas.stringsIn(value), { quoted: true });
      return node;
    });
  }

  #open(schema: unknown, at = "") {
    if (typeof schema !== "boolean" && !isRecord(schema)) {
      throw refusal("", "schema", `must be an object, true or false but is ${brief(schema)}`);
    }
    const document = new SchemaDocument(schema, this.#limits);
    const schemas = new Schemas(document, this.#languages, this.#numbers);
    return { schemas, place: document.at(document.root, at) };
  }

  /** Makes masks beforehand for so many milliseconds, and one at least. False when there are none to make. */
  prepare(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    for (let node = this.#unprepared.pop(); node; node = this.#unprepared.pop()) {
      this.masks?.prepare(node);
      if (performance.now() >= end) break;
    }
    return this.#unprepared.length > 0;
  }

  /** Notes texts whose masks have most of the vocabulary each: `prepare` makes them while nobody waits for a token. */
  #noteTexts(languages: Iterable<DfaState>, options: { quoted: boolean }): void {
    const states = new Set(languages);
    for (const state of states) {
      if (states.size < PREPARED_STATES) for (const { target } of state.edges) states.add(target);
    }
    // The first state's mask is the first to be made.
    for (const state of [...states].reverse()) this.#unprepared.push(this.#nodes.text(state, options));
  }
}

/** An error about what a caller has given, by the caller's name for it. */
function named(error: unknown, spec: ConstraintSpec): unknown {
  if (!(error instanceof BaimoError) || error.code !== "request") return error;
  const { message, cause, option } = error;
  const [kind] = Object.keys(spec);
  const isAbout =
    option === undefined ? kind === "regex" || kind === "grammar" : /^schema(\/|$)/.test(option);
  if (!isAbout) return error;
  const name = "name" in spec && spec.name !== undefined ? spec.name : `constraint.${kind}`;
  const way = option === undefined ? name : option.replace("schema", () => name);
  return new BaimoError("request", message, { cause, option: way });
}
