// Every action in several ways of asking, English and Chinese, and several actions in one question.
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionsIn } from "./action-words.ts";
import { ACTION_NAMES } from "./facts.ts";

const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  use: [
    "May I use Llama 3?",
    "Can I run Qwen2.5-7B on my laptop?",
    "Is DeepSeek-V3 allowed for private study at home?",
    "我可以在自己的电脑上用 Qwen2.5-7B 吗？",
    "我是个人用户，能运行 Qwen2.5-7B 吗？",
    "个人学习能运行 Llama 3 吗？",
  ],
  "commercial-use": [
    "Can my company use Qwen2.5-7B?",
    "Is Llama 3 free for commercial use?",
    "May we make money with Gemma 2?",
    "May a shop use Qwen-1.8B in its chat bot?",
    "Can a start-up build a product on Yi-34B?",
    "我们公司能用 Llama 2 吗？",
    "Qwen2.5-7B 可以商用吗？",
    "能用 Gemma 2 盈利吗？",
  ],
  host: [
    "May I host Llama 3 as a service?",
    "May I host DeepSeek-V3?",
    "Can I host DeepSeek-V3 for my customers?",
    "Can we serve Llama 3 to our users?",
    "May I offer Qwen2.5-7B as a paid service?",
    "Can I run Llama 3 for customers?",
    "May we deploy Gemma 2 for third parties?",
    "Can I provide an API on top of Yi-34B?",
    "May I sell access to Llama 3?",
    "Can I let other people chat with Llama 3 on my server?",
    "Can I use Llama 3 on my web site?",
    "May I charge for access to Gemma 2?",
    "Can I rent out Llama 3 by the hour?",
    "Is hosting of Falcon-180B allowed?",
    "能把 Llama 3 托管给客户吗？",
    "可以把 Qwen2.5-7B 部署给客户使用吗？",
    "能对外提供 DeepSeek-V3 的 API 吗？",
    "可以用 Llama 3 做成在线服务吗？",
  ],
  distribute: [
    "May I redistribute Llama 3?",
    "Can I share the weights of Gemma 2?",
    "May I upload Qwen2.5-7B to my mirror?",
    "Can I pass Llama 3 on to a friend?",
    "Can I bundle Phi-3 with my free app?",
    "可以转发 Llama 3 的权重吗？",
    "能把 Qwen2.5-7B 打包在我的 App 里吗？",
  ],
  sell: [
    "May I sell Qwen2.5-7B?",
    "Is selling Llama 3 on a disk allowed?",
    "May I put Qwen2.5-7B up for sale?",
    "Can I resell Gemma 2?",
    "可以出售 Llama 3 吗？",
    "能卖 Qwen2.5-7B 吗？",
  ],
  "fine-tune": [
    "May I fine-tune Llama 3?",
    "Can I finetune Qwen2.5-7B at home?",
    "May I train Gemma 2 further on my notes?",
    "Can I modify Llama 3?",
    "可以微调 Llama 3 吗？",
    "能继续预训练 Qwen2.5-7B 吗？",
  ],
  "publish-derivative": [
    "May I publish a fine-tune of Llama 3?",
    "Can I upload my LoRA of Gemma 2?",
    "May I upload a GGUF of Llama 3?",
    "Can I rename Llama 3 and publish it?",
    "May I release a quantised Qwen2.5-7B?",
    "Can I open-source my fine-tuned Llama 3?",
    "微调 Llama 3 后可以开源吗？",
    "能发布量化后的 Qwen2.5-7B 吗？",
  ],
  "sell-derivative": [
    "May we sell a fine-tuned Llama 3.1?",
    "Is selling my LoRA of Gemma 2 allowed?",
    "Can I sell a merged model of Qwen2.5-7B?",
    "微调 Llama 3 后可以出售吗？",
    "能卖量化后的 Qwen2.5-7B 吗？",
  ],
  "train-on-outputs": [
    "May I train another model on the outputs of Llama 3?",
    "Can I use answers of DeepSeek-V3 to improve mine?",
    "Can I distil Llama 3?",
    "May I train on synthetic data from Gemma 2?",
    "可以用 Llama 2 的输出训练千问吗？",
    "能蒸馏 DeepSeek-V3 吗？",
  ],
  sublicense: [
    "May I sublicense Llama 3?",
    "Can I sub-license Gemma 2?",
    "可以再授权 Llama 3 吗？",
    "能转授权吗？",
  ],
  "remove-attribution": [
    "May I remove the copyright notice of Llama 3?",
    "Can I strip the licence from Qwen2.5-7B?",
    "May I use Llama 3 without attribution?",
    "可以删掉 Llama 3 的版权声明吗？",
    "能不带署名吗？",
  ],
  "stay-on-version": [
    "May I stay on the old version of Baichuan 2?",
    "Can I keep using the previous release of Gemma?",
    "May I use BLOOM without updating?",
    "可以不更新 BLOOM 吗？",
    "能继续用旧版吗？",
  ],
  "host+distribute": ["May I give Llama 3 to a customer?"],
  "host+fine-tune": ["May I fine-tune Llama 3 and host it?", "能微调 Llama 3 再托管吗？"],
  "remove-attribution+sell": ["May I remove the notices and sell Qwen2.5-7B?"],
  "distribute+commercial-use": ["May our company redistribute Llama 3?"],
};

test("each action is read in many ways of asking, and several are read together", () => {
  const wrong = Object.entries(QUESTIONS).flatMap(([actions, texts]) =>
    texts.flatMap((text) => {
      const read = actionsIn(text, { byService: false }).join("+");
      return read === actions ? [] : [`${text} is read as ${read}, not ${actions}`];
    }),
  );
  assert.deepEqual(wrong, []);
  for (const action of ACTION_NAMES) assert.ok(QUESTIONS[action].length >= 4, action);
});

test("no commerce is no commercial use, and without a verb there is no action", () => {
  assert.deepEqual(actionsIn("May I use Command R for non-commercial research?", { byService: false }), [
    "use",
  ]);
  assert.deepEqual(actionsIn("非商用可以吗？", { byService: false }), []);
});
