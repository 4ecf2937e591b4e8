// Every family's file: functions that read knobs say so, and no type is read by two families.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { it } from "node:test";
import { families } from "./index.ts";

const folder = resolve(import.meta.dirname, "../../../../src/models/families");
const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));

it("a function that reads knobs says that it returns Knobs", () => {
  for (const name of files) {
    const text = readFileSync(join(folder, name), "utf8");
    for (const [found] of text.matchAll(/( {4}knobs(\(|: \()|: ReadKnobs =)[^\n]*\n[^\n]*/g))
      assert.match(found, /\): Knobs/, `${name}: ${found}`);
  }
});

it("names and types are used once", () => {
  const all = families.flatMap(({ name, huggingface, gguf }) => [
    `name ${name}`,
    ...(huggingface?.types ?? []).map((type) => `type ${type}`),
    ...(gguf?.architectures ?? []).map((architecture) => `architecture ${architecture}`),
  ]);
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.length > 100);
});
