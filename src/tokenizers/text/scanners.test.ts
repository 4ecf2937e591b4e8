// Scanners and class patterns against the regular expressions that they replace.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "../../random.ts";
import { GGUF_PRE_TOKENIZERS } from "../files/gguf-pre-tokenizers.ts";
import { classMatches } from "./class-patterns.ts";
import { compileOniguruma } from "./regex.ts";
import { SCANNERS } from "./scanners.ts";

const ALPHABET = [
  "a",
  "B",
  "s",
  "t",
  "ll",
  "'",
  "'s",
  "'RE",
  "’",
  "ſ",
  "1",
  "23",
  "½",
  "٣",
  " ",
  "  ",
  "\t",
  "\n",
  "\r\n",
  "\u00a0",
  "\u2003",
  "\u0085",
  "\ufeff",
  ".",
  "/",
  "!?",
  "$",
  "+",
  "_",
  "中",
  "文字",
  "ー",
  "カ",
  "。",
  "，",
  "é",
  "e\u0301",
  "\u0301",
  "Ǆ",
  "ǅ",
  "ʰ",
  "ß",
  "Ω",
  "ж",
  "अ",
  "\u093e",
  "ก",
  "한",
  "😀",
  "👩\u200d💻",
  "\u{1f1e8}",
  "𝔸",
  "𠀀",
  "\u{1e900}",
  "\0",
  "\ufffd",
  "\u{e0001}",
  "~",
  "-",
  "=",
  "<|",
  "|>",
];
const SEED = 20_241;

function randomText(random: ReturnType<typeof createRandom>): string {
  let text = "";
  for (let n = random.integer(24); n >= 0; n--) text += ALPHABET[random.integer(ALPHABET.length)];
  return text;
}

/** What a pattern isolates: its matches and what lies between. */
function isolate(pattern: RegExp, text: string): string[] {
  const pieces: string[] = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    if (done < match.index) pieces.push(text.slice(done, match.index));
    if (match[0] !== "") pieces.push(match[0]);
    done = match.index + match[0].length;
  }
  if (done < text.length) pieces.push(text.slice(done));
  return pieces;
}

describe("scanners", () => {
  for (const [pattern, scan] of SCANNERS) {
    it(`cut as ${pattern.slice(0, 60)}`, () => {
      const regex = compileOniguruma(pattern, "test");
      const random = createRandom(SEED);
      for (let n = 0; n < 3000; n++) {
        const text = randomText(random);
        const pieces: string[] = [];
        scan(text, 0, text.length, (t, start, end) => pieces.push(t.slice(start, end)));
        assert.deepEqual(pieces, isolate(regex, text), `seed ${SEED}, text ${n}: ${JSON.stringify(text)}`);
        // Inside a longer text a piece is a text of its own.
        const around: string[] = [];
        scan(`x ${text}9y`, 2, 2 + text.length, (t, start, end) => around.push(t.slice(start, end)));
        assert.deepEqual(around, pieces);
      }
    });
  }
});

describe("class patterns", () => {
  const patterns = [...GGUF_PRE_TOKENIZERS.values()].flatMap((entry) => entry.patterns);
  const simple = [...new Set(patterns)].filter((pattern) => classMatches(pattern, "test"));
  it("cover the pre-tokenizers that are chains of classes", () =>
    assert.ok(simple.length >= 12, String(simple.length)));
  for (const pattern of simple) {
    it(`match as ${pattern.slice(0, 60)}`, () => {
      const regex = compileOniguruma(pattern, "test");
      const matches = classMatches(pattern, "test");
      const random = createRandom(SEED + 1);
      for (let n = 0; n < 1000; n++) {
        const text = randomText(random);
        const found: string[] = [];
        matches?.(text, 0, text.length, (start, end) => found.push(text.slice(start, end)));
        assert.deepEqual(
          found,
          text.match(regex) ?? [],
          `seed ${SEED + 1}, text ${n}: ${JSON.stringify(text)}`,
        );
      }
    });
  }
});

describe("pre-tokenizers of GGUF", () => {
  it("are all patterns that compile", () => {
    for (const [name, { patterns }] of GGUF_PRE_TOKENIZERS) {
      for (const pattern of patterns) compileOniguruma(pattern, name);
    }
    assert.ok(GGUF_PRE_TOKENIZERS.size > 70);
  });
});
