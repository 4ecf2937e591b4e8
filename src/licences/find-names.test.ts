// Names of models in questions: those of the catalogue, and those that only look like them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalogue, loadTerms } from "../cli/load-catalogue.ts";
import { licenceNames } from "./catalogue-names.ts";
import { findNames } from "./find-names.ts";
import { mayI } from "./may.ts";
import { readWords } from "./read-words.ts";

const names = licenceNames(loadCatalogue());
const terms = loadTerms();
const asked = (text: string) => {
  const { named, actions, facts } = readWords(text, names);
  return mayI({ uses: named.map(({ licence }) => licence), action: actions.join("+"), facts }, terms);
};

test("models of the catalogue, however they are written, have their licence", () => {
  const cases: [text: string, licences: string[]][] = [
    ["qwen2.5 3b at work", ["LicenseRef-Qwen-Research"]],
    ["Meta-Llama-3-8B-Instruct", ["LicenseRef-Llama-3"]],
    ["llama3.1-8b-instruct, Q4_K_M", ["LicenseRef-Llama-3.1"]],
    ["Mistral 7B Instruct v0.3 and Yi-34B-Chat", ["Apache-2.0", "Apache-2.0"]],
    ["千问2.5-3B 商用", ["LicenseRef-Qwen-Research"]],
    ["百川2 与 Falcon-180B", ["LicenseRef-Baichuan-2", "LicenseRef-Falcon-180B"]],
    ["Llama 3.2 90B Vision", ["LicenseRef-Llama-3.2"]],
    ["我们有 8 亿月活，能用 Llama 3 吗", ["LicenseRef-Llama-3"]],
  ];
  for (const [text, licences] of cases)
    assert.deepEqual(
      findNames(text, names).map(({ licence }) => licence),
      licences,
      text,
    );
});

test("models that the catalogue lacks are named, and their terms are unknown", () => {
  for (const model of [
    "Llama 9",
    "Grok-2",
    "Phi-4",
    "Mistral Large",
    "Qwen2.5-VL-72B",
    "Qwen2.5-Coder-3B",
    "DeepSeek-R1-Distill-Qwen-7B",
    "Tiger-7B",
    "Vicuna 13B",
    "Kimi K2",
  ]) {
    assert.deepEqual(findNames(`May we sell ${model}?`, names), [{ name: model, licence: model }]);
    assert.equal(asked(`May we sell ${model}, merged with Qwen3-8B?`).verdict, "unknown", model);
  }
});

test("a model named without the size or version that decides is asked for", () => {
  for (const text of ["Qwen2.5 commercially?", "Falcon for an inference API?", "Llama commercially?"]) {
    const { verdict, asks, conditions } = asked(text);
    assert.deepEqual([verdict, asks, conditions], ["unknown", ["model"], []], text);
  }
  assert.equal(asked("Gemma for research").verdict, "yes-if");
  assert.equal(asked("Mixtral commercially?").verdict, "yes");
  const many = { uses: Array(9).fill("MIT|Apache-2.0"), action: "use" };
  assert.throws(() => mayI(many, terms), /makes 512 ways to read the question/);
});

test("what a question must not be read to permit", () => {
  const cases: [text: string, verdict: string][] = [
    ["May a bank with 900 million monthly users use Llama 3.1?", "unknown"],
    ["DBRX: 750 million users in March 2024, may we?", "no"],
    ["We had 10 million users in June 2024. May we use Llama 3.1 commercially?", "yes-if"],
    ["We had 10 million users in March 2023. May we use Llama 3.1 commercially?", "unknown"],
    ["We had 699 million users in December 2025. May we sell Llama 3?", "unknown"],
    ["一家公司发布前一个月有9亿用户，可以商用 Llama 3 吗？", "no"],
    ["May we use DBRX commercially with 800 million users, 100 million at release?", "unknown"],
    ["At release app A had 400 million users and app B 400 million users; may we sell Llama 3?", "unknown"],
    ["我们月活8亿，但发布前只有6亿，可以商用 Llama 3 吗？", "unknown"],
    ["百川2 可以给银行用吗，日活 300 万？", "no"],
    ["可以用 Llama 2 的输出来训练 Qwen3-8B 吗？", "no"],
    ["May we train Command R with Qwen3-8B outputs and sell it?", "no"],
    ["Using Llama-3.1-70B's responses to improve our Qwen2.5-7B, then release it as Qwen-Better", "no"],
    ["我要把 Llama 3 的版权声明删掉再发布", "no"],
  ];
  for (const [text, verdict] of cases) assert.equal(asked(text).verdict, verdict, text);
});
