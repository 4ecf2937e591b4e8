// The page tells verse from prose, and chooses the language that it opens in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPoet } from "../web/src/conversation/words.ts";
import { preferredLanguage } from "../web/src/language.ts";
import { readVerse } from "../web/src/text/verse.ts";

test("a regular poem is verse whoever wrote it, and is cut into clauses", () => {
  assert.deepEqual(readVerse("床前明月光，疑是地上霜。\n举头望明月，低头思故乡。", { expected: false }), [
    ["床前明月光，", "疑是地上霜。"],
    ["举头望明月，", "低头思故乡。"],
  ]);
});

test("an irregular one is verse where verse is expected", () => {
  const ci = "昨夜雨疏风骤。\n浓睡不消残酒。\n试问卷帘人，却道海棠依旧。";
  assert.equal(readVerse(ci, { expected: true })?.length, 3);
  assert.equal(readVerse(ci, { expected: false }), undefined);
});

test("while it is written a poem is verse from its first clause on", () => {
  const poem = "昨夜西风过小楼，一庭黄叶满阶秋。";
  for (let end = 9; end <= poem.length; end++) {
    assert.ok(readVerse(poem.slice(0, end), { expected: false }), poem.slice(0, end));
  }
  assert.ok(readVerse("昨", { expected: true }));
});

for (const text of [
  "",
  "你好！我是一个语言模型。",
  "A poem, in English",
  "床前明月光, 疑是地上霜.",
  "# 静夜思\n床前明月光，",
  "我是，",
]) {
  test(`prose: ${JSON.stringify(text)}`, () => assert.equal(readVerse(text, { expected: false }), undefined));
}

test("the language is the first that the page knows", () => {
  assert.equal(preferredLanguage(["zh-TW", "en"]), "zh");
  assert.equal(preferredLanguage(["fr-FR", "en-GB", "zh"]), "en");
  assert.equal(preferredLanguage(["fr", "zh-CN"]), "zh");
  assert.equal(preferredLanguage(["de"]), "en");
});

test("the poet is known by its name", () => {
  assert.ok(isPoet("baimo poet") && isPoet("poet") && isPoet("baimo-poet-v2"));
  assert.ok(!isPoet("poetry-7b") && !isPoet("llama"));
});
