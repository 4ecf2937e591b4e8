// The counting matcher beside Oniguruma and the runtime's engine, and patterns that could hang.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertLinear } from "../../../test/processor-time.ts";
import { BaimoError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { GGUF_PRE_TOKENIZERS } from "../files/gguf-pre-tokenizers.ts";
import type { Matches } from "./class-patterns.ts";
import { patternMatches, regexMatches } from "./patterns.ts";
import { compileOniguruma } from "./regex.ts";
import { countedMatches } from "./regex-matcher.ts";
import { parseTranslated } from "./regex-tree.ts";
import { SCANNERS } from "./scanners.ts";

const SEED = 20_263;
const PARTS = [
  "a",
  "B",
  "ll",
  "'s",
  "1",
  "23",
  " ",
  "  ",
  "\n",
  "\r\n",
  "\t",
  ".",
  "!?",
  "中",
  "é",
  "e\u0301",
  "😀",
  "IMG",
  "\u3000",
];

const published = [...GGUF_PRE_TOKENIZERS.values()].flatMap(({ patterns }) => patterns);
const odd = [
  "a*?b",
  "(?:a|ab)(?:c|bcd)?",
  "(?>a|ab)b?",
  "(?<=a)b|(?<!a)\\d",
  "(?:a|1)*?\\n",
  "(?:a?){2,3}b",
  "a++a|b",
  "(?:(?:a|1)+ ?)+",
  "x*",
  "\\b",
  "^.|.$",
  "(?<=^|a\\d*)B",
];

function found(matches: Matches, text: string): string[] {
  const all: string[] = [];
  matches(text, 0, text.length, (start, end) => all.push(`${start}-${end}`));
  return all;
}

describe("patterns", () => {
  // As tokenizers 0.23.2 (Oniguruma) replaces them.
  const cases: [pattern: string, text: string, replaced: string][] = [
    ["^", "a\n\nb\n", "-a\n-\n-b\n"],
    ["(?:|a)*b?", "aab", "-a-a-"],
    ["(?:a|())+c", "aac", "-"],
    ["(?:|ab)+", "abab", "-a-b-a-b-"],
    ["(?:a?){2,3}b", "aab", "-"],
    ["a{2}?", "aaa", "-a-"],
    ["a{,2}", "aaab", "--b-"],
    ["(?:ab|a)*+b", "abab", "a-a-"],
    ["(?:a*)*b", "aacab", "aac-"],
    ["(?:a*?)+b", "aab", "-"],
    ["(?>a*)a|b", "aab", "aa-"],
    ["(?<=a)b|(?<!a)c", "abcac", "a--ac"],
    ["(?:ab)+?", "ababc", "--c"],
    ["(?:\\d{3})+(?!\\d)", "1234567", "1-"],
    ["\\b", "½x ²", "-½x- -²-"],
    ["\\w+", "½x²", "-"],
    ["[\\w]+", "½x²", "½-²"],
    ["(?i:ς|ß)", "Σσςßẞ", "-----"],
    ["(?i:[ǆå])", "ǅÅ", "--"],
    ["\\p{Alnum}+|\\p{Graph}", "a1 ½!", "- --"],
    ["\\X{2}", "e\u0301x🇩🇪🇫", "--"],
    ["(?=a)|b*", "abb", "-a-"],
    ["$|\\n", "a\n", "a-\n-"],
    ["\\Z|\\z", "a\n", "a-\n-"],
    ["(?m:a.b)|.", "a\nbc", "--"],
  ];
  for (const [pattern, text, replaced] of cases) {
    it(`${pattern} in ${JSON.stringify(text)}`, () => {
      let out = "";
      let done = 0;
      patternMatches(pattern, "test")(text, 0, text.length, (start, end) => {
        out += `${text.slice(done, start)}-`;
        done = end;
      });
      assert.equal(out + text.slice(done), replaced);
    });
  }
});

describe("the counting matcher", () => {
  for (const pattern of new Set([...SCANNERS.keys(), ...published, ...odd])) {
    it(`matches as ${pattern.slice(0, 60)}`, () => {
      const regex = compileOniguruma(pattern, "test");
      const counted = countedMatches(parseTranslated(regex.source), "test");
      const random = createRandom(SEED);
      for (let n = 0; n < 200; n++) {
        let text = "";
        for (let i = random.integer(20); i >= 0; i--) text += PARTS[random.integer(PARTS.length)];
        const expected = found(regexMatches(regex), text);
        assert.deepEqual(found(counted, text), expected, `seed ${SEED}, ${n}: ${JSON.stringify(text)}`);
      }
    });
  }

  it("refuses no published pattern on long runs", () => {
    for (const pattern of new Set(published)) {
      const matches = patternMatches(pattern, "test");
      for (const unit of [
        "a",
        "A",
        " ",
        "\n",
        "中",
        "1",
        ".",
        "'",
        "\u0301",
        "😀",
        "<",
        "\t",
        "\r\n",
        " a",
        "aA",
        "a1",
      ]) {
        for (const end of ["", "x"]) found(matches, unit.repeat(5000) + end);
      }
    }
  });
});

describe("patterns that could hang", () => {
  const texts = ["a", " ", " x", "ab"];
  for (const pattern of [
    "(a+)+$",
    "(a|a)*c",
    "(.*)*x",
    "\\s*\\S\\s+$",
    "(?:a*)*b",
    "(\\s|\\S\\s)+x",
    "(?<=a*)b",
    "a{1,30}{1,30}{1,30}b",
    "(?:\\s*x)?y",
    "(?:(?:a*)*b)?c",
    `${"a?".repeat(30)}${"a".repeat(30)}b`,
    "(?:ab)+c",
  ]) {
    it(`${pattern} ends or is refused`, () => {
      for (const unit of texts) {
        const text = unit.repeat(40_000 / unit.length);
        try {
          found(patternMatches(pattern, "tokenizer.json: normalizer"), text);
        } catch (error) {
          assert.ok(error instanceof BaimoError && error.code === "request", String(error));
          assert.match(error.message, /^tokenizer\.json: normalizer: this text .* give a shorter text$/);
        }
      }
    });
  }

  it("a group repeated to the end of a text needs no deep stack", () => {
    assert.deepEqual(found(patternMatches("x|(?:ab)+", "test"), "ab".repeat(300_000)), ["0-600000"]);
    assert.deepEqual(found(patternMatches("(?>(?:ab)+)c", "test"), `${"ab".repeat(300_000)}c`), ["0-600001"]);
  });

  it("that are long or deep are refused", () => {
    const isFormat = (error: unknown) => error instanceof BaimoError && error.code === "format";
    for (const pattern of [`a${"+?".repeat(5000)}`, "(".repeat(5000), "ab|".repeat(1500)]) {
      assert.throws(() => patternMatches(pattern, "test"), isFormat);
    }
  });

  it("\\s*\\S\\s+$ takes time that grows with the text, refused or not", () => {
    const matches = patternMatches("\\s*\\S\\s+$", "test");
    assertLinear((n) => assert.throws(() => found(matches, " ".repeat(n)), BaimoError), 20_000);
  });
});
