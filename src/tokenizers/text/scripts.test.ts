// Pieces of one script, as tokenizers 0.23.2 cuts them.
import assert from "node:assert/strict";
import { it } from "node:test";
import { readPreTokenizer } from "./pre-tokenizers.ts";

it("UnicodeScripts", () => {
  const { split } = readPreTokenizer({ type: "UnicodeScripts" }, "test");
  const cases: [text: string, pieces: string[]][] = [
    ["a b 日本ー ひカ한", ["a b ", "日本ー ひカ", "한"]],
    [" a", ["a"]], // a space at the beginning is lost
    ["  ", []],
    ["x1.2", ["x", "1.2"]],
    ["a\u{e0080}b", ["a\u{e0080}b"]], // not assigned
    ["я𐌰😀", ["я", "𐌰", "😀"]],
    ["e\u0301", ["e", "\u0301"]],
  ];
  for (const [text, expected] of cases) {
    const pieces: string[] = [];
    split(text, 0, text.length, true, (piece, start, end) => pieces.push(piece.slice(start, end)));
    assert.deepEqual(pieces, expected, JSON.stringify(text));
  }
});
