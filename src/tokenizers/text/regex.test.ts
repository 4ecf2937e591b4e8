// Oniguruma patterns translated to JavaScript, and those that have no translation.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { compileOniguruma } from "./regex.ts";

const matches = (pattern: string, text: string) => text.match(compileOniguruma(pattern, "test")) ?? [];

describe("Oniguruma patterns", () => {
  const cases: [pattern: string, text: string, expected: string[]][] = [
    ["\\s+", "a\u0085b\ufeffc \u3000d", ["\u0085", " \u3000"]], // White_Space, not JavaScript's \s
    ["\\S+", "a\u0085b", ["a", "b"]],
    ["(?i:'s|'re)", "it'S we'RE 'ſ", ["'S", "'RE", "'ſ"]],
    ["(?i)ab|c", "AB C", ["AB", "C"]],
    ["a(?i)b|c", "aB aC bB", ["aB", "aC"]], // an inline flag holds for the rest of the group, alternatives too
    ["[^\\r\\n\\p{L}]?+\\p{L}+", " ab", [" ab"]],
    ["a++b|a", "aac", ["a", "a"]],
    ["(?>a|ab)c", "abc ac", ["ac"]],
    ["[[:alpha:]]+", "aé1", ["aé"]],
    ["[\\p{L}&&[^\\p{Han}]]+", "ab中c", ["ab", "c"]],
    ["\\p{Han}+", "a中文b", ["中文"]],
    ["[\\p{^L}]+", "a12b", ["12"]],
    ["^a", "a\na", ["a", "a"]], // Ruby's ^ and $ are of lines
    ["\\Aa", "a\na", ["a"]],
    ["a$", "a\na", ["a", "a"]],
    ["a\\z", "a\na", ["a"]],
    ["\\bx", "x ax 文x .x", ["x", "x"]],
    ["[a\\-z]+", "a-z m", ["a-z"]],
    ["[]a]+", "]a", ["]a"]],
    ["\\x{4e2d}|\\u6587", "中文", ["中", "文"]],
    ["a{2}+", "aaaa", ["aaaa"]], // not possessive: a quantifier of a quantifier
    [".", "\na", ["a"]],
    ["(?m:.)", "\n", ["\n"]],
    ["(?x) a b # comment\n c", "abc", ["abc"]],
    ["(?<name>a)(?#note)b", "ab", ["ab"]],
    ["\\N+", "ab\ncd", ["ab", "cd"]],
    ["\\O+", "ab\ncd", ["ab\ncd"]],
    [
      "\\X",
      "e\u0301x\r\n👩\u200d💻🇩🇪🇫각\u11a8\u0600a",
      ["e\u0301", "x", "\r\n", "👩\u200d💻", "🇩🇪", "🇫", "각\u11a8", "\u0600a"],
    ],
    ["[[:graph:]]+", "a b\u00a0c\u0378\u200b\u00ad", ["a", "b", "c", "\u200b\u00ad"]],
    ["[[:print:]]+", "a b\u00a0\u2028c", ["a b\u00a0", "c"]],
    ["[[:^graph:]]+", "a b", [" "]],
    ["\\p{Print}+|\\P{XDigit}", "a b\ng", ["a b", "\n", "g"]],
    ["a{2}?b", "aab b", ["aab", "b"]], // not lazy: an optional a{2}
    ["^", "a\n", [""]], // no line begins at the end of a text
  ];
  for (const [pattern, text, expected] of cases) {
    it(`${pattern} on ${JSON.stringify(text)}`, () =>
      assert.deepEqual([...matches(pattern, text)], expected));
  }

  it("names what has no translation", () => {
    for (const [pattern, named] of [
      ["\\G", "\\G"],
      ["\\p{Klingon}", "Klingon"],
      ["(?~ab)", "(?~a"],
      ["(a", "open group"],
      ["a)", "closing bracket"],
      ["[a", "open class"],
      ["(?:".repeat(300), "nested"],
    ]) {
      assert.throws(
        () => compileOniguruma(pattern, "tokenizer.json: x"),
        (error) => error instanceof BaimoError && error.code === "format" && error.message.includes(named),
        pattern,
      );
    }
  });
});
