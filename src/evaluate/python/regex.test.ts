// Python's regular expressions: what `re` of Python 3.11 answers, and bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "../../errors.ts";
import { compileRegex } from "./regex.ts";

test("findall and sub answer as Python", () => {
  const cases: [pattern: string, text: string, found: unknown, replaced: string][] = [
    ["\\b(\\w+)\\b[^\\w]*(?:$|\\Z)", "say it 12.\n", ["12"], "say it <12.\n>"],
    [
      '(?i)(?:the|a) ([a-z]+)|"([a-z]+)',
      'The Cat "hi',
      [
        ["Cat", ""],
        ["", "hi"],
      ],
      '<The Cat> <"hi>',
    ],
    ["答案[是为：: ]*([A-D])", "答案是：B", ["B"], "<答案是：B>"],
    ["x*", "axb", ["", "x", "", ""], "<>a<x><>b<>"],
    ["a??", "a", ["", "a", ""], "<><a><>"],
    ["(?P<x>a+)(?P=x)", "aaaa", ["aa"], "<aaaa>"],
    ["(a)?(?(1)b|c)", "abc", ["a", ""], "<ab><c>"],
    ["[]a-]+", "]b-a", ["]", "-a"], "<]>b<-a>"],
    ["$", "a\n", ["", ""], "a<>\n<>"],
    ["a{,2}b{x}", "aab{x}", ["aab{x}"], "<aab{x}>"],
    [".", "𠮷a", ["𠮷", "a"], "<𠮷><a>"],
    ["(a*)*", "a", ["", ""], "<a><>"],
  ];
  for (const [pattern, text, found, replaced] of cases) {
    const regex = compileRegex(pattern);
    assert.deepEqual(regex.findAll(text), found, pattern);
    assert.equal(regex.replace(text, "<\\g<0>>"), replaced, pattern);
  }
});

test("a pattern that backtracks without end is stopped, and one that is none is refused", () => {
  const slow = compileRegex("(a|a)*b");
  assert.throws(
    () => slow.findAll("a".repeat(40)),
    (error) => error instanceof BaimoError && error.code === "request",
  );
  for (const pattern of ["(", "a)", "[a", "*a", "a**", "(?P<1>a)", "\\2", "(?<=a+)b", "(?z)a"]) {
    assert.throws(
      () => compileRegex(pattern, "x.yaml"),
      (error) => error instanceof BaimoError,
      pattern,
    );
  }
});
