// Responses over HTTP: the rules of events, the unmodified client, what goes on, refusals.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import OpenAI from "openai";
import { BaimoError } from "../src/errors.ts";
import { HERMES } from "../src/generate/answers/formats/hermes.ts";
import type { ChatMessage, Model } from "../src/generate/types.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { checkResponseEvents, type ResponseEvent } from "./response-rules.ts";
import { type Script, scriptedModel } from "./scripted-model.ts";

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function" as const, name: "weather", parameters, strict: false }];
const call = (city: string) =>
  `<tool_call>\n{"name": "weather", "arguments": {"city": "${city}"}}\n</tool_call>`;
const CALLS = `<think>\nWhere is it?\n</think>\n\nLet me look.\n${call("Xi’an")}\n${call("秋")}`;

const say = (text: string, reason: Script["reason"] = "stop"): Script => ({
  format: HERMES,
  pieces: text.match(/.{1,4}/gsu) ?? [],
  reason,
});

describe("responses", () => {
  let scripts: Script[] = [];
  let asked: ChatMessage[][] = [];
  let breaksAt = Number.POSITIVE_INFINITY;
  let handle: Handler;
  let server: Listening;
  let client: OpenAI;
  before(async () => {
    const scripted = scriptedModel(() => scripts.shift()!);
    const model: Model = {
      ...scripted,
      async *chat(messages, options) {
        asked.push(messages as ChatMessage[]);
        let count = 0;
        const events = scripted.chat(messages, options);
        for (;;) {
          const next = await events.next();
          if (next.done) return next.value;
          if (count++ === breaksAt) throw new BaimoError("device", "the model was lost");
          yield next.value;
        }
      },
    };
    handle = createHandler({ models: new Map([["tiny", model]]) });
    server = await listen(handle, { port: 0 });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  beforeEach(() => {
    scripts = [];
    asked = [];
    breaksAt = Number.POSITIVE_INFINITY;
  });
  after(() => server?.close());

  const post = (body: object) =>
    handle(
      new Request("http://localhost/v1/responses", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );

  /** The events of a stream, each under its own name. */
  async function streamed(body: object): Promise<ResponseEvent[]> {
    const response = await post({ ...body, stream: true });
    assert.equal(response.status, 200);
    const blocks = (await response.text()).split("\n\n").filter((block) => block !== "");
    assert.equal(blocks.pop(), "data: [DONE]");
    return blocks.map((block) => {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block)!;
      const event = JSON.parse(data) as ResponseEvent;
      assert.equal(event.type, name);
      return event;
    });
  }

  /** Without what no two responses share. */
  const shared = (value: object): unknown =>
    JSON.parse(
      JSON.stringify(value, (key, each) =>
        ["id", "call_id", "created_at", "completed_at"].includes(key) ? undefined : each,
      ),
    );

  it("the events keep the rules, and the whole is what they add up to", async () => {
    for (const [text, reason, kinds] of [
      ["Hello 秋.", "stop", ["message"]],
      ["", "stop", ["message"]],
      [CALLS, "stop", ["reasoning", "message", "function_call", "function_call"]],
      ["<think>\nWhere", "length", ["reasoning"]],
      ["<think>\nWhere?\n</think>\n\nI wo", "length", ["reasoning", "message"]],
      [`${call("秋")}\n<tool_call>\n{"name": "weather", "argum`, "length", undefined],
    ] as const) {
      scripts = [say(text, reason), say(text, reason)];
      const body = { input: "Xi’an?", tools };
      const response = checkResponseEvents(await streamed(body));
      assert.equal(response.status, reason === "stop" ? "completed" : "incomplete", text);
      if (kinds)
        assert.deepEqual(
          response.output.map(({ type }) => type),
          kinds,
          text,
        );
      const whole = (await (await post(body)).json()) as object;
      assert.deepEqual(shared(whole), shared(response), text);
    }
  });

  it("a failure after the first event is told by an error, then by the response", async () => {
    scripts = [say(CALLS), say(CALLS)];
    breaksAt = 6;
    const events = await streamed({ input: "x", tools });
    assert.equal(events.at(-2)!.type, "error");
    assert.equal(checkResponseEvents(events).status, "failed");
    assert.equal((await post({ input: "x", tools })).status, 500);
  });

  it("the client's own helpers: a stream, a whole, usage", async () => {
    scripts = [say(CALLS), say(CALLS)];
    const body = { model: "tiny", input: "Xi’an?", tools, metadata: { a: "b" } };
    const runner = client.responses.stream(body);
    let text = "";
    runner.on("response.output_text.delta", ({ delta }) => (text += delta));
    const streamed = await runner.finalResponse();
    assert.equal(streamed.output_text, text);
    const whole = await client.responses.create(body);
    assert.equal(whole.output_text, text);
    assert.deepEqual(whole.metadata, { a: "b" });
    assert.deepEqual(whole.usage, {
      input_tokens: 3,
      input_tokens_details: { cached_tokens: 1 },
      output_tokens: say(CALLS).pieces.length,
      output_tokens_details: { reasoning_tokens: whole.usage!.output_tokens_details.reasoning_tokens },
      total_tokens: 3 + say(CALLS).pieces.length,
    });
    assert.ok(whole.usage!.output_tokens_details.reasoning_tokens > 0);
    const [reasoning] = whole.output;
    assert.equal(reasoning.type === "reasoning" && reasoning.content![0].text.trim(), "Where is it?");
  });

  it("results of calls go back with previous_response_id, and by themselves", async () => {
    scripts = [say(CALLS), say("Rain here, sun there."), say("You are welcome."), say("Rain.")];
    const first = await client.responses.create({
      model: "tiny",
      instructions: "Be brief.",
      input: [{ role: "user", content: [{ type: "input_text", text: "Xi’an?" }] }],
      tools,
    });
    const outputs = first.output
      .filter((item) => item.type === "function_call")
      .map(({ call_id, arguments: given }, i) => {
        assert.deepEqual(JSON.parse(given), { city: ["Xi’an", "秋"][i] });
        return { type: "function_call_output" as const, call_id, output: `${i}` };
      });
    assert.equal(outputs.length, 2);
    const second = await client.responses.create({
      model: "tiny",
      previous_response_id: first.id,
      input: outputs,
      tools,
    });
    assert.equal(second.output_text, "Rain here, sun there.");
    assert.equal(second.previous_response_id, first.id);
    const third = await client.responses.create({
      model: "tiny",
      previous_response_id: second.id,
      input: "Thanks.",
    });
    assert.equal(third.output_text, "You are welcome.");
    assert.deepEqual(
      asked[2].map(({ role }) => role),
      ["user", "assistant", "tool", "tool", "assistant", "user"],
    );
    assert.deepEqual(asked[0][0], { role: "system", content: "Be brief." });
    const [, turn] = asked[2] as unknown as [
      ChatMessage,
      { tool_calls: object[]; reasoning_content: string },
    ];
    assert.equal(turn.tool_calls.length, 2);
    assert.equal(turn.reasoning_content.trim(), "Where is it?");

    // The same without the store: the items themselves, as they came.
    const input = [{ role: "user" as const, content: "Xi’an?" }, ...first.output, ...outputs];
    await client.responses.create({ model: "tiny", input: input as OpenAI.Responses.ResponseInput, tools });
    assert.deepEqual(asked[3], asked[1]);
  });

  it("stored responses are given again and forgotten; others were never there", async () => {
    scripts = [say("One."), say("Two.")];
    const kept = await client.responses.create({ model: "tiny", input: "x" });
    assert.deepEqual((await client.responses.retrieve(kept.id)).output, kept.output);
    await client.responses.delete(kept.id);
    const unkept = await client.responses.create({ model: "tiny", input: "x", store: false });
    for (const { id } of [kept, unkept, { id: "resp_none" }]) {
      for (const [ask, param] of [
        [client.responses.retrieve(id), "id"],
        [client.responses.delete(id), "id"],
        [client.responses.create({ input: "x", previous_response_id: id }), "previous_response_id"],
      ] as const) {
        await assert.rejects(ask, (error) => {
          assert.ok(error instanceof OpenAI.NotFoundError, String(error));
          assert.equal(error.param, param);
          return true;
        });
      }
    }
  });

  it("a conversation goes on when an earlier response was forgotten", async () => {
    scripts = [say("One."), say("Two."), say("Three.")];
    let previous: string | undefined;
    for (const input of ["1", "2", "3"]) {
      const { id } = await client.responses.create({ model: "tiny", input, previous_response_id: previous });
      if (previous) await client.responses.delete(previous);
      previous = id;
    }
    assert.deepEqual(
      asked[2].map(({ content }) => content),
      ["1", "One.", "2", "Two.", "3"],
    );
  });

  it("what is not done, and what is wrong, is refused by its name", async () => {
    const user = { role: "user", content: "x" };
    const made = { type: "function_call", call_id: "1", name: "weather", arguments: "{}" };
    const answered = { type: "function_call_output", call_id: "1", output: "x" };
    const [weather] = tools;
    const cases: [body: object, param: string][] = [
      [{ background: true }, "background"],
      [{ context_management: [{ type: "compaction" }] }, "context_management"],
      [{ conversation: "conv_1" }, "conversation"],
      [{ prompt: { id: "p" } }, "prompt"],
      [{ truncation: "auto" }, "truncation"],
      [{ include: ["file_search_call.results"] }, "include[0]"],
      [{ reasoning: { summary: "auto" } }, "reasoning.summary"],
      [{ reasoning: { effort: "high" } }, "reasoning.effort"],
      [
        { reasoning: { effort: "low" }, chat_template_kwargs: { reasoning_effort: "high" } },
        "chat_template_kwargs.reasoning_effort",
      ],
      [{ text: { verbosity: "low" } }, "text.verbosity"],
      [{ text: { format: { type: "json_schema", name: "a" } } }, "text.format.schema"],
      [{ max_tokens: 3 }, "max_tokens"],
      [{ tools: [{ type: "web_search", filters: {} }] }, "tools[0].type"],
      [{ tools: [weather, weather] }, "tools[1].name"],
      [{ tools, tool_choice: { type: "function", name: "other" } }, "tool_choice"],
      [
        {
          tools,
          tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "b" }] },
        },
        "tool_choice.tools[0]",
      ],
      [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`${i}`, ""])) }, "metadata"],
      [{ input: [] }, "input"],
      [{ input: undefined }, "input"],
      [{ input: [user, { type: "compaction", encrypted_content: "x" }] }, "input[1].type"],
      [{ input: [{ type: "item_reference", id: "msg_1" }] }, "input[0].type"],
      [{ input: [{ role: "user", content: [{ type: "input_image" }] }] }, "input[0].content[0].type"],
      [{ input: [{ type: "reasoning", summary: [], encrypted_content: "x" }] }, "input[0].encrypted_content"],
      [{ input: [user, made] }, "input[1]"],
      [{ input: [made, user, answered] }, "input[0]"],
      [{ input: [user, answered] }, "input[1].call_id"],
      [{ input: [made, made, answered] }, "input[1].call_id"],
      [{ input: [{ ...made, arguments: "[]" }] }, "input[0].arguments"],
    ];
    for (const [body, param] of cases) {
      const response = await post({ input: "x", ...body });
      const { error } = await response.json();
      assert.deepEqual([response.status, error.param], [400, param], JSON.stringify(body));
      assert.ok(error.message.includes(`'${param}`), error.message);
    }
    assert.equal(asked.length, 0);
    for (const [method, path, status, word] of [
      ["POST", "/v1/responses/compact", 400, /compact/],
      ["GET", "/v1/responses", 405, /WebSocket/],
      ["GET", "/v1/responses/resp_1?stream=true", 400, /'stream'/],
    ] as const) {
      const response = await handle(new Request(`http://localhost${path}`, { method }));
      assert.equal(response.status, status);
      assert.match((await response.json()).error.message, word);
    }
  });
});
