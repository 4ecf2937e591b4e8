// Responses of real models by the unmodified client: schemas, demanded calls, seeds, refusals.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { type Listening, listen } from "../src/serve/node.ts";
import { loadChatModel } from "./chat-model.ts";

/** Calls as Hermes writes them. */
const TEMPLATE =
  "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content or '' }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}\n{% endfor %}" +
  "{% if add_generation_prompt %}assistant: {% endif %}";

describe("responses of models", () => {
  let poet: Model;
  let tiny: Model;
  let server: Listening;
  let client: OpenAI;
  before(async () => {
    poet = await load("poet", { threads: 1, contextLength: 256 });
    tiny = await loadChatModel({ contextLength: 512 }, TEMPLATE);
    const models = new Map([
      ["poet", poet],
      ["tiny", tiny],
    ]);
    server = await listen(createHandler({ models }), { port: 0 });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  });
  after(async () => {
    await server?.close();
    await Promise.all([poet?.dispose(), tiny?.dispose()]);
  });

  it("are held to a schema through the client's parse, with log-probabilities where asked", async () => {
    const schema = {
      type: "object",
      properties: { season: { enum: ["春", "秋"] } },
      required: ["season"],
      additionalProperties: false,
    };
    const { output_parsed, output } = await client.responses.parse({
      model: "poet",
      input: "秋",
      include: ["message.output_text.logprobs"],
      top_logprobs: 2,
      text: { format: { type: "json_schema", name: "season", schema, strict: true } },
    });
    assert.ok(["春", "秋"].includes((output_parsed as unknown as { season: string }).season));
    const [message] = output;
    assert.ok(message.type === "message" && message.content[0].type === "output_text");
    const { text, logprobs } = message.content[0];
    assert.ok(logprobs!.length > 0 && logprobs![0].top_logprobs.length === 2);
    assert.ok(text.startsWith(logprobs![0].token));
  });

  it("streamed and whole answers of one seed are equal, however they end", async () => {
    const body = { model: "poet", input: "秋", max_output_tokens: 6, seed: 7 };
    const whole = await client.responses.create(body);
    const streamed = await client.responses.stream(body).finalResponse();
    assert.equal(whole.status, "incomplete");
    assert.deepEqual(whole.incomplete_details, { reason: "max_output_tokens" });
    assert.equal(streamed.output_text, whole.output_text);
    assert.equal(streamed.usage!.output_tokens, whole.usage!.output_tokens);
  });

  it("a call that is demanded keeps to its schema, and comes as it is written", async () => {
    const days = { type: "integer", minimum: 1, maximum: 14 };
    const parameters = {
      type: "object",
      properties: { days },
      required: ["days"],
      additionalProperties: false,
    };
    const runner = client.responses.stream({
      model: "tiny",
      input: "Xi’an?",
      tools: [{ type: "function", name: "weather", parameters, strict: true }],
      tool_choice: { type: "function", name: "weather" },
      parallel_tool_calls: false,
    });
    const { output, status } = await runner.finalResponse();
    assert.deepEqual([status, output.length, output[0].type], ["completed", 1, "function_call"]);
    const [made] = output;
    const given = JSON.parse(made.type === "function_call" ? made.arguments : "") as { days: number };
    assert.ok(given.days >= 1 && given.days <= 14);
  });

  it("a schema that cannot be enforced is refused by the way to the part", async () => {
    const bad = { type: "object", properties: { a: { type: "string", pattern: "(a)\\1" } } };
    const way = "properties/a/pattern";
    for (const [more, param] of [
      [{ text: { format: { type: "json_schema", name: "a", schema: bad } } }, `text.format.schema/${way}`],
      [
        { tools: [{ type: "function", name: "a", parameters: bad }], tool_choice: "required" },
        `tools[0].parameters/${way}`,
      ],
      [{ input: "word ".repeat(1000) }, "input"],
    ] as const) {
      const body = {
        model: "tiny",
        input: "x",
        ...more,
      } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
      await assert.rejects(client.responses.create(body), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, String(error));
        assert.equal(error.param, param);
        return true;
      });
    }
  });
});
