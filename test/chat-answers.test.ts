// Model.chat reads its answers: nothing is lost, and tools are refused that cannot be called.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BaimoError } from "../src/errors.ts";
import type { ChatOptions, Finish } from "../src/generate/types.ts";
import { loadChatModel } from "./chat-model.ts";

const TOOLS = [
  { type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } },
];

test("an answer that is read has the text and the tokens of one that is not", async () => {
  const model = await loadChatModel();
  try {
    const answer = async (options: ChatOptions) => {
      let text = "";
      const tokens: number[] = [];
      let finish: Finish | undefined;
      const messages = [{ role: "user", content: "Hello" }];
      const settings = { seed: 5, maxTokens: 64, ignoreEos: true, ...options };
      for await (const event of model.chat(messages, settings)) {
        if (event.type === "text-delta") {
          text += event.text;
          for (const { id } of event.tokens) tokens.push(id);
        } else if (event.type === "finish") finish = event;
      }
      return { text, tokens, finish };
    };
    const plain = await answer({});
    const read = await answer({ readAnswer: true });
    assert.equal(read.text, plain.text);
    assert.deepEqual(read.tokens, plain.tokens.slice(0, read.tokens.length));
    assert.deepEqual([read.finish?.reason, read.finish?.toolCalls], ["length", []]);
    assert.equal(plain.finish?.toolCalls, undefined);
    // The template knows no tools.
    await answer({ tools: TOOLS });
    await assert.rejects(
      answer({ tools: TOOLS, readAnswer: true }),
      (error) => error instanceof BaimoError && error.code === "request" && /tools.*tiny/.test(error.message),
    );
  } finally {
    await model.dispose();
  }
});
