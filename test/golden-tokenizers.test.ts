// Every tokenizer with stored cases gives the stored ids, texts, streams and bytes.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openTokenizer } from "../src/tokenizers/index.ts";
import { goldenSets, readJson, unlessBeside } from "./places.ts";
import {
  checkBytes,
  checkJsonCases,
  checkPlainCases,
  type JsonCase,
  type PlainCase,
} from "./tokenizer-cases.ts";

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
          const stored: { text: string }[] = readJson(join(folder, cases));
          const tokenizer = await openTokenizer(join(folder, file));
          check(tokenizer, stored as JsonCase[] & PlainCase[]);
          // As llama.cpp reads the texts, some of them are no round trip.
          if (cases.startsWith("llamacpp")) return;
          checkBytes(
            tokenizer,
            stored.map(({ text }) => text),
            folder,
          );
        });
      }
    }
  });
}
