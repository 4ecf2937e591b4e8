// Which of a tokenizer's chat templates is rendered, and what special tokens it reads.
import assert from "node:assert/strict";
import { it } from "node:test";
import { BaimoError } from "../../errors.ts";
import { tokenizerFromJson } from "../files/json.ts";
import { chatTemplateOf } from "./template-of.ts";

const json = { model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] } };
const messages = [{ role: "user", content: "hi" }];
const tools = [{ type: "function", function: { name: "f" } }];

it("with tools, an empty list of them too, it is tool_use; else default", () => {
  const templates = { default: "plain", tool_use: "{{ tools | length }} tools", rag: "documents" };
  const list = Object.entries(templates).map(([name, template]) => ({ name, template }));
  const template = chatTemplateOf(tokenizerFromJson(json, { config: { chat_template: list } }));
  assert.equal(template?.render({ messages }), "plain");
  assert.equal(template?.render({ messages, tools }), "1 tools");
  assert.equal(template?.render({ messages, tools: [] }), "0 tools");
});

it("without default there is an error that names the templates", () => {
  const config = { chat_template: [{ name: "rag", template: "documents" }] };
  const template = chatTemplateOf(tokenizerFromJson(json, { config }));
  assert.throws(
    () => template?.render({ messages }),
    (error) => error instanceof BaimoError && error.code === "request" && error.message.includes('"rag"'),
  );
});

it("templates read all special tokens by name, and none where the configuration says null", () => {
  const names = ["bos_token", "pad_token", "image_token", "x_token", "audio_token", "boi", "add_bos_token"];
  const config = {
    bos_token: null,
    pad_token: "<p>",
    image_token: "<i>",
    x_token: { __type: "AddedToken", content: "<x>" },
    add_bos_token: false,
    extra_special_tokens: { audio_token: "<a>", boi: "<b>" },
    chat_template: names.map((name) => `{{ ${name} }}`).join("|"),
  };
  const tokenizer = tokenizerFromJson(json, { config, generationConfig: { bos_token_id: 1 } });
  assert.equal(tokenizer.bosTokenId, undefined);
  assert.equal(chatTemplateOf(tokenizer)?.render({ messages }), "|<p>|<i>|<x>|<a>|<b>|");
});
