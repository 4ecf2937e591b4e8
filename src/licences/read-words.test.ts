// Questions in words, names of licences on cards and in texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalogue } from "../cli/load-catalogue.ts";
import { licenceNames } from "./catalogue-names.ts";
import { licenceOfCard, licenceOfTag, licenceOfText } from "./licence-names.ts";
import { readWords } from "./read-words.ts";

const names = licenceNames(loadCatalogue());

test("a question in words: licences, action and facts, and nothing that is not said", () => {
  const cases: [text: string, uses: string[], action: string, facts: object][] = [
    ["我们月活 1000 万，能商用 Llama 2 吗？", ["LicenseRef-Llama-2"], "commercial-use", { mau: 1e7 }],
    ["May we sell a fine-tuned Llama 3.1?", ["LicenseRef-Llama-3.1"], "sell-derivative", {}],
    [
      "150 million monthly users, commercial product on Qwen-72B?",
      ["LicenseRef-Tongyi-Qianwen"],
      "commercial-use",
      { mau: 1.5e8 },
    ],
    [
      "May a shop use Qwen-1.8B in its chat bot?",
      ["LicenseRef-Tongyi-Qianwen-Research"],
      "commercial-use",
      {},
    ],
    [
      "Our group had 800 million monthly users in June 2023. May we use Llama 2 in a product?",
      ["LicenseRef-Llama-2"],
      "commercial-use",
      { mauAtRelease: 8e8 },
    ],
    ["可以用 Llama 2 的输出训练模型吗？", ["LicenseRef-Llama-2"], "train-on-outputs", {}],
    [
      "可以用 Llama 2 的输出训练千问2.5-7B吗？",
      ["LicenseRef-Llama-2", "Apache-2.0"],
      "fine-tune",
      { dataGeneratedBy: "LicenseRef-Llama-2", compose: "data" },
    ],
    [
      "用 Llama 3 微调并公开发布，名字叫 Llama-Tiger 可以吗？",
      ["LicenseRef-Llama-3"],
      "publish-derivative",
      { name: "Llama-Tiger" },
    ],
    ["DeepSeek-V3 for targeting in a weapon?", ["LicenseRef-DeepSeek"], "use", { field: "weapons" }],
    [
      "A merge of Command R (CC-BY-NC) and an Apache-2.0 model, sold?",
      ["CC-BY-NC-4.0", "Apache-2.0"],
      "sell-derivative",
      { compose: "merge" },
    ],
    [
      "我们公司在德国，能用 Llama 3.2 90B Vision 吗？",
      ["LicenseRef-Llama-3.2"],
      "commercial-use",
      { principalPlace: "EU", multimodal: true },
    ],
    ["We opt to fine-tune Yi-34B, internally", ["Apache-2.0"], "fine-tune", { distribute: false }],
    [
      "Apache-2.0 基座用某闭源 API 的输出微调后出售，可以吗？",
      ["Apache-2.0"],
      "sell-derivative",
      { dataGeneratedBy: "closed-api" },
    ],
    ["May a cloud provider offer Baichuan 2?", ["LicenseRef-Baichuan-2"], "host", { provider: "cloud" }],
    ["What is the weather?", [], "use", {}],
  ];
  for (const [text, uses, action, facts] of cases) {
    const { named, actions, facts: read } = readWords(text, names);
    assert.deepEqual(
      [[...new Set(named.map(({ licence }) => licence))], actions.join("+"), read],
      [uses, action, facts],
      text,
    );
  }
});

test("licences by tag, by card and by the beginning of their texts", () => {
  assert.equal(licenceOfTag("Apache-2.0"), "Apache-2.0");
  assert.equal(licenceOfTag("llama3.1"), "LicenseRef-Llama-3.1");
  assert.equal(licenceOfTag("wtfpl"), undefined);
  assert.equal(licenceOfCard("---\nlanguage: en\nlicense: llama3\n---\n# A model"), "llama3");
  assert.equal(licenceOfCard("---\nlicense: other\nlicense_name: qwen-research\n---\n"), "qwen-research");
  assert.equal(licenceOfCard("# A model\nlicense: mit"), undefined);
  assert.equal(licenceOfText("META LLAMA 3 COMMUNITY LICENSE AGREEMENT"), "LicenseRef-Llama-3");
  assert.equal(licenceOfText("  Apache License\n   Version 2.0, January 2004"), "Apache-2.0");
  assert.equal(licenceOfText("MIT\nPermission is hereby granted, free of charge, to any"), "MIT");
  assert.equal(licenceOfText("all rights reserved"), undefined);
});
