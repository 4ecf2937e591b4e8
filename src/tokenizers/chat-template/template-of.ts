// The chat template of a tokenizer: of its named ones the one that transformers would choose.
import { BaimoError } from "../../errors.ts";
import { kindOf } from "../../option-kinds.ts";
import { call } from "../../options.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { type ChatTemplate, createChatTemplate, type RenderOptions } from "./chat-template.ts";

type Templates = Pick<Tokenizer, "chatTemplates" | "specialTokens">;
const tokenizerKind = kindOf(
  "tokenizer",
  "a tokenizer",
  (value): value is Templates =>
    (value as Partial<Templates> | null | undefined)?.chatTemplates instanceof Map,
);

/**
 * A template that reads the tokenizer's special tokens. With tools it is the one called "tool_use", where there is one, else
 * "default" (transformers, tokenization_utils_base.py, get_chat_template). Undefined where the tokenizer has none.
 */
export function chatTemplateOf(tokenizer: Templates): ChatTemplate | undefined {
  const { chatTemplates, specialTokens } = tokenizerKind.read(tokenizer, "tokenizer", call("chatTemplateOf"));
  if (chatTemplates.size === 0) return undefined;
  const compiled = new Map<string, ChatTemplate>();
  const compile = (name: string): ChatTemplate => {
    let template = compiled.get(name);
    if (!template) {
      template = createChatTemplate(chatTemplates.get(name) ?? "", { specialTokens });
      compiled.set(name, template);
    }
    return template;
  };
  // The plain one is compiled at once, so that one that cannot be read is told when the model opens.
  if (chatTemplates.has("default")) compile("default");
  const choose = (options: RenderOptions): ChatTemplate => {
    if (options.tools !== undefined && chatTemplates.has("tool_use")) return compile("tool_use");
    if (chatTemplates.has("default")) return compile("default");
    const names = [...chatTemplates.keys()].map((name) => `"${name}"`).join(", ");
    throw new BaimoError(
      "request",
      `the model has several chat templates (${names}), none of them "default"`,
    );
  };
  return {
    render: (options) => choose(options).render(options),
    renderWithGenerations: (options) => choose(options).renderWithGenerations(options),
  };
}
