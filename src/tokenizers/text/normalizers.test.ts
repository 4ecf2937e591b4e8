// Replace with patterns that match nothing, as tokenizers 0.23.2 does it.
import assert from "node:assert/strict";
import { it } from "node:test";
import { readNormalizer } from "./normalizers.ts";

it("empty matches count where they do not follow another match", () => {
  const replace = (regex: string, text: string) =>
    readNormalizer({ type: "Replace", pattern: { Regex: regex }, content: "-" }, "test")(text);
  assert.equal(replace("x*", "abxxb"), "-a-b-b-");
  assert.equal(replace("x*", "xx"), "-");
  assert.equal(replace("x*", ""), "");
  assert.equal(replace("a|b*", "abxxb"), "--x-x-");
  assert.equal(replace("(?=b)", "abxxb"), "a-bxx-b");
  assert.equal(replace("$", "a\nb"), "a-\nb-");
});
