// Models at endpoints behind the server: each route in its form, refusals by name, no key anywhere.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createHandler, type Handler, type Models, openModels } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { openUpstream } from "../src/upstream/index.ts";
import {
  type Behaviour,
  delta,
  fakeEndpoint,
  refuses,
  says,
  streams,
} from "../src/upstream/test-endpoint.ts";
import { loadChatModel } from "./chat-model.ts";
import { checkResponseEvents } from "./response-rules.ts";

const KEY = "sk-planted-0123456789";
const NO_MEMORY = { weights: 0, experts: 0, cache: 0, buffers: 0, total: 0 };
const messages = [{ role: "user", content: "Weather?" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "weather", parameters } }];

/** A server of one model, "giant", at these endpoints. */
function gateway(endpoints: readonly { url: string }[], more: { contextLength?: number } = {}) {
  const price = { currency: "USD", input: 1, output: 10 };
  const keyed = endpoints.map(({ url }) => ({ url, key: KEY }));
  const patience = { attempts: 2, firstWaitSeconds: 0.001, restSeconds: 0.001 };
  const open = () => openUpstream({ endpoints: keyed, model: "dbrx", patience, ...more });
  const preview = async () => ({ ...more, memory: NO_MEMORY });
  const recipe = { preview, open, price, pinned: true, aliases: ["gpt-4o"] };
  const logged: { cost?: { amount: number } }[] = [];
  const models = openModels(new Map([["giant", recipe]]));
  const handle = createHandler({ models, logTexts: true, onRequest: (entry) => logged.push(entry) });
  return { handle, models, logged };
}

/** Asks, and looks whether the key comes back. */
async function ask(handle: Handler, path: string, body?: object, signal?: AbortSignal) {
  const headers = { "content-type": "application/json" };
  const method = body ? "POST" : "GET";
  const response = await handle(
    new Request(`http://localhost${path}`, { method, headers, body: body && JSON.stringify(body), signal }),
  );
  const text = await response.text();
  assert.ok(!`${text}${JSON.stringify([...response.headers])}`.includes(KEY), text);
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
}

const events = (text: string): Record<string, never>[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)));

const answers =
  (value: object): Behaviour =>
  (response) =>
    void response.end(JSON.stringify(value));

describe("a model at an endpoint", () => {
  /** What an answer is, once the endpoint has been asked what it can do. */
  let next: Behaviour;
  let asked: Record<string, unknown>[];
  let endpoint: Awaited<ReturnType<typeof fakeEndpoint>>;
  let handle: Handler;
  let logged: { cost?: { amount: number } }[];
  before(async () => {
    endpoint = await fakeEndpoint((path) => (response, body) => {
      if (body.stream) {
        asked.push(body);
        return next(response, body);
      }
      const vectors = (Array.isArray(body.input) ? body.input : [body.input]).map(() => ({
        embedding: [0.5, 1],
      }));
      const results = [1, 0].map((index) => ({ index, relevance_score: index === 0 ? 0.25 : 0.75 }));
      const usage = { prompt_tokens: 4, total_tokens: 4 };
      if (path.endsWith("/chat/completions"))
        return answers({ choices: [{ message: { content: "One" } }] })(response, body);
      if (path.endsWith("/completions")) return answers({ choices: [{ text: "One" }] })(response, body);
      asked?.push(body);
      return answers({ data: vectors, results, usage })(response, body);
    });
    asked = [];
    ({ handle, logged } = gateway([endpoint], { contextLength: 8192 }));
  });
  after(() => endpoint.close());
  beforeEach(() => {
    asked = [];
  });

  test("is listed with what it can do, its context and its price, once it was asked", async () => {
    const before = await ask(handle, "/v1/models/giant");
    assert.deepEqual([before.json.state, before.json.capabilities], ["unloaded", undefined]);
    next = streams([...says("a"), delta({}, "stop")]);
    assert.equal((await ask(handle, "/v1/chat/completions", { messages })).status, 200);
    const { json } = await ask(handle, "/v1/models");
    const [{ state, capabilities, context_length, price }] = json.data;
    const can = { chat: true, tools: true, completions: true, embeddings: true, rerank: true };
    assert.deepEqual([state, context_length, price.output], ["ready", 8192, 10]);
    assert.deepEqual(capabilities, { ...can, logprobs: false, score: false, tokenizer: false });
    assert.deepEqual((await ask(handle, "/api/ps")).json, { models: [] });
    const shown = (await ask(handle, "/api/show", { model: "gpt-4o" })).json;
    assert.deepEqual(shown.capabilities, ["completion", "tools"]);
  });

  const call = (index: number, id: string, city: string) => [
    delta({ tool_calls: [{ index, id, type: "function", function: { name: "weather", arguments: "" } }] }),
    delta({ tool_calls: [{ index, function: { arguments: '{"city":' } }] }),
    delta({ tool_calls: [{ index, function: { arguments: `"${city}"}` } }] }),
  ];
  const usage = {
    prompt_tokens: 20,
    completion_tokens: 12,
    prompt_tokens_details: { cached_tokens: 5 },
    completion_tokens_details: { reasoning_tokens: 3 },
  };
  const whole = [
    delta({ role: "assistant", reasoning_content: "Two " }),
    delta({ reasoning_content: "cities." }),
    ...says("I ", "look."),
    ...call(0, "x", "Xi’an"),
    ...call(1, "y", "Paris"),
    delta({}, "tool_calls"),
    { choices: [], usage },
  ];

  test("chat: reasoning, text, two calls and usage, streamed as whole", async () => {
    next = streams(whole);
    const { json } = await ask(handle, "/v1/chat/completions", { messages, tools, seed: 7 });
    const [{ message, finish_reason }] = json.choices;
    assert.equal(message.reasoning_content, "Two cities.");
    assert.equal(message.content, "I look.");
    const called = message.tool_calls.map((each: { id: string; function: object }) => [
      each.id,
      each.function,
    ]);
    assert.deepEqual(called, [
      ["x", { name: "weather", arguments: '{"city":"Xi’an"}' }],
      ["y", { name: "weather", arguments: '{"city":"Paris"}' }],
    ]);
    assert.deepEqual([finish_reason, json.seed, json.model], ["tool_calls", 7, "giant"]);
    assert.deepEqual(json.usage, { ...usage, total_tokens: 32 });
    const [body] = asked;
    assert.deepEqual([body.model, body.seed, body.temperature], ["dbrx", 7, undefined]);
    assert.deepEqual((body.tools as object[])[0], tools[0]);

    const options = { stream: true, stream_options: { include_usage: true } };
    const { text } = await ask(handle, "/v1/chat/completions", { messages, tools, seed: 7, ...options });
    const chunks = events(text) as unknown as {
      choices: { delta: never; finish_reason: string }[];
      usage: object;
    }[];
    const deltas = chunks.flatMap(({ choices }) =>
      choices.map((choice) => choice.delta as Record<string, string>),
    );
    const joined = (field: string) => deltas.map((each) => each[field] ?? "").join("");
    assert.deepEqual([joined("reasoning_content"), joined("content")], ["Two cities.", "I look."]);
    assert.deepEqual(chunks.at(-1)?.usage, json.usage);
    assert.equal(chunks.at(-2)?.choices[0].finish_reason, "tool_calls");
    assert.ok((logged.at(-1)?.cost?.amount ?? 0) > 0.00013);
  });

  test("a conversation goes on: reasoning and calls go back as they came", async () => {
    next = streams([...says("Rain."), delta({}, "stop")]);
    const said = {
      role: "assistant",
      content: null,
      reasoning_content: "Two.",
      tool_calls: [
        { id: "x", type: "function", function: { name: "weather", arguments: '{"city":"Xi’an"}' } },
      ],
    };
    const conversation = [...messages, said, { role: "tool", tool_call_id: "x", content: "rain" }];
    const effort = { reasoning_effort: "low" };
    const { json } = await ask(handle, "/v1/chat/completions", { messages: conversation, tools, ...effort });
    assert.equal(json.choices[0].message.content, "Rain.");
    assert.deepEqual([asked[0].messages, asked[0].reasoning_effort], [conversation, "low"]);
  });

  test("responses: items of reasoning, text and calls; the next goes on from them", async () => {
    next = streams(whole);
    const flat = [{ type: "function", name: "weather", parameters }];
    const { json } = await ask(handle, "/v1/responses", { input: "Weather?", tools: flat });
    assert.deepEqual(
      json.output.map(({ type }: { type: string }) => type),
      ["reasoning", "message", "function_call", "function_call"],
    );
    assert.deepEqual(json.usage.output_tokens_details, { reasoning_tokens: 3 });
    const streamed = await ask(handle, "/v1/responses", { input: "Weather?", tools: flat, stream: true });
    checkResponseEvents(events(streamed.text) as never);
    next = streams([...says("Rain."), delta({}, "stop")]);
    const output = ["x", "y"].map((id) => ({ type: "function_call_output", call_id: id, output: "rain" }));
    const went = await ask(handle, "/v1/responses", { input: output, previous_response_id: json.id });
    assert.equal(went.status, 200, went.text);
    const roles = ((asked.at(-1)?.messages ?? []) as { role: string }[]).map(({ role }) => role);
    assert.deepEqual(roles, ["user", "assistant", "tool", "tool"]);
  });

  test("Anthropic's and Ollama's forms", async () => {
    next = streams(whole);
    const tool = { name: "weather", input_schema: parameters };
    const message = (await ask(handle, "/v1/messages", { messages, max_tokens: 50, tools: [tool] })).json;
    assert.deepEqual(
      message.content.map(({ type }: { type: string }) => type),
      ["thinking", "text", "tool_use", "tool_use"],
    );
    assert.deepEqual([message.stop_reason, message.content[3].input], ["tool_use", { city: "Paris" }]);
    assert.equal(message.usage.output_tokens, 12);
    const chat = (await ask(handle, "/api/chat", { model: "giant", messages, tools, stream: false })).json;
    assert.deepEqual([chat.message.thinking, chat.message.content], ["Two cities.", "I look."]);
    assert.equal(chat.message.tool_calls[1].function.arguments.city, "Paris");
    assert.deepEqual([chat.prompt_eval_count, chat.eval_count], [20, 12]);
    const options = { num_ctx: 100_000, temperature: 0.5 };
    assert.equal((await ask(handle, "/api/chat", { messages, options, stream: false })).status, 400);
    const raw = await ask(handle, "/api/generate", {
      prompt: "a",
      stream: false,
      options: { temperature: 0.5 },
    });
    assert.equal(raw.json.response, "I look.");
    assert.equal(asked.at(-1)?.temperature, 0.5);
  });

  test("completions of texts and ids, vectors and ranks", async () => {
    const text = (said: string, reason: string | null = null) => ({
      choices: [{ text: said, finish_reason: reason }],
    });
    next = streams([text("b"), text("c", "length")]);
    const { json } = await ask(handle, "/v1/completions", { prompt: ["a", "d"], echo: true });
    assert.deepEqual(
      json.choices.map((each: { text: string }) => each.text),
      ["abc", "dbc"],
    );
    assert.equal((await ask(handle, "/v1/completions", { prompt: [1, 2] })).json.choices[0].text, "bc");
    assert.deepEqual(asked.at(-1)?.prompt, [1, 2]);
    const vectors = (await ask(handle, "/v1/embeddings", { input: ["a", "b"], dimensions: 2 })).json;
    assert.deepEqual(vectors.data[1].embedding, [0.5, 1]);
    assert.deepEqual([vectors.usage.prompt_tokens, asked.at(-1)?.dimensions], [4, 2]);
    assert.equal(
      (await ask(handle, "/api/embed", { input: "a", truncate: false })).json.embeddings.length,
      1,
    );
    const ranks = (await ask(handle, "/v1/rerank", { query: "a", documents: ["b", "c"] })).json.results;
    assert.deepEqual(ranks[0], { index: 1, relevance_score: 0.75 });
  });

  const grammar = 'root ::= "a"';
  const refused: [path: string, body: object, param: string][] = [
    ["/v1/chat/completions", { messages, logprobs: true }, "logprobs"],
    ["/v1/chat/completions", { messages, top_k: 5 }, "top_k"],
    ["/v1/chat/completions", { messages, min_p: 0.1 }, "min_p"],
    ["/v1/chat/completions", { messages, repeat_penalty: 1.1 }, "repetition_penalty"],
    ["/v1/chat/completions", { messages, grammar }, "grammar"],
    ["/v1/chat/completions", { messages, adapters: [{ name: "a" }] }, "adapters"],
    ["/v1/chat/completions", { messages, documents: [{ text: "a" }] }, "documents"],
    ["/v1/chat/completions", { messages, chat_template_kwargs: { a: 1 } }, "chat_template_kwargs.a"],
    ["/v1/completions", { prompt: "a", guided_regex: "b" }, "guided_regex"],
    ["/v1/completions", { prompt: "a", logprobs: 1 }, "logprobs"],
    ["/v1/completions", { prompt: [1], echo: true }, "echo"],
    ["/v1/completions", { prompt: "a", add_special_tokens: false }, "add_special_tokens"],
    ["/v1/embeddings", { input: "a", pooling: "mean" }, "pooling"],
    ["/v1/rerank", { query: "a", documents: ["b"], instruction: "c" }, "instruction"],
    ["/tokenize", { prompt: "a" }, "model"],
    ["/detokenize", { tokens: [1] }, "model"],
  ];
  for (const [path, body, param] of refused) {
    test(`${path} refuses ${param} by name, and asks nothing`, async () => {
      const { status, json, text } = await ask(handle, path, body);
      assert.deepEqual([status, json?.error.param, asked.length], [400, param, 0], text);
    });
  }

  test("what other routes cannot be had is said, too", async () => {
    for (const [path, body] of [
      ["/v1/messages/count_tokens", { messages }],
      ["/tokenizer_info", undefined],
      ["/v1/chat/completions", { model: "giant:poems", messages }],
    ] as const) {
      const { status } = await ask(handle, path, body);
      assert.equal(status, path === "/v1/chat/completions" ? 404 : 400);
    }
  });

  test("failures keep their kind, before the first byte and after it, and nothing is asked twice", async () => {
    const kinds: [Behaviour, number][] = [
      [refuses(400, `no such field ${KEY}`), 400],
      [refuses(401, `wrong key ${KEY}`), 502],
      [refuses(307, "", { location: "http://evil.example" }), 502],
      [refuses(429, "slow down", { "retry-after": "600" }), 429],
      [streams([], "breaks"), 502],
    ];
    for (const [behaviour, status] of kinds) {
      next = behaviour;
      asked = [];
      const answer = await ask(handle, "/v1/chat/completions", { messages });
      assert.deepEqual([answer.status, asked.length], [status, 1], answer.text);
    }
    next = streams(says("a", "b"), "breaks");
    asked = [];
    const { status, text } = await ask(handle, "/v1/chat/completions", { messages, stream: true });
    assert.deepEqual([status, asked.length], [200, 1]);
    assert.match(text, /"error":\{"message":"upstream .* broke off/);
    assert.doesNotMatch(text, /\[DONE\]/);
    assert.doesNotMatch(JSON.stringify(logged), new RegExp(KEY));
  });

  test("a client that leaves ends the answer there", async () => {
    next = streams(says("a"), "hangs");
    const gone = endpoint.nextClose();
    const controller = new AbortController();
    const answer = ask(handle, "/v1/chat/completions", { messages }, controller.signal);
    setImmediate(() => controller.abort());
    await answer;
    await gone;
  });
});

describe("an endpoint that is away when the server starts", () => {
  test("is asked again by the next request", async () => {
    let away = true;
    const said = { choices: [{ message: { content: "One" } }] };
    const endpoint = await fakeEndpoint(() => (response, body) => {
      if (away) return refuses(503, "away")(response, body);
      const ended = [...says("a"), delta({}, "stop")];
      return (body.stream ? streams(ended) : answers(said))(response, body);
    });
    const { handle } = gateway([endpoint]);
    const first = await ask(handle, "/v1/chat/completions", { messages });
    assert.deepEqual([first.status, first.json.error.code], [502, "upstream"]);
    assert.equal((await ask(handle, "/v1/models/giant")).json.state, "failed");
    away = false;
    assert.equal((await ask(handle, "/v1/chat/completions", { messages })).status, 200);
    await endpoint.close();
  });
});

describe("a server of ours behind another", () => {
  let behind: Listening;
  let own: Handler;
  let handle: Handler;
  let models: Models;
  let dispose: () => Promise<void>;
  before(async () => {
    const model = await loadChatModel({ contextLength: 256 });
    own = createHandler({ models: new Map([["dbrx", model]]) });
    behind = await listen(own, { port: 0 });
    ({ handle, models } = gateway([{ url: `${behind.url}/v1` }]));
    dispose = () => model.dispose();
  });
  after(async () => {
    await behind?.close();
    await models?.dispose();
    await dispose?.();
  });

  test("answers as that one does, token for token", async () => {
    const settings = { seed: 5, max_tokens: 8, temperature: 0.7 };
    const texts = async (server: Handler) => {
      const chat = await ask(server, "/v1/chat/completions", { messages, ...settings });
      const text = await ask(server, "/v1/completions", { prompt: "hello", ...settings });
      const vector = await ask(server, "/v1/embeddings", { input: "hello" });
      const { usage } = chat.json;
      const said = [chat.json.choices[0].message, text.json.choices[0].text, vector.json.data[0].embedding];
      return { said, counts: [usage.prompt_tokens, usage.completion_tokens] };
    };
    assert.deepEqual(await texts(handle), await texts(own));
  });

  test("a schema holds, since that one enforces it", async () => {
    const schema = {
      type: "object",
      properties: { a: { enum: [1, 2] } },
      required: ["a"],
      additionalProperties: false,
    };
    const format = { type: "json_schema", json_schema: { name: "a", schema } };
    const asked = { messages, response_format: format, max_tokens: 40, seed: 1 };
    const { json } = await ask(handle, "/v1/chat/completions", asked);
    assert.match(json.choices[0].message.content, /^\{\s*"a"\s*:\s*[12]\s*\}$/);
  });
});
