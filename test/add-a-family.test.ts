// docs/add-a-family.md shows the real file, and names places that exist.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { it } from "node:test";
import { root } from "./places.ts";

const document = join(root, "docs", "add-a-family.md");
const text = readFileSync(document, "utf8");

it("the example is the family's file", () => {
  const [, path, code] = text.match(/`(src\/models\/families\/[\w-]+\.ts)`:\n\n```ts\n(.*?)```/s)!;
  assert.equal(code, readFileSync(join(root, path), "utf8"));
});

it("what it links to and names is there", () => {
  const links = Array.from(text.matchAll(/\]\((\.\.[^)]*)\)/g), ([, link]) => join(dirname(document), link));
  const families = Array.from(text.matchAll(/`([a-z0-9-]+\.ts)`/g), ([, name]) => name);
  assert.ok(links.length > 3 && families.length > 10);
  for (const link of links) assert.ok(existsSync(link), link);
  const files = readdirSync(join(root, "src/models"), { recursive: true, encoding: "utf8" });
  for (const name of families)
    assert.ok(
      files.some((file) => basename(file) === name),
      name,
    );
});
