// Translates Oniguruma patterns, as tokenizer.json holds them, to JavaScript.

import { BaimoError } from "../../errors.ts";
import { GRAPHEME } from "./grapheme-pattern.ts";
import { caseVariants, posixClass, propertyOf, quote, WORD, WORD_ALONE } from "./regex-classes.ts";

/**
 * Compiles an Oniguruma pattern (Ruby syntax) with the flags "gv".
 *
 * Translated: \s \w \d \h and POSIX brackets as Unicode classes (JavaScript's \s is another set), inline flags
 * (?i) (?m) (?x), possessive quantifiers and atomic groups (by a lookahead and a back reference), \p{Han} and other
 * scripts, ^ and $ at lines, \A \z \Z \b \B, \R \X \N \O, comments, class intersections.
 * @throws {BaimoError} `format` naming the construct that has no translation
 */
export function compileOniguruma(pattern: string, where: string): RegExp {
  const source = translate(pattern, where);
  try {
    return new RegExp(source, "gv");
  } catch (cause) {
    throw new BaimoError("format", `${where}: the pattern ${JSON.stringify(pattern)} does not compile`, {
      cause,
    });
  }
}

// The longest published pattern has some 1,300 characters, the deepest few levels.
const MAX_LENGTH = 4096;
const MAX_DEPTH = 200;

interface Flags {
  ignoreCase: boolean;
  dotAll: boolean;
  extended: boolean;
}

function translate(pattern: string, where: string): string {
  let at = 0;
  let depth = 0;
  let groups = 0; // capture groups made for atomic parts; the pattern's own groups do not capture
  const fail = (what: string): never => {
    throw new BaimoError(
      "format",
      `${where}: the pattern ${JSON.stringify(pattern.slice(0, 200))} uses ${what} at ${at}, which is not supported`,
    );
  };
  if (pattern.length > MAX_LENGTH) fail(`more than ${MAX_LENGTH} characters`);
  const deeper = (what: string) => {
    if (++depth > MAX_DEPTH) fail(`${what} nested more than ${MAX_DEPTH} deep`);
  };
  const peek = (text: string) => pattern.startsWith(text, at);

  const alternatives = (outer: Flags): string => {
    deeper("groups");
    let flags = outer;
    let out = "";
    while (at < pattern.length && pattern[at] !== ")") {
      if (pattern[at] === "|") {
        out += "|";
        at++;
        continue;
      }
      if (flags.extended && /\s/.test(pattern[at])) {
        at++;
        continue;
      }
      if (flags.extended && pattern[at] === "#") {
        while (at < pattern.length && pattern[at] !== "\n") at++;
        continue;
      }
      const toggle = /^\(\?([imx]*)(?:-([imx]+))?\)/.exec(pattern.slice(at, at + 16));
      if (toggle) {
        // (?i) holds to the end of the group, alternatives included.
        at += toggle[0].length;
        flags = withFlags(flags, toggle[1], toggle[2]);
        out += `(?:${alternatives(flags)})`;
        continue;
      }
      out += quantified(flags);
    }
    depth--;
    return out;
  };

  const quantified = (flags: Flags): string => {
    const outer = depth;
    let out = atom(flags);
    for (; ; deeper("quantifiers")) {
      const match = /^(?:[*+?]|\{(?:\d+(?:,\d*)?|,\d+)\})/.exec(pattern.slice(at, at + 24));
      if (!match || out === "") {
        depth = outer;
        return out;
      }
      at += match[0].length;
      const braces = match[0][0] === "{";
      const quantifier = match[0].replace("{,", "{0,");
      // Ruby knows no lazy {n}: a{2}? is (?:a{2})?.
      if (peek("?") && !/^\{\d+\}$/.test(quantifier)) {
        at++;
        out = `(?:${out}${quantifier}?)`;
      } else if (!braces && peek("+")) {
        at++;
        out = atomic(`${out}${quantifier}`);
      } else {
        // A quantifier may itself be quantified in Oniguruma: a{2}+ is (?:a{2})+.
        out = `(?:${out}${quantifier})`;
      }
    }
  };

  const atomic = (inner: string): string => {
    const name = `atomic${++groups}`;
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  };

  const atom = (flags: Flags): string => {
    const c = pattern[at];
    if (c === "(") return group(flags);
    if (c === "[") return characterClass(flags);
    if (c === "\\") return escaped(flags, false);
    if (c === ".") {
      at++;
      return flags.dotAll ? "[\\s\\S]" : "[^\\n]";
    }
    if (c === "^") {
      at++;
      return "(?:(?<![\\s\\S])|(?<=\\n)(?=[\\s\\S]))";
    }
    if (c === "$") {
      at++;
      return "(?![^\\n])";
    }
    const point = pattern.codePointAt(at) as number;
    at += point > 0xffff ? 2 : 1;
    return literal(point, flags);
  };

  const group = (flags: Flags): string => {
    const heads: [string, (inner: string) => string][] = [
      ["(?:", (inner) => `(?:${inner})`],
      ["(?=", (inner) => `(?=${inner})`],
      ["(?!", (inner) => `(?!${inner})`],
      ["(?<=", (inner) => `(?<=${inner})`],
      ["(?<!", (inner) => `(?<!${inner})`],
      ["(?>", atomic],
    ];
    if (peek("(?#")) {
      const end = pattern.indexOf(")", at);
      if (end < 0) fail("an open comment");
      at = end + 1;
      return "";
    }
    const scoped = /^\(\?([imx]*)(?:-([imx]+))?:/.exec(pattern.slice(at, at + 16));
    let wrap = (inner: string) => `(?:${inner})`;
    let inside = flags;
    if (scoped) {
      at += scoped[0].length;
      inside = withFlags(flags, scoped[1], scoped[2]);
    } else {
      const head = heads.find(([text]) => peek(text));
      const named = /^\(\?(?:<\w+>|P<\w+>|'\w+')/.exec(pattern.slice(at, at + 64));
      if (head) {
        at += head[0].length;
        wrap = head[1];
      } else if (named) {
        at += named[0].length;
      } else if (peek("(?")) {
        fail(`the group ${pattern.slice(at, at + 4)}`);
      } else {
        at++;
      }
    }
    const inner = alternatives(inside);
    if (pattern[at] !== ")") fail("an open group");
    at++;
    return wrap(inner);
  };

  const literal = (point: number, flags: Flags): string => {
    if (!flags.ignoreCase) return quote(point);
    const variants = caseVariants(point);
    return variants.length === 1 ? quote(point) : `[${variants.map(quote).join("")}]`;
  };

  /** One escape; inside a class the answer is a class member. */
  const escaped = (flags: Flags, inClass: boolean): string => {
    const c = pattern[at + 1];
    if (c === undefined) fail("a backslash at the end");
    const word = inClass ? WORD : WORD_ALONE;
    const classes: Record<string, string> = {
      s: "\\p{White_Space}",
      d: "\\p{Nd}",
      w: `[${word}]`,
      h: "[0-9a-fA-F]",
      S: "\\P{White_Space}",
      D: "\\P{Nd}",
      W: `[^${word}]`,
      H: "[^0-9a-fA-F]",
    };
    const controls: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };
    if (Object.hasOwn(classes, c)) {
      at += 2;
      return classes[c];
    }
    if (Object.hasOwn(controls, c)) {
      at += 2;
      return quote(controls[c]);
    }
    if (c === "p" || c === "P") {
      const match =
        /^\\([pP])\{(\^?)([^}]{1,64})\}/.exec(pattern.slice(at, at + 80)) ?? fail("a bad property");
      at += match[0].length;
      const negated = (match[1] === "P") !== (match[2] === "^");
      return propertyOf(match[3], negated) ?? fail(`the property ${match[3]}`);
    }
    const hex = /^\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4}))/.exec(
      pattern.slice(at, at + 12),
    );
    if (hex) {
      const point = Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16);
      if (point > 0x10ffff) fail("a code point beyond U+10FFFF");
      at += hex[0].length;
      return literal(point, inClass ? { ...flags, ignoreCase: false } : flags);
    }
    if (!inClass) {
      const anchors: Record<string, string> = {
        A: "(?<![\\s\\S])",
        z: "(?![\\s\\S])",
        Z: "(?=\\n?(?![\\s\\S]))",
        b: `(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`,
        B: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
        N: "[^\\n]",
        O: "[\\s\\S]",
        R: "(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])",
      };
      if (Object.hasOwn(anchors, c)) {
        at += 2;
        return anchors[c];
      }
      if (c === "X") {
        at += 2;
        return atomic(GRAPHEME);
      }
    }
    if (/[a-zA-Z0-9]/.test(c)) fail(`the escape \\${c}`);
    const point = pattern.codePointAt(at + 1) as number;
    at += point > 0xffff ? 3 : 2;
    return inClass ? quote(point) : literal(point, flags);
  };

  const characterClass = (flags: Flags): string => {
    deeper("classes");
    at++;
    let negated = false;
    if (pattern[at] === "^") {
      negated = true;
      at++;
    }
    const parts: string[] = [""];
    let first = true;
    for (;;) {
      if (at >= pattern.length) fail("an open class");
      const c = pattern[at];
      if (c === "]" && !first) break;
      first = false;
      if (peek("&&")) {
        at += 2;
        parts.push("");
        continue;
      }
      const posix = /^\[:(\^?)(\w+):\]/.exec(pattern.slice(at, at + 20));
      if (posix) {
        at += posix[0].length;
        parts[parts.length - 1] +=
          posixClass(posix[2], posix[1] === "^") ?? fail(`the class [:${posix[2]}:]`);
        continue;
      }
      if (c === "[") {
        parts[parts.length - 1] += characterClass(flags);
        continue;
      }
      const from = member(flags);
      if (pattern[at] === "-" && pattern[at + 1] !== "]" && at + 1 < pattern.length && from.point >= 0) {
        const back = at;
        at++;
        const to = member(flags);
        if (to.point >= from.point) {
          parts[parts.length - 1] += range(from.point, to.point, flags);
          continue;
        }
        if (to.point >= 0) fail("an empty range");
        at = back; // [a-\s]: the dash is a member
      }
      parts[parts.length - 1] += from.point >= 0 ? range(from.point, from.point, flags) : from.text;
    }
    at++;
    depth--;
    const body = parts.length === 1 ? parts[0] : parts.map((part) => `[${part}]`).join("&&");
    if (body === "") return negated ? "[\\s\\S]" : "[]";
    return `[${negated ? "^" : ""}${body}]`;
  };

  const member = (flags: Flags): { point: number; text: string } => {
    if (pattern[at] === "\\") {
      const text = escaped(flags, true);
      const unicode = /^\\u\{([0-9a-f]+)\}$/.exec(text);
      return { point: unicode ? Number.parseInt(unicode[1], 16) : -1, text };
    }
    const point = pattern.codePointAt(at) as number;
    at += point > 0xffff ? 2 : 1;
    return { point, text: "" };
  };

  const range = (from: number, to: number, flags: Flags): string => {
    let out = from === to ? quote(from) : `${quote(from)}-${quote(to)}`;
    if (flags.ignoreCase) {
      // Letters of the range that have another case; ranges of ignored case are short in practice.
      for (let point = from; point <= Math.min(to, from + 1024); point++) {
        for (const variant of caseVariants(point)) if (variant < from || variant > to) out += quote(variant);
      }
    }
    return out;
  };

  const out = alternatives({ ignoreCase: false, dotAll: false, extended: false });
  if (at < pattern.length) fail("a closing bracket without an opening one");
  return out;
}

function withFlags(flags: Flags, on: string, off: string | undefined): Flags {
  const value = (letter: string, old: boolean) =>
    on.includes(letter) ? true : off?.includes(letter) ? false : old;
  return {
    ignoreCase: value("i", flags.ignoreCase),
    dotAll: value("m", flags.dotAll),
    extended: value("x", flags.extended),
  };
}
