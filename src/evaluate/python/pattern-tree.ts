// Parses a regular expression of Python's `re` into a tree.
import { BaimoError } from "../../errors.ts";
import { brief } from "../../json.ts";
import { type CharacterTest, classTest, type Flags, foldedTest, readEscape } from "./pattern-classes.ts";

/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: "character"; readonly test: CharacterTest }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "either"; readonly choices: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly inner: PatternNode;
      readonly least: number;
      readonly most: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly kind: "group"; readonly index: number; readonly inner: PatternNode }
  | { readonly kind: "atomic"; readonly inner: PatternNode }
  | {
      readonly kind: "look";
      readonly behind: boolean;
      readonly negated: boolean;
      readonly inner: PatternNode;
    }
  | { readonly kind: "back"; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: "if"; readonly index: number; readonly yes: PatternNode; readonly no: PatternNode }
  | {
      readonly kind: "anchor";
      readonly at: "start" | "end" | "lineStart" | "lineEnd" | "lastLine" | "word" | "noWord";
    };

/** A parsed pattern. */
export interface PatternTree {
  readonly root: PatternNode;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

const LONGEST = 20_000;
const DEEPEST = 100;
const MOST_REPEATS = 4_294_967_295;
const QUANTIFIER = /(?:[*+?]|\{(?:(\d+)(,(\d*))?|(,)(\d*))\})([?+]?)/y;
/** Flags of the whole pattern. */
const OPENING = /\(\?([aiLmsux]+)\)/y;
const ANCHORS: Readonly<Record<string, "start" | "end" | "word" | "noWord">> = {
  A: "start",
  Z: "end",
  b: "word",
  B: "noWord",
};
const FLAGS: Readonly<Record<string, keyof Flags | undefined>> = {
  i: "ignoreCase",
  m: "multiline",
  s: "dotAll",
  x: "verbose",
  a: "ascii",
};

/** @throws {BaimoError} `format` with the place in the pattern */
export function parsePattern(pattern: string, where: string): PatternTree {
  return new PatternParser(pattern, where).parse();
}

class PatternParser {
  readonly #pattern: string;
  readonly #where: string;
  readonly #names = new Map<string, number>();
  #groups = 0;
  #at = 0;
  #depth = 0;
  #flags: Flags = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, ascii: false };

  constructor(pattern: string, where: string) {
    this.#pattern = pattern;
    this.#where = where;
  }

  parse(): PatternTree {
    if (this.#pattern.length > LONGEST) this.#fail(`has more than ${LONGEST} characters`);
    for (let opening = this.#match(OPENING); opening; opening = this.#match(OPENING)) {
      this.#flags = this.#withFlags(opening[1], "");
    }
    const root = this.#either();
    if (this.#at < this.#pattern.length) this.#fail("has a ) without its (");
    return { root, groups: this.#groups, names: this.#names };
  }

  #fail(problem: string): never {
    throw new BaimoError(
      "format",
      `${this.#where}: the regular expression ${brief(this.#pattern)} ${problem}, at character ${this.#at}`,
    );
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#pattern);
    if (match) this.#at += match[0].length;
    return match;
  }

  #withFlags(on: string, off: string): Flags {
    const flags = { ...this.#flags };
    for (const letter of on) {
      const name = FLAGS[letter];
      if (name) flags[name] = true;
      else if (letter !== "u") this.#fail(`has the flag ${letter}, which text does not take`);
    }
    for (const letter of off) {
      const name = FLAGS[letter];
      if (!name) this.#fail(`turns off the flag ${letter}`);
      else flags[name] = false;
    }
    return flags;
  }

  #either(): PatternNode {
    if (++this.#depth > DEEPEST) this.#fail(`nests more than ${DEEPEST} deep`);
    const choices = [this.#sequence()];
    while (this.#take("|")) choices.push(this.#sequence());
    this.#depth--;
    return choices.length === 1 ? choices[0] : { kind: "either", choices };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (;;) {
      if (this.#flags.verbose) this.#match(/(?:[ \t\n\r\f\v]|#[^\n]*)+/y);
      const next = this.#pattern[this.#at];
      if (next === undefined || next === "|" || next === ")") break;
      const part = this.#quantified();
      if (part) parts.push(part);
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #quantified(): PatternNode | undefined {
    const next = this.#pattern[this.#at];
    if (next === "*" || next === "+" || next === "?") this.#fail("has nothing to repeat");
    let node = this.#atom();
    for (let repeated = false; ; repeated = true) {
      if (this.#flags.verbose) this.#match(/(?:[ \t\n\r\f\v]|#[^\n]*)+/y);
      const match = this.#match(QUANTIFIER);
      if (!match) return node;
      if (!node || node.kind === "anchor") this.#fail("has nothing to repeat");
      if (repeated) this.#fail("repeats what is repeated");
      const [text, low, comma, high, open, openHigh, suffix] = match;
      const counted = text.startsWith("{");
      const upper = open ? openHigh : high;
      const least = counted ? Number(low ?? 0) : Number(text[0] === "+");
      const most = counted
        ? comma || open
          ? upper
            ? Number(upper)
            : Number.POSITIVE_INFINITY
          : least
        : text[0] === "?"
          ? 1
          : Number.POSITIVE_INFINITY;
      if (least > most || least > MOST_REPEATS) this.#fail(`cannot repeat ${text}`);
      const mode = suffix === "?" ? "lazy" : suffix === "+" ? "possessive" : "greedy";
      node = { kind: "repeat", inner: node, least, most, mode };
    }
  }

  #atom(): PatternNode | undefined {
    const { multiline, dotAll } = this.#flags;
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return this.#characterClass();
    if (this.#take("^")) return { kind: "anchor", at: multiline ? "lineStart" : "start" };
    if (this.#take("$")) return { kind: "anchor", at: multiline ? "lineEnd" : "lastLine" };
    if (this.#take(".")) return { kind: "character", test: dotAll ? () => true : (point) => point !== 10 };
    if (this.#take("\\")) return this.#escape();
    return this.#literal(this.#point());
  }

  #point(): number {
    const point = this.#pattern.codePointAt(this.#at) as number;
    this.#at += point > 0xffff ? 2 : 1;
    return point;
  }

  #literal(point: number): PatternNode {
    return { kind: "character", test: foldedTest((other) => other === point, this.#flags) };
  }

  #escape(): PatternNode {
    const letter = this.#pattern[this.#at] ?? this.#fail("ends with a backslash");
    if (Object.hasOwn(ANCHORS, letter)) {
      this.#at++;
      return { kind: "anchor", at: ANCHORS[letter] };
    }
    const back = /[1-9]\d?(?!\d)/y;
    back.lastIndex = this.#at;
    const number = back.exec(this.#pattern);
    if (number && !/^[1-3][0-7][0-7]/.test(this.#pattern.slice(this.#at))) {
      this.#at += number[0].length;
      return this.#backReference(Number(number[0]));
    }
    const read = readEscape(this.#pattern, this.#at, this.#flags, false) ?? this.#fail("has a bad escape");
    this.#at = read.end;
    if (read.test) return { kind: "character", test: read.test };
    return this.#literal(read.point as number);
  }

  #backReference(index: number): PatternNode {
    if (index > this.#groups) this.#fail(`refers to the group ${index}, which is not there yet`);
    return { kind: "back", index, ignoreCase: this.#flags.ignoreCase };
  }

  #named(name: string): number {
    const index = this.#names.get(name);
    return index ?? this.#fail(`refers to the group ${name}, which is not there yet`);
  }

  #group(): PatternNode | undefined {
    if (!this.#take("?")) return this.#capture();
    if (this.#match(/#[^)]*\)/y)) return undefined;
    const named = this.#match(/P<([^>]*)>/y);
    if (named) return this.#capture(named[1]);
    const back = this.#match(/P=([^)]*)\)/y);
    if (back) return this.#backReference(this.#named(back[1]));
    const condition = this.#match(/\(([^)]*)\)/y);
    if (condition) return this.#condition(condition[1]);
    const look = this.#match(/(<?)([=!])/y);
    if (look) {
      return this.#closed((inner) => ({
        kind: "look",
        behind: look[1] === "<",
        negated: look[2] === "!",
        inner,
      }));
    }
    if (this.#take(">")) return this.#closed((inner) => ({ kind: "atomic", inner }));
    const flags = this.#match(/([aiLmsux]*)(?:-([imsx]+))?:/y);
    if (!flags) this.#fail("has a group of unknown kind");
    return this.#closed((inner) => inner, this.#withFlags(flags[1], flags[2] ?? ""));
  }

  #closed(make: (inner: PatternNode) => PatternNode, flags = this.#flags): PatternNode {
    const outer = this.#flags;
    this.#flags = flags;
    const inner = this.#either();
    this.#flags = outer;
    if (!this.#take(")")) this.#fail("lacks a )");
    return make(inner);
  }

  #capture(name?: string): PatternNode {
    const index = ++this.#groups;
    if (name !== undefined) {
      if (!/^[\p{XIDS}_]\p{XIDC}*$/u.test(name) || this.#names.has(name))
        this.#fail(`cannot name a group ${name}`);
      this.#names.set(name, index);
    }
    return this.#closed((inner) => ({ kind: "group", index, inner }));
  }

  #condition(name: string): PatternNode {
    const index = /^\d+$/.test(name) ? Number(name) : this.#named(name);
    return this.#closed((inner) => {
      const [yes, no, ...more] = inner.kind === "either" ? inner.choices : [inner];
      if (more.length > 0) this.#fail("has a condition of more than two branches");
      return { kind: "if", index, yes, no: no ?? { kind: "sequence", parts: [] } };
    });
  }

  #characterClass(): PatternNode {
    const read = classTest(this.#pattern, this.#at, this.#flags);
    if (typeof read === "string") this.#fail(read);
    this.#at = read.end;
    return { kind: "character", test: read.test };
  }
}
