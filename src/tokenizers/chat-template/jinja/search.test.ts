// Texts are found where JavaScript finds them, and long ones in linear time.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "../../../random.ts";
import { findLastText, findText, splitEverywhere } from "./search.ts";

it("long texts are found where JavaScript finds them", () => {
  const random = createRandom(5);
  const often = (share: number) => random.uniform() < share;
  for (let n = 0; n < 300; n++) {
    const unit = often(0.5) ? "ab" : "aab";
    const wanted = unit.repeat(130).slice(random.integer(3)) + (often(0.3) ? "c" : "");
    const gap = () => "ab".repeat(random.integer(200)) + (often(0.5) ? "b" : "");
    const text = gap() + (often(0.8) ? wanted : "") + gap() + (often(0.5) ? wanted : "") + gap();
    const from = random.integer(50);
    assert.equal(findText(text, wanted, from), text.indexOf(wanted, from));
    assert.equal(findLastText(text, wanted), text.lastIndexOf(wanted));
    assert.deepEqual(splitEverywhere(text, wanted), text.split(wanted));
  }
});

it("a text that nearly stands everywhere is looked for in linear time", () => {
  const text = "a".repeat(3_000_000);
  assert.equal(findText(text, `b${"a".repeat(1_500_000)}`), -1);
  assert.equal(findLastText(text, `${"a".repeat(1_500_000)}b`), -1);
});
