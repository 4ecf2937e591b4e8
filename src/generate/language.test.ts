// A conversation becomes ids through its template, which sees all that it is given.
import assert from "node:assert/strict";
import { it } from "node:test";
import { createChatTemplate } from "../tokenizers/chat-template/chat-template.ts";
import { toIds } from "./language.ts";
import { createNoTokenizer } from "./no-tokenizer.ts";

it("a template sees messages, tools, documents and further variables", () => {
  const chatTemplate = createChatTemplate(
    "{{ messages|length }}{{ tools|length }}{{ documents[0].title }}{{ add_generation_prompt }}{{ x }}",
  );
  let seen = "";
  const tokenizer = {
    ...createNoTokenizer(8, [], "test"),
    encode(text: string) {
      seen = text;
      return [1];
    },
  };
  const prompt = {
    kind: "chat" as const,
    messages: [{ role: "user", content: "a" }],
    tools: [{}, {}],
    documents: [{ title: "t", text: "x" }],
    variables: { x: 7 },
    addSpecialTokens: false,
  };
  assert.deepEqual(toIds({ tokenizer, chatTemplate }, prompt, 8), [1]);
  assert.equal(seen, "12tTrue7");
});
