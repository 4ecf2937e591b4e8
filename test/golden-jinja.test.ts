// Random templates give what Jinja2 3.1.6 gives (cases made by test/oracles/jinja.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { gunzipSync } from "node:zlib";
import { BaimoError } from "../src/errors.ts";
import { isLong } from "../src/test-long.ts";
import { createChatTemplate } from "../src/tokenizers/index.ts";
import { root } from "./places.ts";

type Case = [source: string, text: string] | [source: string, text: null, error: string];

/** Every so manyth of the cases, which are all alike. */
const EACH = isLong ? 1 : 4;

it(`${14_000 / EACH} random templates give what Jinja2 gives, and are refused where it refuses`, () => {
  const file = join(root, "test/golden/jinja/cases.jsonl.gz");
  const [first, ...lines] = gunzipSync(readFileSync(file)).toString().split("\n");
  // The one integer beyond 2^53, which JSON.parse would round.
  const { messages, ...others } = JSON.parse(first);
  const variables = { ...others, big: 2n ** 70n };
  assert.equal(lines.length, 14_000);
  const now = new Date(2026, 2, 4, 5, 6, 7);
  for (const line of lines.filter((_, i) => i % EACH === 0)) {
    const [source, expected] = JSON.parse(line) as Case;
    let text: string | null = null;
    try {
      const template = createChatTemplate(source);
      text = template.render({ messages, variables, now });
    } catch (error) {
      assert.ok(error instanceof BaimoError, `${source}\n${error instanceof Error ? error.stack : error}`);
      assert.equal(expected, null, `${source}\n${error.message}`);
    }
    assert.equal(text, expected, source);
  }
});
