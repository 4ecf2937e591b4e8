// Parses regular expressions as ECMAScript writes them (the u flag, but lenient about escapes).
import { BaimoError } from "../../errors.ts";
import {
  anyChar,
  type CharSet,
  charsMatching,
  complementOf,
  digits,
  lineEnds,
  spaces,
  unionOf,
  wordChars,
} from "./char-sets.ts";

/** What an expression, or a rule of a grammar, is made of. */
export type Pattern =
  | { kind: "chars"; chars: CharSet }
  | { kind: "sequence"; parts: Pattern[] }
  | { kind: "choice"; parts: Pattern[] }
  | { kind: "repeat"; part: Pattern; least: number; most: number }
  | { kind: "assert"; what: "start" | "end" | "boundary" | "no boundary" }
  | { kind: "ahead"; part: Pattern; negative: boolean }
  | { kind: "rule"; name: string };

/** @throws {BaimoError} `request` for what is no expression, or none of a finite automaton */
export function parseRegex(source: string, depth: number): Pattern {
  return new RegexParser(source, depth).parse();
}

const classes = new Map<string, CharSet>([
  ["d", digits],
  ["D", complementOf(digits)],
  ["w", wordChars],
  ["W", complementOf(wordChars)],
  ["s", spaces],
  ["S", complementOf(spaces)],
]);
const controls = new Map([
  ["t", 9],
  ["n", 10],
  ["v", 11],
  ["f", 12],
  ["r", 13],
]);

class RegexParser {
  #source: string;
  #chars: string[];
  #at = 0;
  #depth: number;

  constructor(source: string, depth: number) {
    this.#source = source;
    this.#chars = [...source];
    this.#depth = depth;
  }

  parse(): Pattern {
    const pattern = this.#choice(0);
    if (this.#at < this.#chars.length) this.#fail("a closing bracket without an opening one");
    return pattern;
  }

  #fail(reason: string): never {
    const place = this.#chars.slice(0, this.#at).join("").length;
    throw new BaimoError(
      "request",
      `regex: ${reason} at character ${place} of ${JSON.stringify(this.#source)}`,
    );
  }

  #peek(text: string): boolean {
    return [...text].every((char, i) => this.#chars[this.#at + i] === char);
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += [...text].length;
    return true;
  }

  /** The text that a sticky expression matches here. */
  #match(expression: RegExp): RegExpMatchArray | null {
    const found = this.#chars
      .slice(this.#at, this.#at + 80)
      .join("")
      .match(expression);
    if (found) this.#at += [...found[0]].length;
    return found;
  }

  #choice(depth: number): Pattern {
    if (depth > this.#depth) this.#fail(`more than ${this.#depth} nested groups`);
    const parts = [this.#sequence(depth)];
    while (this.#take("|")) parts.push(this.#sequence(depth));
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  }

  #sequence(depth: number): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.#chars.length && !this.#peek("|") && !this.#peek(")")) {
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #repeated(part: Pattern): Pattern {
    const found = this.#match(/^(?:[*+?]|\{\d+(?:,\d*)?\})/);
    if (!found) return part;
    if (part.kind === "assert" || part.kind === "ahead") this.#fail("a repeated assertion");
    const [mark] = found;
    // A lazy repetition matches the same texts; a possessive one does not.
    this.#take("?");
    if (/^[*+?]$/.test(this.#chars[this.#at] ?? "")) this.#fail("two repetitions after one another");
    if (mark === "*") return { kind: "repeat", part, least: 0, most: Number.POSITIVE_INFINITY };
    if (mark === "+") return { kind: "repeat", part, least: 1, most: Number.POSITIVE_INFINITY };
    if (mark === "?") return { kind: "repeat", part, least: 0, most: 1 };
    const [least, most] = mark.slice(1, -1).split(",");
    const high = most === undefined ? Number(least) : most === "" ? Number.POSITIVE_INFINITY : Number(most);
    if (high < Number(least)) this.#fail(`a repetition ${mark} whose bounds are the wrong way round`);
    return { kind: "repeat", part, least: Number(least), most: high };
  }

  #atom(depth: number): Pattern {
    const char = this.#chars[this.#at];
    if (char === "(") return this.#group(depth);
    if (char === "[") return { kind: "chars", chars: this.#class() };
    if (char === "*" || char === "+" || char === "?") this.#fail("a repetition of nothing");
    this.#at++;
    if (char === "^") return { kind: "assert", what: "start" };
    if (char === "$") return { kind: "assert", what: "end" };
    if (char === ".") return { kind: "chars", chars: complementOf(lineEnds) };
    if (char !== "\\") return { kind: "chars", chars: charSetOf(char.codePointAt(0)!) };
    if (this.#take("b")) return { kind: "assert", what: "boundary" };
    if (this.#take("B")) return { kind: "assert", what: "no boundary" };
    if (this.#match(/^(?:[1-9]|k<)/)) this.#fail("a back reference, which no automaton holds,");
    return { kind: "chars", chars: this.#escape() };
  }

  #group(depth: number): Pattern {
    this.#at++;
    let ahead: "=" | "!" | undefined;
    if (this.#take("?")) {
      if (this.#take("=")) ahead = "=";
      else if (this.#take("!")) ahead = "!";
      else if (this.#peek("<=") || this.#peek("<!")) this.#fail("a look-behind, which is not supported,");
      else if (!this.#take(":") && !this.#match(/^P?<[A-Za-z_$][\w$]*>/)) {
        this.#fail("a group of a kind that is not supported");
      }
    }
    const part = this.#choice(depth + 1);
    if (!this.#take(")")) this.#fail("a group without end");
    return ahead ? { kind: "ahead", part, negative: ahead === "!" } : part;
  }

  /** What stands after a backslash, outside or inside a class. */
  #escape(): CharSet {
    const char = this.#chars[this.#at];
    if (char === undefined) this.#fail("a backslash at the end");
    const property = this.#match(/^[pP]\{[A-Za-z_]+(?:=[A-Za-z_]+)?\}/);
    if (property) {
      try {
        return charsMatching(`\\${property[0]}`);
      } catch {
        this.#fail(`an unknown property ${property[0]}`);
      }
    }
    const pair = this.#match(/^u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/);
    if (pair) {
      return charSetOf(
        String.fromCharCode(Number.parseInt(pair[1], 16), Number.parseInt(pair[2], 16)).codePointAt(0)!,
      );
    }
    const hex = this.#match(/^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\})/);
    if (hex) return charSetOf(Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16));
    const control = this.#match(/^c([A-Za-z])/);
    if (control) return charSetOf(control[1].charCodeAt(0) % 32);
    if (this.#match(/^0(?!\d)/)) return charSetOf(0);
    this.#at++;
    const named = classes.get(char);
    if (named) return named;
    const code = controls.get(char);
    if (code !== undefined) return charSetOf(code);
    if (/^[A-Za-z0-9]$/.test(char)) this.#fail(`an unknown escape \\${char}`);
    return charSetOf(char.codePointAt(0)!);
  }

  #class(): CharSet {
    this.#at++;
    const negative = this.#take("^");
    const sets: CharSet[] = [];
    while (!this.#take("]")) {
      const low = this.#classAtom();
      if (!this.#peek("-") || this.#chars[this.#at + 1] === "]") {
        sets.push(low);
        continue;
      }
      this.#at++;
      const high = this.#classAtom();
      if (!isOne(low) || !isOne(high) || low[0] > high[0]) this.#fail("a range without order");
      sets.push([low[0], high[0]]);
    }
    const union = unionOf(sets);
    return negative ? complementOf(union) : union;
  }

  #classAtom(): CharSet {
    const char = this.#chars[this.#at];
    if (char === undefined) this.#fail("a class without end");
    this.#at++;
    if (char !== "\\") return charSetOf(char.codePointAt(0)!);
    if (this.#take("b")) return charSetOf(8);
    return this.#escape();
  }
}

const isOne = (set: CharSet) => set.length === 2 && set[0] === set[1];
const charSetOf = (code: number): CharSet => [code, code];

/** A pattern of exactly this text. */
export function patternOf(text: string): Pattern {
  return {
    kind: "sequence",
    parts: [...text].map((char) => ({ kind: "chars", chars: charSetOf(char.codePointAt(0)!) })),
  };
}

/** Any text at all. */
export const anyText: Pattern = {
  kind: "repeat",
  part: { kind: "chars", chars: anyChar },
  least: 0,
  most: Number.POSITIVE_INFINITY,
};
