// Ollama's client, unmodified, against the server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ChatResponse, type Message, Ollama } from "ollama";
import { HERMES } from "../src/generate/answers/formats/hermes.ts";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { POET } from "../src/poet.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { type Script, scriptedModel } from "./scripted-model.ts";

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "weather", description: "Of a city.", parameters } }];
const call = (city: string) =>
  `<tool_call>\n{"name": "weather", "arguments": {"city": "${city}"}}\n</tool_call>`;
const question: Message = { role: "user", content: "Xi’an and 秋?" };

describe("Ollama's client", () => {
  const asked: Message[][] = [];
  let script: Script;
  let poet: Model;
  let server: Listening;
  let client: Ollama;
  const say = (text: string) => {
    script = { format: HERMES, pieces: [...text], reason: "stop" };
  };
  before(async () => {
    poet = await load(POET, { threads: 1 });
    const scripted = scriptedModel(() => script);
    const watched: Model = {
      ...scripted,
      config: poet.config,
      engine: poet.engine,
      chat(messages, options) {
        asked.push(messages as unknown as Message[]);
        return scripted.chat(messages, options);
      },
    };
    server = await listen(
      createHandler({
        models: new Map([
          [POET, poet],
          ["tiny", watched],
        ]),
      }),
      { port: 0 },
    );
    client = new Ollama({ host: server.url });
  });
  after(async () => {
    await server?.close();
    await poet?.dispose();
  });

  /** Joins the lines of a stream as its clients do. */
  async function joined(lines: AsyncIterable<ChatResponse>) {
    let [content, thinking] = ["", ""];
    const calls: unknown[] = [];
    let last: ChatResponse | undefined;
    for await (const line of lines) {
      assert.ok(!last?.done, "nothing comes after the end");
      content += line.message.content;
      thinking += line.message.thinking ?? "";
      calls.push(...(line.message.tool_calls ?? []).map((each) => each.function));
      last = line;
    }
    return { content, thinking, calls, last: last! };
  }

  test("a chat is the same streamed and whole, figures included", async () => {
    const options = { seed: 7, num_predict: 12, num_ctx: 64 };
    const body = { model: `${POET}:latest`, messages: [{ role: "user", content: "春" }], options };
    const whole = await client.chat(body);
    const streamed = await joined(await client.chat({ ...body, stream: true }));
    assert.ok(whole.message.content.length > 0);
    assert.equal(streamed.content, whole.message.content);
    const figures = ({ done_reason, eval_count, prompt_eval_count }: ChatResponse) => [
      done_reason,
      eval_count,
      prompt_eval_count,
    ];
    assert.deepEqual(figures(streamed.last), figures(whole));
    assert.ok(whole.total_duration > 0 && whole.done);
    const generated = await client.generate({ model: POET, prompt: "春", options });
    assert.equal(generated.response, whole.message.content);
    const raw = await client.generate({ model: POET, prompt: "春", raw: true, options });
    let text = "";
    for await (const line of await client.generate({
      model: POET,
      prompt: "春",
      raw: true,
      options,
      stream: true,
    }))
      text += line.response;
    assert.equal(text, raw.response);
  });

  test("thinking, two tools at once and their results back", async () => {
    say(`<think>\nTwo cities.\n</think>\n\nLooking.\n${call("Xi’an")}\n${call("秋")}`);
    const body = { model: "tiny", tools, messages: [question] };
    const streamed = await joined(await client.chat({ ...body, stream: true }));
    const { message } = await client.chat(body);
    const calls = message.tool_calls!.map((each) => each.function);
    assert.deepEqual(streamed.calls, calls);
    assert.deepEqual(
      calls.map((each) => each.arguments),
      [{ city: "Xi’an" }, { city: "秋" }],
    );
    assert.deepEqual([streamed.content, streamed.thinking], [message.content, message.thinking]);
    assert.match(message.thinking!, /Two cities/);

    say("Rain there, sun here.");
    const bare = { ...message, tool_calls: calls.map((each) => ({ function: each })) };
    const results: Message[] = ["rain", "sun"].map((content) => ({
      role: "tool",
      content,
      tool_name: "weather",
    }));
    const last = await client.chat({ ...body, messages: [question, bare, ...results] });
    assert.equal(last.message.content, "Rain there, sun here.");
    const [, before, ...after] = asked.at(-1)! as unknown as Record<string, unknown>[];
    const ids = (before.tool_calls as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(
      after.map((each) => each.tool_call_id),
      ids,
    );
    await assert.rejects(client.chat({ ...body, messages: [question, results[0]] }), /messages\[1\]/);
    await assert.rejects(client.chat({ ...body, messages: [question, bare, question] }), /messages\[1\]/);
  });

  test("tells of its models", async () => {
    const { models } = await client.list();
    assert.deepEqual(
      models.map(({ name }) => name),
      [POET, "tiny"],
    );
    assert.ok(models[0].size > 0 && /^[0-9a-f]{64}$/.test(models[0].digest));
    const shown = await client.show({ model: POET });
    const info = shown.model_info as unknown as Record<string, unknown>;
    assert.equal(info[`${info["general.architecture"]}.context_length`], poet.contextLength);
    assert.ok(shown.capabilities.includes("completion"));
    const loaded = await client.chat({ model: POET, messages: [] });
    assert.deepEqual([loaded.done, loaded.done_reason], [true, "load"]);
    const { embeddings } = await client.embed({ model: POET, input: ["春", "秋"] });
    assert.deepEqual(
      embeddings.map(({ length }) => length),
      [poet.config.hiddenSize, poet.config.hiddenSize],
    );
  });

  test("a format binds the answer; what is not done is refused by its name", async () => {
    const format = {
      type: "object",
      properties: { a: { type: "boolean" } },
      required: ["a"],
      additionalProperties: false,
    };
    const body = { model: POET, messages: [{ role: "user", content: "春" }] };
    const { message } = await client.chat({ ...body, format, options: { seed: 1 } });
    assert.equal(typeof JSON.parse(message.content).a, "boolean");
    const refused = (more: object, name: RegExp) =>
      assert.rejects(client.chat({ ...body, ...more } as typeof body), name);
    await refused({ options: { num_ctx: 1 << 20 } }, /options\.num_ctx/);
    await refused({ options: { mirostat: 2 } }, /options\.mirostat/);
    await refused({ think: true }, /think/);
    await refused({ format: "yaml" }, /format/);
    await refused({ messages: [{ role: "user", content: "x", images: ["aGk="] }] }, /messages\[0\]\.images/);
    await refused({ model: "llama" }, /not here/);
    const context = client.generate({ model: POET, prompt: "x", context: [1] });
    await assert.rejects(context, /context/);
  });
});
