// Anthropic's client, unmodified, against the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { HERMES } from "../src/generate/answers/formats/hermes.ts";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { POET } from "../src/poet.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { type Script, scriptedModel } from "./scripted-model.ts";

const input_schema = { type: "object" as const, properties: { city: { type: "string" } } };
const tools = [{ name: "weather", description: "The weather of a city.", input_schema }];
const question = { role: "user" as const, content: "Xi’an and 秋?" };
const call = (city: string) =>
  `<tool_call>\n{"name": "weather", "arguments": {"city": "${city}"}}\n</tool_call>`;

describe("Anthropic's client", () => {
  const asked: unknown[] = [];
  let script: Script;
  let poet: Model;
  let server: Listening;
  let client: Anthropic;
  const say = (text: string, reason: Script["reason"] = "stop") => {
    script = { format: HERMES, pieces: [...text], reason };
  };
  before(async () => {
    poet = await load(POET, { threads: 1 });
    const scripted = scriptedModel(() => script);
    const watched: Model = {
      ...scripted,
      chat(messages, options) {
        asked.push(messages);
        return scripted.chat(messages, options);
      },
    };
    const models = new Map([
      ["tiny", watched],
      [POET, poet],
    ]);
    server = await listen(createHandler({ models }), { port: 0 });
    client = new Anthropic({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    await server?.close();
    await poet?.dispose();
  });

  test("a chat is the same streamed and whole, usage included", async () => {
    const body = {
      model: POET,
      max_tokens: 12,
      temperature: 0,
      messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "春" }] }],
    };
    const whole = await client.messages.create(body);
    const types = new Set<string>();
    const stream = client.messages.stream(body).on("streamEvent", ({ type }) => void types.add(type));
    const joined = await stream.finalMessage();
    assert.deepEqual(joined.content, whole.content);
    assert.deepEqual([joined.stop_reason, joined.stop_sequence], [whole.stop_reason, whole.stop_sequence]);
    assert.equal(joined.usage.output_tokens, whole.usage.output_tokens);
    const read = ({ usage }: Anthropic.Message) => usage.input_tokens + usage.cache_read_input_tokens!;
    assert.equal(read(joined), read(whole));
    const { input_tokens } = await client.messages.countTokens({ model: POET, messages: body.messages });
    assert.equal(input_tokens, read(whole));
    assert.deepEqual(
      [...types],
      [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
      ],
    );
    const [block] = whole.content;
    assert.ok(block.type === "text" && block.text.length > 1);
    const stop = block.text[1];
    const stopped = await client.messages.create({ ...body, stop_sequences: [stop] });
    assert.deepEqual([stopped.stop_reason, stopped.stop_sequence], ["stop_sequence", stop]);
  });

  test("thinking, two tools at once and their results back", async () => {
    say(`<think>\nTwo cities.\n</think>\n\nLooking.\n${call("Xi’an")}\n${call("秋")}`);
    const body = { model: "tiny", max_tokens: 200, tools, messages: [question] };
    const streamed = await client.messages.stream(body).finalMessage();
    const whole = await client.messages.create(body);
    const bare = ({ content }: Anthropic.Message) =>
      content.map((block) => (block.type === "tool_use" ? { ...block, id: "" } : block));
    assert.equal(whole.stop_reason, "tool_use");
    assert.equal(streamed.stop_reason, "tool_use");
    assert.deepEqual(bare(streamed), bare(whole));
    const inputs = whole.content.flatMap((block) => (block.type === "tool_use" ? [block.input] : []));
    assert.deepEqual(inputs, [{ city: "Xi’an" }, { city: "秋" }]);
    assert.deepEqual(
      whole.content.map(({ type }) => type),
      ["thinking", "text", "tool_use", "tool_use"],
    );

    say("Rain there, sun here.");
    const results = streamed.content.flatMap((block) =>
      block.type === "tool_use"
        ? [{ type: "tool_result" as const, tool_use_id: block.id, content: "rain" }]
        : [],
    );
    const answered = [
      question,
      { role: "assistant" as const, content: streamed.content },
      { role: "user" as const, content: [...results, { type: "text" as const, text: "So?" }] },
    ];
    const last = await client.messages.create({ ...body, system: "Be brief.", messages: answered });
    assert.deepEqual([last.content[0].type, last.stop_reason], ["text", "end_turn"]);
    const roles = (asked.at(-1) as { role: string }[]).map(({ role }) => role);
    assert.deepEqual(roles, ["system", "user", "assistant", "tool", "tool", "user"]);
    await assert.rejects(
      client.messages.create({ ...body, messages: answered.slice(0, 2).concat(question) }),
      (error) =>
        error instanceof Anthropic.BadRequestError && /messages\[1\]\.content\[2\]/.test(error.message),
    );
  });

  test("what is not done is refused in Anthropic's shape, by its name", async () => {
    const body = { model: "tiny", max_tokens: 8, messages: [question] };
    const refused = async (more: object, name: RegExp) =>
      assert.rejects(client.messages.create({ ...body, ...more }), (error) => {
        assert.ok(error instanceof Anthropic.BadRequestError, String(error));
        assert.match(error.message, name);
        assert.equal(error.type, "invalid_request_error");
        return true;
      });
    const image = { type: "image", source: { type: "url", url: "https://example.org/a.png" } };
    await refused({ messages: [{ role: "user", content: [image] }] }, /messages\[0\]\.content\[0\]/);
    await refused({ messages: [question, { role: "assistant", content: "It" }] }, /messages\[1\]/);
    await refused({ thinking: { type: "enabled", budget_tokens: 1024 } }, /thinking/);
    await refused({ tools: [{ type: "web_search_20250305", name: "web_search" }] }, /tools\[0\]/);
    await refused({ tool_choice: { type: "tool", name: "x" }, tools }, /tool_choice/);
    await refused({ max_tokens: 0 }, /max_tokens/);
    await refused({ top: 1 }, /top/);
    const format = { type: "json_schema", schema: { type: "string", pattern: "(a)\\1" } };
    await refused({ model: POET, output_config: { format } }, /output_config\.format\.schema\/pattern/);
    await assert.rejects(client.messages.create({ ...body, model: "claude" }), Anthropic.NotFoundError);
    say("ok");
    const cache_control = { type: "ephemeral" as const };
    const content = [{ type: "text" as const, text: "It rains.", cache_control }];
    const cached = {
      system: content,
      messages: [{ role: "user" as const, content: [...content, ...content] }],
      tools: tools.map((tool) => ({ ...tool, cache_control })),
    };
    const response = await client.messages
      .create({ ...body, ...cached, metadata: { user_id: "a" } })
      .asResponse();
    const named = response.headers.get("baimo-ignored")?.split(", ").sort();
    assert.deepEqual(named, [
      "messages[].content[].cache_control",
      "metadata",
      "system[].cache_control",
      "tools[].cache_control",
    ]);
  });
});
