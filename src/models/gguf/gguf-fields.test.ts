// Sizes that a file says for each layer: one size where all are equal, else refused by name.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { MetadataValue } from "../../formats/gguf/metadata.ts";
import { ConfigReader } from "../config/config-reader.ts";
import { ggufFields } from "./gguf-fields.ts";

function read(fields: Record<string, MetadataValue>): ConfigReader {
  const metadata = new Map<string, MetadataValue>([["general.architecture", "llama"]]);
  for (const [key, value] of Object.entries({ block_count: 3, ...fields }))
    metadata.set(`llama.${key}`, value);
  return new ConfigReader(
    "metadata",
    ggufFields("model.gguf", metadata, { has: () => false, values: () => undefined }),
  );
}

it("a size for each layer, all equal, is one size", () => {
  const keys = ["attention.head_count", "attention.head_count_kv", "feed_forward_length"];
  for (const list of [Int32Array.of(4, 4, 4), Uint32Array.of(4, 4, 4)]) {
    for (const key of keys) assert.equal(read({ [key]: list }).size(key), 4);
  }
});

it("sizes that differ, or are not as many as layers, are refused with what was found", () => {
  const key = "feed_forward_length";
  for (const list of [[4, 4, 8], [4, 4], []]) {
    assert.throws(() => read({ [key]: Int32Array.from(list) }).size(key), {
      code: "config",
      message: `metadata: "${key}" should be a number, found ${JSON.stringify(list)}`,
    });
  }
});
