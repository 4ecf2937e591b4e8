// Requests made of the OpenAPI document, right and wrong: every answer is as the document says.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import type { JsonSchema } from "../src/json.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";
import { loadChatModel } from "./chat-model.ts";
import { arbitraryOf } from "./json-arbitrary.ts";

/** What this file reads of the document. */
interface Content {
  content: Record<string, { schema: JsonSchema }>;
}
interface Operation {
  requestBody?: Content;
  responses: Record<string, Content>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

const STREAMS = ["text/event-stream", "application/x-ndjson"];
const RUNS = Number(process.env.BAIMO_REQUESTS ?? 300);
const SEED = Number(process.env.BAIMO_SEED ?? 20261128);

describe("the OpenAPI document", () => {
  let handle: Handler;
  let document: Document;
  let dispose: () => Promise<void>;
  const ajv = new Ajv2020({ strict: false });
  before(async () => {
    const model = await loadChatModel({ contextLength: 256 });
    dispose = () => model.dispose();
    handle = createHandler({ models: [model], maxBodyBytes: 1 << 20 });
    document = await (await handle(new Request("http://localhost/openapi.json"))).json();
  });
  after(() => dispose?.());

  /** How a path's errors look. */
  const problemOf = (operations: Record<string, Operation> | undefined) => {
    const [operation] = Object.values(operations ?? {});
    const { schema } = operation?.responses.default.content["application/json"] ?? {};
    const name = String(schema?.$ref ?? "Problem")
      .split("/")
      .at(-1)!;
    return document.components.schemas[name];
  };
  function check(schema: JsonSchema, value: unknown, what: string): void {
    const matches = ajv.compile(schema);
    assert.ok(
      matches(value),
      `${what}: ${ajv.errorsText(matches.errors)}: ${JSON.stringify(value).slice(0, 400)}`,
    );
  }

  /** Every event is a chunk, or an error after which nothing comes. */
  function checkStream(text: string, schema: JsonSchema, problem: JsonSchema, what: string): void {
    const lines = text.split("\n").filter((line) => line !== "" && !/^(:|event:)/.test(line));
    const data = lines.map((line) => line.replace(/^data: /, "")).filter((line) => line !== "[DONE]");
    for (const [i, event] of data.entries()) {
      const value = JSON.parse(event);
      const isProblem = i === data.length - 1 && "error" in value;
      check(isProblem ? problem : schema, value, what);
    }
  }

  async function send(path: string, method: string, body?: string): Promise<void> {
    const what = `${method} ${path} ${body?.slice(0, 500) ?? ""}`;
    const headers = { "content-type": "application/json" };
    const response = await handle(new Request(`http://localhost${path}`, { method, headers, body }));
    const known = document.paths[path.startsWith("/v1/models/") ? "/v1/models/{id}" : path];
    const operation = known?.[method.toLowerCase()];
    const type = (response.headers.get("content-type") ?? "").split(";")[0];
    const text = await response.text();
    assert.notEqual(response.status, 500, `${what}: ${text}`);
    const described = operation?.responses[response.status];
    const problem = problemOf(known);
    if (!described) return check(problem, JSON.parse(text), what);
    const { schema } = described.content[type];
    if (STREAMS.includes(type)) return checkStream(text, schema, problem, what);
    check(schema, type === "application/json" ? JSON.parse(text) : text, what);
  }

  it("is of version 3.1 and names every route", () => {
    assert.equal(document.openapi, "3.1.0");
    for (const path of ["/v1/chat/completions", "/v1/completions", "/v1/models/{id}", "/tokenize", "/health"])
      assert.ok(path in document.paths, path);
    for (const operations of Object.values(document.paths))
      for (const { requestBody, responses } of Object.values(operations)) {
        const all = [...Object.values(responses), ...(requestBody ? [requestBody] : [])];
        for (const { content } of all)
          for (const { schema } of Object.values(content)) if (!("$ref" in schema)) ajv.compile(schema);
      }
  });

  it("right requests are answered", async () => {
    const messages = [{ role: "user", content: "hello" }];
    await send("/v1/chat/completions", "POST", JSON.stringify({ messages, max_tokens: 2 }));
    for (const path of [
      "/v1/models",
      "/v1/models/tiny",
      "/tokenizer_info",
      "/health",
      "/metrics",
      "/openapi.json",
    ]) {
      const response = await handle(new Request(`http://localhost${path}`));
      assert.equal(response.status, 200, path);
      await send(path, "GET");
    }
  });

  it(`${RUNS} requests, seed ${SEED}`, async () => {
    const requests = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { requestBody }]) => {
        const schema = requestBody?.content["application/json"].schema;
        const bodies =
          schema &&
          fc.tuple(arbitraryOf(schema), fc.boolean()).map(([one, tidy]) => bounded(path, one, tidy));
        const body = bodies ?? fc.constant(undefined);
        const sent = fc.record({ path: fc.constant(path), method: fc.constant(method.toUpperCase()), body });
        return { arbitrary: sent, weight: schema ? 6 : 1 };
      }),
    );
    const names = fc.constantFrom("tiny", "..%2f..%2fetc%2fpasswd", "%", "a/b", "__proto__", "%00");
    const methods = fc.oneof(
      { weight: 30, arbitrary: fc.constant("") },
      fc.constantFrom("PUT", "DELETE", "POST"),
    );
    const broken = fc.oneof(
      { weight: 20, arbitrary: fc.constant("") },
      fc.constantFrom("{", "[".repeat(5000), '{"a":'.repeat(200), "\u0000", '{"model":1e999}'),
    );
    const property = fc.asyncProperty(
      fc.oneof(...requests),
      names,
      methods,
      broken,
      async (sent, name, other, text) => {
        const method = other || sent.method;
        const body = method === "GET" ? undefined : text || JSON.stringify(sent.body ?? {});
        await send(sent.path.replace("{id}", name), method, body);
      },
    );
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    const { queue } = await (await handle(new Request("http://localhost/health"))).json();
    assert.deepEqual([queue.active, queue.waiting], [0, 0]);
  });
});

/**
 * The same with few answers of few tokens, where it asks for more than a test should wait for; `tidy`: for the one model,
 * and with messages that can be answered.
 */
function bounded(path: string, body: unknown, tidy: boolean): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const given = { ...body } as Record<string, unknown>;
  if (tidy) given.model = "tiny";
  if (typeof given.n === "number" && given.n > 2 && given.n <= 128) given.n = 2;
  if (path === "/v1/responses") {
    if (tidy) given.input = "hello";
    given.max_output_tokens ??= 4;
  }
  if (!("messages" in given)) return given;
  if (tidy) given.messages = [{ role: "user", content: "hello" }];
  given.max_tokens ??= 4;
  return given;
}
