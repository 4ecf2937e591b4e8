// The catalogue's files are consistent, and its reader refuses files that are not.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { BaimoError } from "../errors.ts";
import { type Family, figureOf, type Generation, readCatalogue } from "./catalogue.ts";

const root = resolve(".");
const folder = join(root, "catalogue");
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
const names = readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "licences.json");
const files = Object.fromEntries(names.map((name) => [name, read(name)]));
const licences = read("licences.json");
const catalogue = readCatalogue(files, licences);
const generations = catalogue.families.flatMap((family) => family.generations);

/** The identifiers of https://spdx.org/licenses that the catalogue uses: a new one is looked up there and added here. */
const spdx = ["Apache-2.0", "MIT", "CC-BY-NC-4.0"];

test("licences are SPDX identifiers or LicenseRefs of SPDX's form", () => {
  for (const id of Object.keys(catalogue.licences)) {
    assert.ok(spdx.includes(id) || /^LicenseRef-[A-Za-z0-9.-]+$/.test(id), id);
  }
});

test("every family that the project names has an entry", () => {
  const wanted =
    "LLaMA,Llama 2,Llama 3,Llama 3.1,Llama 3.2,Llama 3.3,Code Llama,Yi,GPT-J-6B,Mistral 7B,Mixtral 8x7B,Grok-1,DBRX,Qwen,Qwen2,Qwen2.5,Qwen2-57B-A14B,Qwen3,Qwen3-MoE,Qwen3-Next,Qwen3.5,InternLM2,Baichuan,Baichuan 2,iFlytekSpark-13B,OPT,BLOOM,BLOOMZ,T5,mT5,FLAN-T5,UL2,T0,OLMo,OLMo 2,OLMo 3,OLMoE,Gemma,Gemma 2,Gemma 3,Falcon,MPT-7B,GPT-2,GPT-NeoX-20B,StarCoder2,Command R,Phi-3,Phi-3.5-MoE,DeepSeek-V2,DeepSeek-V3,gpt-oss,SmolLM3,GLM-4-9B,GLM-4.5,MiniMax-M2,Granite 3.0,Ministral 3,ERNIE 4.5,EXAONE 4.0,Seed-OSS";
  const have = new Set(generations.map(({ name }) => name));
  assert.deepEqual(
    wanted.split(",").filter((name) => !have.has(name)),
    [],
  );
});

test("what is said to run has a family file", () => {
  for (const { name, runs } of generations) {
    if (runs !== null)
      assert.ok(existsSync(join(root, "src/models/families", `${runs}.ts`)), `${name}: ${runs}`);
  }
});

test("figures are of a plausible size and agree with one another", () => {
  for (const { name, variants, architecture, cost, context } of generations) {
    for (const variant of variants) {
      const [parameters, active] = [figureOf(variant.parameters), figureOf(variant.active)];
      if (parameters !== undefined)
        assert.ok(parameters > 1e7 && parameters < 2e12, `${name} ${variant.name}`);
      if (active !== undefined) assert.ok(active < parameters!, `${name} ${variant.name}: active`);
      const tokens = figureOf(variant.tokens);
      if (tokens !== undefined) assert.ok(tokens > 1e10 && tokens < 1e14, `${name} ${variant.name}: tokens`);
      if (figureOf(architecture.kind) === "dense") assert.equal(variant.active, undefined, name);
    }
    const window = figureOf(context);
    if (window !== undefined) assert.ok(window >= 512 && window <= 2e6, `${name}: context`);
    const dollars = figureOf(cost);
    if (dollars) assert.ok(dollars.low <= dollars.high && dollars.low >= 1e4, `${name}: cost`);
  }
});

test("dimensions of layers go with the number of parameters", () => {
  let looked = 0;
  for (const { name, variants, architecture } of generations) {
    for (const { name: variant, parameters, dimensions } of variants) {
      const sizes = figureOf(dimensions);
      if (!sizes || figureOf(architecture.kind) !== "dense") continue;
      looked++;
      const { numLayers, hiddenSize, numHeads, numKvHeads, headDim } = sizes;
      const attention = 2 * hiddenSize * headDim * (numHeads + numKvHeads);
      const embedding = figureOf(architecture.vocabulary)! * hiddenSize;
      // What is left is the MLP, of 6 to 26 squares of the hidden size (Gemma's is wide).
      const mlp = (figureOf(parameters)! - embedding) / numLayers - attention;
      const squares = mlp / hiddenSize ** 2;
      assert.ok(squares > 6 && squares < 26, `${name} ${variant}: ${squares}`);
    }
  }
  assert.ok(looked >= 30, String(looked));
});

test("claims of the sources are there, each with a verdict and a finding", () => {
  const of = (id: string) => catalogue.families.find((family) => family.id === id)?.claims ?? [];
  for (const id of ["dbrx", "grok-1", "qwen", "code-llama", "internlm2", "olmo"])
    assert.ok(of(id).length > 0, id);
  assert.deepEqual(
    of("dbrx").map(({ verdict }) => verdict),
    ["confirmed", "differs", "press"],
  );
});

test("a damaged entry is refused, and the message says where", () => {
  type Draft = { -readonly [K in keyof Family]: Family[K] };
  const cases: [(draft: Draft, first: Record<string, unknown>) => void, RegExp][] = [
    [
      (_, first) => (first.tokens = 5),
      /grok-1\.json: \$\.generations\.0\.tokens: expected an object, found 5/,
    ],
    [
      (_, first) => (first.tokens = { value: 5, source: "hearsay" }),
      /tokens\.source: expected a key of sources/,
    ],
    [(_, first) => (first.tokens = { value: 5 }), /tokens\.source: expected a value, found nothing/],
    [
      (_, first) => (first.licence = { value: "GPL", source: "readme" }),
      /licence\.value: expected .*Apache-2\.0/,
    ],
    [
      (_, first) => (first.released = { value: "2024-02-30", source: "readme" }),
      /released\.value: expected a date/,
    ],
    [
      (_, first) => (first.released = { value: "March", source: "readme" }),
      /released\.value: expected a date/,
    ],
    [(_, first) => (first.weather = "fine"), /\$\.generations\.0\.weather: expected no such key/],
    [
      (draft) => {
        const value = { numLayers: 64, hiddenSize: 6144, numHeads: 48, numKvHeads: 7, headDim: 128 };
        const [variant] = draft.generations[0].variants;
        Object.assign(variant, { dimensions: { value, source: "readme" } });
      },
      /dimensions\.value\.numKvHeads: expected a divisor of 48, found 7/,
    ],
    [(_, first) => delete first.openness, /\$\.generations\.0\.openness: expected a value/],
    [(draft) => (draft.id = "other"), /\$\.id: expected grok-1, found "other"/],
    [
      (draft) => (draft.sources = { ...draft.sources, idle: draft.sources.readme }),
      /sources\.idle: expected a source/,
    ],
    [
      (draft) =>
        (draft.sources = { ...draft.sources, readme: { ...draft.sources.readme, url: "file:///etc" } }),
      /sources\.readme\.url: expected an https address/,
    ],
  ];
  for (const [damage, message] of cases) {
    const draft = structuredClone(files["grok-1.json"]) as Draft;
    damage(draft, draft.generations[0] as Generation & Record<string, unknown>);
    assert.throws(
      () => readCatalogue({ "grok-1.json": draft }, licences),
      (error) => error instanceof BaimoError && error.code === "format" && message.test(error.message),
      String(message),
    );
  }
});
