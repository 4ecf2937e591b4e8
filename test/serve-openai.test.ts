// The official OpenAI client, unmodified, against the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import { HERMES } from "../src/generate/answers/formats/hermes.ts";
import type { Model } from "../src/generate/types.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel, watch } from "./chat-model.ts";
import { type Script, scriptedModel } from "./scripted-model.ts";
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
    await until(async () => {
      const { queue } = await (await fetch(`${server.url}/health`)).json();
      return queue.active + queue.waiting === 0;
    });
  });
});

const template =
  "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content or '' }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}\n{% endfor %}" +
  "{% if add_generation_prompt %}assistant: {% endif %}";
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 6 }, days: { type: "integer", minimum: 1, maximum: 14 } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [{ type: "function" as const, function: { name: "weather", parameters } }];
const ask = { model: "tiny", messages: [{ role: "user" as const, content: "Xi'an?" }], seed: 4 };

describe("the official client and tools", () => {
  let model: Model;
  let server: Listening;
  let client: OpenAI;
  before(async () => {
    model = await loadChatModel({}, template);
    server = await listen(createHandler({ models: [model] }), { port: 0 });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    await server?.close();
    await model?.dispose();
  });

  test("a call that must come is the same streamed and whole, and its arguments come as they are written", async () => {
    const demanded = { ...ask, tools, tool_choice: "required" as const, parallel_tool_calls: false };
    const runner = client.chat.completions.stream({ ...demanded, stream_options: { include_usage: true } });
    let deltas = 0;
    runner.on("tool_calls.function.arguments.delta", () => deltas++);
    const streamed = await runner.finalChatCompletion();
    const whole = await client.chat.completions.create(demanded);
    const [choice] = whole.choices;
    assert.equal(choice.finish_reason, "tool_calls");
    assert.equal(streamed.choices[0].finish_reason, "tool_calls");
    const [call] = choice.message.tool_calls!;
    assert.ok(call.type === "function");
    const { city, days } = JSON.parse(call.function.arguments);
    assert.ok(typeof city === "string" && Number.isInteger(days) && days >= 1 && days <= 14);
    const [other] = streamed.choices[0].message.tool_calls!;
    assert.ok(other.type === "function");
    assert.deepEqual([other.function.name, other.function.arguments], ["weather", call.function.arguments]);
    assert.ok(deltas > 3, `${deltas} deltas`);
    assert.equal(streamed.usage?.completion_tokens, whole.usage?.completion_tokens);

    const messages = [
      ...ask.messages,
      choice.message,
      { role: "tool" as const, tool_call_id: call.id, content: "rain" },
    ];
    const answer = await client.chat.completions.create({ ...ask, messages, tools, max_tokens: 4 });
    assert.ok(answer.usage!.prompt_tokens > whole.usage!.prompt_tokens);
    await assert.rejects(
      client.chat.completions.create({ ...ask, messages: messages.slice(0, 2) }),
      (error) => error instanceof OpenAI.BadRequestError && error.param === "messages[1].tool_calls[0]",
    );
  });

  test("JSON of a schema, beside tools or without, through its own parser", async () => {
    const json_schema = { name: "report", strict: true, schema: parameters };
    const response_format = { type: "json_schema" as const, json_schema };
    for (const more of [{}, { tools: [{ ...tools[0], function: { ...tools[0].function, strict: true } }] }]) {
      const { choices } = await client.chat.completions.parse({ ...ask, response_format, ...more });
      const [{ message, finish_reason }] = choices;
      const said =
        finish_reason === "tool_calls" ? message.tool_calls![0].function.arguments : message.content!;
      assert.deepEqual(Object.keys(JSON.parse(said)).sort(), ["city", "days"]);
    }
  });

  test("a schema that cannot be enforced is refused by the way to its part", async () => {
    const properties = { firstName: { type: "string", pattern: "(a)\\1" } };
    const schema = { type: "object", properties };
    const way = "properties/firstName/pattern";
    const bad = { type: "function" as const, function: { name: "bad", parameters: schema } };
    const refused = async (more: object, param: string) =>
      assert.rejects(client.chat.completions.create({ ...ask, ...more }), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, String(error));
        assert.equal(error.param, param);
        return true;
      });
    const response_format = { type: "json_schema", json_schema: { name: "a", schema } };
    await refused({ response_format }, `response_format.json_schema.schema/${way}`);
    await refused({ guided_json: schema }, `guided_json/${way}`);
    const demanded = { tools: [...tools, bad], tool_choice: "required" };
    await refused(demanded, `tools[1].function.parameters/${way}`);
    const allowed_tools = { mode: "required", tools: [{ type: "function", function: { name: "bad" } }] };
    await refused(
      { tools: [...tools, bad], tool_choice: { type: "allowed_tools", allowed_tools } },
      `tools[1].function.parameters/${way}`,
    );
    const strict = { type: "function", function: { ...bad.function, strict: true } };
    await refused({ tools: [...tools, strict] }, `tools[1].function.parameters/${way}`);
    await refused({ guided_regex: "(a)\\1" }, "guided_regex");
    await refused({ guided_grammar: "root ::= (" }, "guided_grammar");
    await refused({ reasoning_effort: "high" }, "reasoning_effort");
  });

  test("several answers to one prompt, streamed side by side", async () => {
    const body = { ...ask, n: 3, max_tokens: 6, logprobs: true };
    const whole = await client.chat.completions.create(body);
    assert.deepEqual(
      whole.choices.map(({ index }) => index),
      [0, 1, 2],
    );
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    for (const { index, message, finish_reason, logprobs } of whole.choices) {
      const other = streamed.choices.find((choice) => choice.index === index)!;
      assert.equal(other.message.content, message.content);
      assert.equal(other.finish_reason, finish_reason);
      assert.deepEqual(other.logprobs?.content, logprobs?.content);
    }
    const alone = await client.chat.completions.create({ ...ask, max_tokens: 6, seed: ask.seed + 2 });
    assert.equal(alone.choices[0].message.content, whole.choices[2].message.content);
    assert.equal(alone.usage!.prompt_tokens, whole.usage!.prompt_tokens);
  });

  test("legacy completions, too", async () => {
    const body = { model: "tiny", prompt: "hello", max_tokens: 5, seed: 1 };
    const { choices } = await client.completions.create(body);
    let text = "";
    for await (const chunk of await client.completions.create({ ...body, stream: true }))
      text += chunk.choices[0].text;
    assert.equal(text, choices[0].text);
  });
});

test("two tools at once, and their results back, through the client's own runner", async () => {
  const call = (city: string) =>
    `<tool_call>\n{"name": "weather", "arguments": {"city": "${city}"}}\n</tool_call>`;
  const texts = [`${call("Xi’an")}\n${call("秋")}`, "Rain there, sun here."];
  const say = (text: string): Script => ({ format: HERMES, pieces: [...text], reason: "stop" });
  const model = scriptedModel(() => say(texts.shift()!));
  const server = await listen(createHandler({ models: new Map([["tiny", model]]) }), { port: 0 });
  try {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
    const asked: string[] = [];
    const weather = ({ city }: { city: string }) => `${asked.push(city)}`;
    const tool = {
      type: "function" as const,
      function: { name: "weather", parameters, function: weather, parse: JSON.parse, description: "w" },
    };
    const runner = client.chat.completions.runTools({ ...ask, stream: true, tools: [tool] });
    assert.equal(await runner.finalContent(), "Rain there, sun here.");
    assert.deepEqual(asked, ["Xi’an", "秋"]);
  } finally {
    await server.close();
  }
});
