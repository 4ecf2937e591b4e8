// Filters and the search over the catalogue's own files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ASPECTS, figureOf, readCatalogue, sizesOf } from "./catalogue.ts";
import { countryNames, familyNames, languageNames } from "./search-names.ts";
import { type Filter, selectEntries } from "./select.ts";

const read = (name: string): unknown => JSON.parse(readFileSync(`catalogue/${name}`, "utf8"));
const names = readdirSync("catalogue").filter((name) => name.endsWith(".json") && name !== "licences.json");
const catalogue = readCatalogue(
  Object.fromEntries(names.map((name) => [name, read(name)])),
  read("licences.json"),
);
const generations = catalogue.families.flatMap((family) => family.generations);
const chosen = (filter: Filter) => selectEntries(catalogue, filter).map(({ generation }) => generation.name);

test("a filter leaves what was asked for", () => {
  assert.equal(chosen({}).length, generations.length);
  assert.deepEqual(chosen({ text: "databricks dbrx" }), ["DBRX"]);
  assert.ok(chosen({ text: "阿里" }).includes("Qwen"));
  assert.ok(chosen({ licence: "apache" }).includes("Grok-1"));
  assert.ok(!chosen({ licence: "apache" }).includes("DBRX"));
  const open = chosen({ open: ASPECTS });
  assert.ok(open.includes("OLMo 2") && !open.includes("Llama 2"));
  assert.ok(!chosen({ commercial: true }).includes("LLaMA"));
  assert.ok(chosen({ commercial: true }).includes("Llama 2"));
  const large = chosen({ least: 3e11 });
  assert.ok(large.includes("Grok-1") && !large.includes("Mixtral 8x7B"));
  assert.ok(!chosen({ most: 1e9 }).includes("DBRX"));
  assert.ok(
    chosen({ runs: true }).every((name) => generations.find((each) => each.name === name)!.runs !== null),
  );
  const llama = generations.find(({ name }) => name === "LLaMA")!;
  assert.deepEqual(sizesOf(llama), { low: 6.7e9, high: 65.2e9 });
});

test("countries, languages and makers are found in Chinese and in English", () => {
  const cases: [same: string[], found: string[], not: string[]][] = [
    [
      ["china", "中国", "cn", "国产"],
      ["Qwen3", "DeepSeek-V3", "Yi"],
      ["Llama 2", "Mistral 7B", "mT5"],
    ],
    [
      ["france", "法国", "fr"],
      ["Mistral 7B", "BLOOM"],
      ["Qwen3", "DBRX"],
    ],
    [
      ["united states", "美国", "us"],
      ["DBRX", "Llama 2"],
      ["Qwen3", "Mistral 7B"],
    ],
    [
      ["中文", "汉语", "mandarin"],
      ["Qwen3", "mT5", "Command R+"],
      ["Llama 2", "EXAONE 4.0", "Llama 3.1"],
    ],
    [
      ["阿里", "alibaba", "千问", "tongyi"],
      ["Qwen", "Qwen3"],
      ["DBRX", "Yi"],
    ],
    [["korean", "韩语"], ["EXAONE 4.0", "Ministral 3"], ["DBRX"]],
    [["facebook", "脸书"], ["Llama 2", "OPT"], ["Gemma"]],
    [["文心"], ["ERNIE 4.5"], ["Qwen3"]],
  ];
  for (const [same, found, not] of cases) {
    for (const text of same) {
      const list = chosen({ text });
      for (const name of found) assert.ok(list.includes(name), `${text} finds ${name}`);
      for (const name of not) assert.ok(!list.includes(name), `${text} does not find ${name}`);
    }
  }
  assert.ok(chosen({ text: "chinese" }).includes("Yi") && chosen({ text: "CHINESE" }).includes("mT5"));
  assert.ok(
    chosen({ text: "中文 商用" }).every((name) => chosen({ text: "中文", commercial: true }).includes(name)),
  );
});

test("sizes, kinds and what a licence allows are words like others", () => {
  assert.ok(chosen({ text: "7b" }).includes("Mistral 7B") && !chosen({ text: "7b" }).includes("Qwen3"));
  assert.ok(chosen({ text: "314B" }).includes("Grok-1") && chosen({ text: "3140亿" }).includes("Grok-1"));
  assert.ok(chosen({ text: "moe" }).includes("DBRX") && !chosen({ text: "稠密" }).includes("DBRX"));
  assert.deepEqual(chosen({ text: "commercial" }), chosen({ commercial: true }));
  assert.ok(!chosen({ text: "non-commercial" }).some((name) => name === "Qwen3" || name === "DBRX"));
  assert.ok(chosen({ text: "非商用" }).includes("LLaMA"));
});

test("every country has names, and every other name a family", () => {
  const seats = new Set(catalogue.families.flatMap(({ country }) => country));
  assert.deepEqual(
    [...seats].filter((code) => !countryNames[code]),
    [],
  );
  const ids = new Set(catalogue.families.map(({ id }) => id));
  assert.deepEqual(
    Object.keys(familyNames).filter((id) => !ids.has(id)),
    [],
  );
  const named = Object.values(languageNames).flatMap(({ seats: at = [] }) => at);
  assert.deepEqual(
    named.filter((code) => !seats.has(code)),
    [],
  );
});

test("a variant has its own licence: what is for research is not among what may be used commercially", () => {
  const variants = (filter: Filter, name: string) =>
    selectEntries(catalogue, filter)
      .find(({ generation }) => generation.name === name)
      ?.generation.variants.map((variant) => variant.name);
  assert.deepEqual(variants({ commercial: true }, "Qwen2.5"), ["0.5B", "1.5B", "7B", "14B", "32B", "72B"]);
  assert.deepEqual(variants({ free: true }, "Qwen2.5"), ["0.5B", "1.5B", "7B", "14B", "32B"]);
  assert.deepEqual(variants({ commercial: true }, "Qwen"), ["7B", "14B", "72B"]);
  assert.ok(variants({ commercial: true }, "Falcon")?.includes("180B"));
  for (const filter of [{ text: "qwen2.5 3b commercial" }, { text: "qwen2.5 3b", commercial: true }])
    assert.equal(variants(filter, "Qwen2.5"), undefined);
  assert.deepEqual(variants({ text: "qwen2.5 research" }, "Qwen2.5"), ["3B"]);
  const [research] = selectEntries(catalogue, { text: "qwen2.5 research" });
  assert.equal(figureOf(research.generation.licence), "LicenseRef-Qwen-Research");
  assert.deepEqual(variants({ licence: "tongyi" }, "Qwen2"), ["72B"]);
  assert.equal(variants({}, "Qwen2.5")?.length, 7);
});
