// Parses grammars as llama.cpp writes them (GBNF): rules, literals, classes, repetitions.
import { BaimoError } from "../../errors.ts";
import { anyChar, type CharSet, complementOf, unionOf } from "./char-sets.ts";
import { type Pattern, patternOf } from "./regex-parser.ts";

const escapes = new Map([
  ["n", 10],
  ["r", 13],
  ["t", 9],
]);

/** @throws {BaimoError} `request` for what is no grammar, with its line */
export function parseGrammar(source: string, depth: number): Map<string, Pattern> {
  const rules = new Map<string, Pattern>();
  let at = 0;

  function fail(reason: string): never {
    const line = source.slice(0, at).split("\n").length;
    throw new BaimoError("request", `grammar: ${reason} in line ${line}`);
  }

  /** The text that a sticky expression matches here. */
  function match(expression: RegExp): RegExpMatchArray | undefined {
    expression.lastIndex = at;
    const found = expression.exec(source);
    if (found) at += found[0].length;
    return found ?? undefined;
  }

  const skip = (lines: boolean) => match(lines ? /(?:\s|#[^\n]*)*/y : /(?:[ \t]|#[^\n]*)*/y);

  function choice(nesting: number): Pattern {
    if (nesting > depth) fail(`more than ${depth} nested groups`);
    const parts = [sequence(nesting)];
    // A rule goes on in the next line when that begins with "|".
    while (match(/(?:\s|#[^\n]*)*\|/y)) parts.push(sequence(nesting));
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  }

  function sequence(nesting: number): Pattern {
    const parts: Pattern[] = [];
    skip(true);
    for (;;) {
      const part = atom(nesting);
      if (!part) break;
      parts.push(repeated(part));
      skip(nesting > 0);
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  function atom(nesting: number): Pattern | undefined {
    if (match(/"/y)) return literal();
    if (match(/\[/y)) return { kind: "chars", chars: charClass() };
    if (match(/\./y)) return { kind: "chars", chars: anyChar };
    if (match(/\(/y)) {
      const group = choice(nesting + 1);
      skip(true);
      if (!match(/\)/y)) fail("a group without end");
      return group;
    }
    const name = match(/[A-Za-z][\w-]*(?!\s*::=)(?![\w-])/y);
    return name && { kind: "rule", name: name[0] };
  }

  function repeated(part: Pattern): Pattern {
    let pattern = part;
    for (;;) {
      const found = match(/[*+?]|\{\s*(\d+)\s*(?:(,)\s*(\d*)\s*)?\}/y);
      if (!found) return pattern;
      const [mark, low, comma, high] = found;
      const least = mark === "+" ? 1 : Number(low ?? 0);
      const most =
        mark === "?"
          ? 1
          : low === undefined || (comma && high === "")
            ? Number.POSITIVE_INFINITY
            : Number(high ?? low);
      if (most < least) fail(`a repetition ${mark} whose bounds are the wrong way round`);
      pattern = { kind: "repeat", part: pattern, least, most };
    }
  }

  function literal(): Pattern {
    let text = "";
    while (!match(/"/y)) text += String.fromCodePoint(char("a literal"));
    return patternOf(text);
  }

  function charClass(): CharSet {
    const negative = match(/\^/y);
    const sets: CharSet[] = [];
    while (!match(/\]/y)) {
      const low = char("a class");
      const high = match(/-(?!\])/y) ? char("a class") : low;
      if (high < low) fail("a range without order");
      sets.push([low, high]);
    }
    const union = unionOf(sets);
    return negative ? complementOf(union) : union;
  }

  /** One code point of a literal or a class. */
  function char(what: string): number {
    const found = match(
      /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([nrt])|(["\\[\]^/-]))|[^\\]/suy,
    );
    if (!found) fail(at < source.length ? "an unknown escape" : `${what} without end`);
    const [all, byte, short, long, control, same] = found;
    const hex = byte ?? short ?? long;
    const code =
      hex !== undefined
        ? Number.parseInt(hex, 16)
        : control !== undefined
          ? escapes.get(control)!
          : (same ?? all).codePointAt(0)!;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) fail(`an escape ${all} that is no character`);
    return code;
  }

  for (skip(true); at < source.length; skip(true)) {
    const name = match(/([A-Za-z][\w-]*)\s*::=/y);
    if (!name) fail('expected a rule, such as: root ::= "yes" | "no",');
    if (rules.has(name[1])) fail(`a second rule ${name[1]}`);
    rules.set(name[1], choice(0));
    if (!match(/[ \t]*(?:#[^\n]*)?(?=\n|\r|$)/y)) fail(`something after the rule ${name[1]}`);
  }
  return rules;
}
