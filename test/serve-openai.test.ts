// The official OpenAI client, unmodified, against the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import type { Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel, watch } from "./chat-model.ts";
import { until } from "./until.ts";

describe("the official client", () => {
  let model: Model;
  let server: Listening;
  let client: OpenAI;
  const messages = [{ role: "user" as const, content: "Say something." }];
  before(async () => {
    model = await loadChatModel();
    const handler = createHandler({ models: new Map([["tiny", watch(model).model]]) });
    server = await listen(handler, { port: 0 });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
  });

  test("lists the models", async () => {
    const models = [];
    for await (const each of client.models.list()) models.push(each.id);
    assert.deepEqual(models, ["tiny"]);
    assert.equal((await client.models.retrieve("tiny")).owned_by, "baimo");
  });

  test("streams a chat", async () => {
    const stream = await client.chat.completions.create({
      model: "tiny",
      messages,
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 16,
      seed: 1,
    });
    let text = "";
    let reason: string | null = null;
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      reason = chunk.choices[0]?.finish_reason ?? reason;
      usage = chunk.usage ?? usage;
    }
    assert.ok(text.length > 0);
    assert.equal(reason, "length");
    assert.equal(usage?.completion_tokens, 16);
    const whole = await client.chat.completions.create({
      model: "tiny",
      messages,
      max_completion_tokens: 16,
      seed: 1,
    });
    assert.equal(whole.choices[0]!.message.content, text);
  });

  test("its stream helper puts the answer together", async () => {
    const runner = client.chat.completions.stream({
      model: "tiny",
      messages,
      max_tokens: 8,
      seed: 2,
      logprobs: true,
    });
    const completion = await runner.finalChatCompletion();
    assert.equal(completion.choices[0]!.message.role, "assistant");
    assert.equal(completion.choices[0]!.logprobs?.content?.length, 8);
  });

  test("gets its own kinds of error", async () => {
    await assert.rejects(client.chat.completions.create({ model: "gpt-4", messages }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, "model_not_found");
      return true;
    });
    await assert.rejects(
      client.chat.completions.create({ model: "tiny", messages, n: 129 }),
      OpenAI.BadRequestError,
    );
    const long = [{ role: "user" as const, content: "word ".repeat(3000) }];
    await assert.rejects(
      client.chat.completions.create({ model: "tiny", messages: long, stream: true }),
      (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.equal(error.code, "context_length_exceeded");
        return true;
      },
    );
  });

  test("stops an answer by leaving its loop", async () => {
    const stream = await client.chat.completions.create({ model: "tiny", messages, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    const idle = { active: 0, waiting: 0, limit: 64 };
    await until(async () => {
      const { queue } = await (await fetch(`${server.url}/health`)).json();
      return JSON.stringify(queue) === JSON.stringify(idle);
    });
  });
});
