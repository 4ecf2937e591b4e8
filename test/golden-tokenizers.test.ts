// Every tokenizer with stored cases gives the stored ids, texts and streams; real vocabularies where they are beside the checkout.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openTokenizer } from "../src/tokenizers/index.ts";
import { goldenSets, readJson, unlessBeside } from "./places.ts";
import { checkJsonCases, checkPlainCases } from "./tokenizer-cases.ts";

/** Files of cases that go with a file of a vocabulary: for each the first that is there, for GGUF all. */
function casesOf(folder: string, name: string): string[] {
  const there = (names: string[]) => names.filter((cases) => existsSync(join(folder, cases)));
  if (name.endsWith(".gguf")) return there(["cases.json", "llamacpp-cases.json"]);
  if (name.endsWith(".model")) return there(["spm-cases.json", "cases.json"]).slice(0, 1);
  return name === "tokenizer.json" ? there(["cases.json"]) : [];
}

const missing = unlessBeside("tokenizers");
if (missing) it("real vocabularies", { skip: missing }, () => {});

for (const { name, path: folder } of goldenSets("tokenizers")) {
  describe(name, () => {
    for (const file of readdirSync(folder)) {
      for (const cases of casesOf(folder, file)) {
        it(`${file}, ${cases}`, async () => {
          const check = file === "tokenizer.json" ? checkJsonCases : checkPlainCases;
          check(await openTokenizer(join(folder, file)), readJson(join(folder, cases)));
        });
      }
    }
  });
}
