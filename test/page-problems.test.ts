// Failures in the words of the page: every code of the server and the engine, in Chinese.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { tellOf } from "../web/src/problems/problem.ts";
import { problemWords } from "../web/src/problems/words.ts";
import { root } from "./places.ts";

/** What is matched in a source, by the first group. */
const found = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map(([, code]) => code!);

describe("failures on the page", () => {
  test("have a sentence in Chinese for every code", () => {
    const folder = join(root, "src", "serve");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const sources = files.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    const codes = sources.flatMap((name) => {
      const source = readFileSync(join(folder, name), "utf8");
      return [
        ...found(source, /\bcode: "([a-z_]+)"/g),
        ...found(source, /badParameter\(\s*[^,]+,\s*"([a-z_]+)"/g),
      ];
    });
    codes.push(...found(readFileSync(join(root, "src", "errors.ts"), "utf8"), /^ {2}\| "([a-z]+)"/gm));
    assert.ok(codes.length > 80, `${codes.length} codes`);
    const lacking = new Set(codes.filter((code) => problemWords.zh.sentences[code] === undefined));
    assert.deepEqual([...lacking], []);
    for (const [code, sentence] of Object.entries(problemWords.zh.sentences))
      assert.match(sentence, /^[\p{Script=Han}，、。；：？「」a-z A-Z]+$/u, code);
  });

  test("keep what the server said as a detail, and are never empty", () => {
    const thrown = { code: "memory", message: "needs 8.1 GB, 4.0 GB are free" };
    assert.deepEqual(tellOf("zh", thrown).detail, thrown.message);
    assert.match(tellOf("zh", thrown).sentence, /内存/);
    assert.deepEqual(tellOf("en", thrown), { sentence: thrown.message });
    const unknown = { code: "status 502", message: "Bad Gateway" };
    assert.deepEqual(tellOf("zh", unknown), { sentence: "出了差错。", detail: "Bad Gateway" });
    assert.deepEqual(tellOf("en", ""), { sentence: "Something went wrong." });
    assert.deepEqual(tellOf("zh", "no file", "没有导入。"), { sentence: "没有导入。", detail: "no file" });
  });
});
