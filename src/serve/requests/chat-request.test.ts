// Requests: what is read, what is refused, and in which words.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Problem } from "../problem.ts";
import { checkEffort, effortVariables, readChatRequest } from "./chat-request.ts";

const hello = { model: "m", messages: [{ role: "user", content: "hello" }] };

const weather = { type: "function", function: { name: "weather" } };
const call = (id: string, given: unknown = '{"city":"Xi’an"}') => ({
  id,
  type: "function",
  function: { name: "weather", arguments: given },
});
const asks = (...calls: unknown[]) => ({ role: "assistant", content: null, tool_calls: calls });
const says = (id: unknown) => ({ role: "tool", tool_call_id: id, content: "42" });
const said = (...messages: unknown[]) => ({ ...hello, messages: [...hello.messages, ...messages] });
/** What a request for an answer comes to that asks for nothing else. */
const [plainly] = readChatRequest(hello).choices;

test("a request with every parameter is read into the engine's options", () => {
  const request = readChatRequest({
    ...hello,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 7,
    max_completion_tokens: 9,
    temperature: 0,
    top_p: 0.5,
    top_k: -1,
    min_p: 0.1,
    typical_p: 0.9,
    repetition_penalty: 1.1,
    presence_penalty: -2,
    frequency_penalty: 2,
    logit_bias: { "12": -100, "3": 1.5 },
    logprobs: true,
    top_logprobs: 4,
    seed: 42,
    stop: ["a", "b"],
    n: 1,
    response_format: { type: "text" },
    tools: [{ type: "function", function: { name: "f" } }],
    tool_choice: "auto",
    documents: [{ title: "t", text: "x" }],
    chat_template_kwargs: { enable_thinking: false },
    reasoning_effort: "low",
    user: "u",
  });
  assert.deepEqual(request, {
    model: "m",
    messages: [{ role: "user", content: "hello" }],
    stream: true,
    includeUsage: true,
    effort: "low",
    parallelToolCalls: true,
    names: { constraint: undefined, tools: ["tools[0].function"] },
    choices: [
      {
        maxTokens: 9,
        temperature: 0,
        topP: 0.5,
        topK: 0,
        minP: 0.1,
        typicalP: 0.9,
        repetitionPenalty: 1.1,
        presencePenalty: -2,
        frequencyPenalty: 2,
        logitBias: { 12: -100, 3: 1.5 },
        logprobs: 4,
        seed: 42,
        stop: ["a", "b"],
        tools: [{ type: "function", function: { name: "f" } }],
        documents: [{ title: "t", text: "x" }],
        toolChoice: "auto",
        parallelToolCalls: true,
        readAnswer: true,
        adapters: undefined,
        constraint: undefined,
        onFull: undefined,
        keepTokens: undefined,
        speculation: undefined,
        guessTokens: undefined,
        stopTokens: undefined,
        ignoreEos: undefined,
        templateVariables: { enable_thinking: false },
      },
    ],
  });
});

test("null means absent, and absent leaves the engine's defaults alone", () => {
  const request = readChatRequest({
    ...hello,
    temperature: null,
    stop: null,
    stream: null,
    tools: null,
    seed: null,
    logit_bias: null,
    stream_options: null,
  });
  assert.deepEqual(request.choices, [plainly]);
  assert.equal(request.stream, false);
});

test("messages keep what templates read, parts too; developer is system", () => {
  const { messages } = readChatRequest({
    model: "m",
    messages: [
      { role: "developer", content: "be brief", unheard: 1 },
      {
        role: "user",
        name: "li",
        content: [
          { type: "text", text: "one" },
          { type: "text", text: "two" },
        ],
      },
      { role: "assistant", content: null, reasoning_content: "hm", tool_calls: [call("1")] },
      { role: "tool", tool_call_id: "1", content: "42" },
    ],
  });
  assert.deepEqual(messages, [
    { role: "system", content: "be brief" },
    {
      role: "user",
      name: "li",
      content: [
        { type: "text", text: "one" },
        { type: "text", text: "two" },
      ],
    },
    { role: "assistant", content: null, reasoning_content: "hm", tool_calls: [call("1")] },
    { role: "tool", tool_call_id: "1", content: "42" },
  ]);
});

test("tools are not offered when the choice is none", () => {
  assert.deepEqual(readChatRequest({ ...hello, tools: [weather], tool_choice: "none" }).choices, [plainly]);
});

test("calls that must come, and answers that must be JSON", () => {
  const named = { type: "function", function: { name: "weather" } };
  const [options] = readChatRequest({
    ...hello,
    tools: [weather],
    tool_choice: named,
    parallel_tool_calls: false,
  }).choices;
  assert.deepEqual([options.toolChoice, options.parallelToolCalls], [{ name: "weather" }, false]);
  const constraintOf = (format: object) =>
    readChatRequest({ ...hello, response_format: format }).choices[0].constraint;
  const schema = { type: "object", properties: { a: { type: "integer" } } };
  assert.deepEqual(constraintOf({ type: "json_object" }), { schema: { type: "object" } });
  assert.deepEqual(constraintOf({ type: "json_schema", json_schema: { name: "a", strict: true, schema } }), {
    schema,
  });
});

test("some of the tools may be allowed, and several answers go on from one seed", () => {
  const now = { type: "function", function: { name: "now" } };
  const allowed_tools = { mode: "required", tools: [{ type: "function", function: { name: "now" } }] };
  const request = readChatRequest({
    ...hello,
    tools: [weather, now],
    tool_choice: { type: "allowed_tools", allowed_tools },
    n: 3,
    seed: 5,
  });
  assert.deepEqual(
    request.choices.map(({ seed }) => seed),
    [5, 6, 7],
  );
  assert.deepEqual([request.choices[0].tools, request.choices[0].toolChoice], [[now], "required"]);
  assert.deepEqual(request.names.tools, ["tools[1].function"]);
});

test("what clients of other servers say is understood", () => {
  const optionsOf = (more: object) => readChatRequest({ ...hello, ...more }).choices[0];
  assert.equal(optionsOf({ repeat_penalty: 1.2 }).repetitionPenalty, 1.2);
  assert.deepEqual(optionsOf({ guided_choice: ["a", "b"] }).constraint, { choice: ["a", "b"] });
  assert.deepEqual(optionsOf({ guided_regex: "a+" }).constraint, { regex: "a+" });
  assert.deepEqual(optionsOf({ grammar: 'root ::= "a"' }).constraint, { grammar: 'root ::= "a"' });
  assert.deepEqual(optionsOf({ guided_json: '{"type":"array"}' }).constraint, { schema: { type: "array" } });
  assert.deepEqual(optionsOf({ structured_outputs: { json_object: true } }).constraint, {
    schema: { type: "object" },
  });
  assert.deepEqual(optionsOf({ stop_token_ids: [3], ignore_eos: true }).stopTokens, [3]);
});

test("an effort is what the model's template reads", () => {
  assert.deepEqual(effortVariables("low", "{{ reasoning_effort }}"), { reasoning_effort: "low" });
  assert.deepEqual(effortVariables("none", "{% if enable_thinking %}"), { enable_thinking: false });
  assert.deepEqual(effortVariables("high", "{% if enable_thinking %}"), { enable_thinking: true });
  assert.deepEqual(effortVariables("none", "plain"), {});
  assert.throws(() => effortVariables("high", "plain"), /reads no such thing/);
  const thinks = { enable_thinking: true };
  checkEffort("high", thinks, undefined, thinks);
  assert.throws(
    () => checkEffort("none", thinks, undefined, { enable_thinking: false }),
    /'chat_template_kwargs.enable_thinking' is true, but 'reasoning_effort' is "none"/,
  );
});

/** Bodies that must be refused: the body, the parameter blamed, the code, and words that the message must hold. */
const refusals: [unknown, string | undefined, string | undefined, RegExp][] = [
  [[], undefined, undefined, /JSON object, but is an empty array/],
  ["x", undefined, undefined, /JSON object/],
  [{ ...hello, model: 3 }, "model", "invalid_type", /is 3; allowed: a string/],
  [{ model: "m" }, "messages", "missing_required_parameter", /'messages' is missing/],
  [{ ...hello, poet: 1 }, "poet", "unknown_parameter", /'poet' is not known/],
  [
    { ...hello, chat_template_kwargs: { messages: [] } },
    "chat_template_kwargs.messages",
    "invalid_value",
    /^'chat_template_kwargs.messages' is not a variable of the template's own; a conversation is its messages/,
  ],
  [
    { ...hello, chat_template_kwargs: { tools: null } },
    "chat_template_kwargs.tools",
    "invalid_value",
    /give it as tools$/,
  ],
  [
    { ...hello, reasoning_effort: "low", chat_template_kwargs: { reasoning_effort: "high" } },
    "chat_template_kwargs.reasoning_effort",
    "invalid_value",
    /is "high" \(a string\), but 'reasoning_effort' is "low"/,
  ],
  [
    { ...hello, messages: [{ role: { toString: 1 }, content: "x" }] },
    "messages[0].role",
    "invalid_value",
    /an object/,
  ],
  [
    { ...hello, stream: true, stream_options: { include_usage: 1 } },
    "stream_options.include_usage",
    "invalid_type",
    /true or false/,
  ],
  [{ ...hello, messages: "hi" }, "messages", "invalid_type", /is "hi" \(a string\); allowed: a list/],
  [{ ...hello, messages: [] }, "messages", "invalid_value", /an empty array; allowed: a list of 1 to/],
  [{ ...hello, messages: ["hi"] }, "messages[0]", "invalid_type", /an object/],
  [{ ...hello, messages: [{ content: "x" }] }, "messages[0].role", "invalid_value", /is undefined/],
  [
    { ...hello, messages: [{ role: "poet", content: "x" }] },
    "messages[0].role",
    "invalid_value",
    /is "poet" \(a string\); allowed: "system"/,
  ],
  [
    { ...hello, messages: [{ role: "toString", content: "x" }] },
    "messages[0].role",
    "invalid_value",
    /toString/,
  ],
  [
    { ...hello, messages: [{ role: ["user"], content: "x" }] },
    "messages[0].role",
    "invalid_value",
    /an array/,
  ],
  [
    { ...hello, messages: [{ role: "user" }] },
    "messages[0].content",
    "invalid_type",
    /is undefined; allowed: .* text parts/,
  ],
  [
    { ...hello, messages: [{ role: "user", content: 5 }] },
    "messages[0].content",
    "invalid_type",
    /is 5; allowed/,
  ],
  [
    { ...hello, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
    "messages[0].content[0]",
    "unsupported_value",
    /but is "image_url" \(a string\): this server's models read text only/,
  ],
  [
    { ...hello, messages: [{ role: "user", content: [{ type: "text" }] }] },
    "messages[0].content[0].text",
    "invalid_type",
    /a string/,
  ],
  [
    { ...hello, messages: [{ role: "user", content: "x", name: 1 }] },
    "messages[0].name",
    "invalid_type",
    /a string/,
  ],
  [{ ...hello, temperature: 101 }, "temperature", "invalid_value", /is 101; allowed: .* from 0 to 100/],
  [
    { ...hello, temperature: "hot" },
    "temperature",
    "invalid_type",
    /is "hot" \(a string\); allowed: a number/,
  ],
  [{ ...hello, top_p: 0 }, "top_p", "invalid_value", /above 0 to 1/],
  [{ ...hello, max_tokens: 1e12 }, "max_tokens", "invalid_value", /is 1000000000000; allowed: a whole/],
  [{ ...hello, max_tokens: 1.5 }, "max_tokens", "invalid_value", /is 1.5; allowed: a whole number/],
  [{ ...hello, max_tokens: 1e300 }, "max_tokens", "invalid_value", /1e\+300/],
  [{ ...hello, top_k: -2 }, "top_k", "invalid_value", /is -2; allowed: a whole number/],
  [{ ...hello, seed: 0.5 }, "seed", "invalid_value", /a whole number/],
  [{ ...hello, n: 129 }, "n", "invalid_value", /from 1 to 128/],
  [{ ...hello, stream: "yes" }, "stream", "invalid_type", /true or false/],
  [
    { ...hello, stream_options: { include_usage: true } },
    "stream_options",
    "invalid_value",
    /only allowed when/,
  ],
  [{ ...hello, stop: [1] }, "stop[0]", "invalid_type", /a string/],
  [{ ...hello, stop: "" }, "stop", "invalid_value", /1 to 1,024 characters/],
  [{ ...hello, stop: Array(65).fill("x") }, "stop", "invalid_value", /at most 64/],
  [{ ...hello, logit_bias: { hello: 1 } }, "logit_bias", "invalid_value", /token ids/],
  [{ ...hello, logit_bias: JSON.parse('{"__proto__": 1}') }, "logit_bias", "invalid_value", /token ids/],
  [{ ...hello, logit_bias: { "1": 1001 } }, "logit_bias[1]", "invalid_value", /up to 1,000/],
  [{ ...hello, top_logprobs: 3 }, "top_logprobs", "invalid_value", /needs 'logprobs'/],
  [{ ...hello, logprobs: true, top_logprobs: 21 }, "top_logprobs", "invalid_value", /from 0 to 20/],
  [{ ...hello, response_format: { type: "xml" } }, "response_format.type", "invalid_value", /"json_object"/],
  [
    { ...hello, response_format: { type: "json_schema", json_schema: { name: "a" } } },
    "response_format.json_schema.schema",
    "missing_required_parameter",
    /JSON Schema/,
  ],
  [{ ...hello, modalities: ["audio"] }, "modalities", "unsupported_value", /"audio"/],
  [{ ...hello, tool_choice: "any" }, "tool_choice", "invalid_value", /"required"/],
  [{ ...hello, tool_choice: { type: "function" } }, "tool_choice.function", "invalid_type", /an object/],
  [{ ...hello, tools: ["f"] }, "tools[0]", "invalid_type", /an object/],
  [{ ...hello, tools: [{ type: "x" }] }, "tools[0].type", "invalid_value", /"x".*allowed: "function"/],
  [{ ...hello, tools: [{ type: "function" }] }, "tools[0].function", "invalid_type", /an object/],
  [{ ...hello, temprature: 1 }, "temprature", "unknown_parameter", /did you mean temperature/],
  [{ ...hello, frob: 2 }, "frob", "unknown_parameter", /'frob' is not known/],
  [{ ...hello, mirostat: 2 }, "mirostat", "unsupported_value", /is 2; allowed: 0/],
  [{ ...hello, verbosity: "low" }, "verbosity", "unsupported_value", /'verbosity' is "low"/],
  [
    { ...hello, repeat_penalty: 2, repetition_penalty: 3 },
    "repeat_penalty",
    "invalid_value",
    /the same, is 3/,
  ],
  [
    { ...hello, repeat_penalty: 2, repeat_last_n: 64 },
    "repeat_last_n",
    "unsupported_value",
    /count the whole/,
  ],
  [
    { ...hello, frequency_penalty: 1, repeat_last_n: 64 },
    "repeat_last_n",
    "unsupported_value",
    /count the whole/,
  ],
  [{ ...hello, keep_tokens: 4 }, "keep_tokens", "invalid_value", /needs 'on_full'/],
  [
    { ...hello, response_format: { type: "text", json_schema: { schema: {} } } },
    "response_format.json_schema",
    "invalid_value",
    /needs the type "json_schema"/,
  ],
  [
    { ...hello, response_format: { type: "json_schema", json_schema: { schema: {} }, schema: {} } },
    "response_format.schema",
    "invalid_value",
    /give one of them/,
  ],
  [
    said({ role: "assistant", content: "", function_call: { name: "weather", arguments: "{}" } }),
    "messages[1].function_call",
    "unsupported_parameter",
    /tool_calls/,
  ],
  [{ ...hello, guided_json: "{" }, "guided_json", "invalid_value", /its JSON text/],
  [
    { ...hello, guided_regex: "a", structured_outputs: { choice: ["a"] } },
    "structured_outputs.choice",
    "invalid_value",
    /as 'guided_regex' does/,
  ],
  [{ ...hello, tools: [weather, weather] }, "tools[1].function.name", "invalid_value", /of another tool/],
  [{ ...hello, tool_choice: "required" }, "tool_choice", "invalid_value", /there are no tools/],
  [
    { ...hello, tools: [weather], tool_choice: { type: "function", function: { name: "now" } } },
    "tool_choice",
    "invalid_value",
    /names "now", but the tools are: "weather"/,
  ],
  [
    {
      ...hello,
      tools: [weather],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", name: "now" }] },
      },
    },
    "tool_choice.allowed_tools.tools[0]",
    "invalid_value",
    /names "now"/,
  ],
  [
    said(says("1")),
    "messages[1].tool_call_id",
    "invalid_value",
    /"1" \(a string\), which answers no call.*: none/,
  ],
  [said(asks(call("1")), says("2")), "messages[2].tool_call_id", "invalid_value", /for an answer: "1"/],
  [
    said(asks(call("1")), says("1"), says("1")),
    "messages[3].tool_call_id",
    "invalid_value",
    /answers no call/,
  ],
  [
    said(asks(call("1")), says(undefined)),
    "messages[2].tool_call_id",
    "missing_required_parameter",
    /missing/,
  ],
  [said(asks(call("1"))), "messages[1].tool_calls[0]", "invalid_value", /no tool message after it/],
  [
    said(asks(call("1"), call("2")), says("2"), { role: "user", content: "x" }),
    "messages[1].tool_calls[0]",
    "invalid_value",
    /no tool message/,
  ],
  [said(asks(call("1"), call("1")), says("1")), "messages[1].tool_calls[1].id", "invalid_value", /its own/],
  [
    said(asks(call("1", "{")), says("1")),
    "messages[1].tool_calls[0].function.arguments",
    "invalid_value",
    /an object, or its JSON text/,
  ],
  [said(asks({ id: "1" }), says("1")), "messages[1].tool_calls[0].function", "invalid_type", /an object/],
];

for (const [body, param, code, words] of refusals) {
  test(`refused: ${JSON.stringify(body).slice(0, 100)}`, () => {
    assert.throws(
      () => readChatRequest(body),
      (error) => {
        assert.ok(error instanceof Problem, String(error));
        assert.equal(error.status, 400);
        assert.equal(error.details.param, param);
        assert.equal(error.details.code, code);
        assert.match(error.message, words);
        return true;
      },
    );
  });
}

test("whatever a client sends, it is read or refused with a 400 that names something", () => {
  const names = [
    ...Object.keys(hello),
    "stop",
    "logit_bias",
    "tools",
    "temperature",
    "stream_options",
    "n",
    "top_logprobs",
  ];
  const message = fc.record(
    {
      role: fc.oneof(fc.constant("user"), fc.jsonValue()),
      content: fc.jsonValue(),
      tool_calls: fc.jsonValue(),
      name: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.array(message),
    fc.double(),
    fc.constant({ role: "user", content: "x" }),
  );
  const fields = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value);
  const body = fc.oneof(
    fc.jsonValue(),
    fields,
    fields.map((each) => ({ ...hello, ...each })),
  );
  fc.assert(
    fc.property(body, (each) => {
      try {
        const { model, messages } = readChatRequest(each);
        assert.ok(model !== "" && messages.length > 0);
        for (const { role, content } of messages)
          assert.ok(typeof role === "string" && (content === null || typeof content === "string"));
      } catch (error) {
        assert.ok(error instanceof Problem, String(error));
        assert.equal(error.status, 400);
        assert.ok(error.message.length < 400, error.message);
      }
    }),
    { numRuns: 1000, seed: 20240601 },
  );
});
