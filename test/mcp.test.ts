// The official MCP client, unmodified, over HTTP and standard input: tools, their answers, keys.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Model } from "../src/generate/types.ts";
import { createMcp, type Mcp } from "../src/mcp/index.ts";
import { createHandler } from "../src/serve/index.ts";
import { env, main } from "./baimo.ts";
import { loadChatModel } from "./chat-model.ts";

/** What tools answer, as far as this file reads it. */
interface Answer {
  finish_reason: string;
  text: string;
  usage: { completion_tokens: number };
  vectors: number[][];
  models: { id: string }[];
  scores: { logprob: number; is_greedy: boolean }[];
}

const SECRET = "baimo-test-key";

describe("MCP", () => {
  let model: Model;
  let mcp: Mcp;
  let client: Client;
  before(async () => {
    model = await loadChatModel();
    const key = {
      id: "1",
      name: "alice",
      scopes: ["chat" as const, "models" as const, "embeddings" as const],
    };
    const hash = createHash("sha256").update(SECRET).digest("hex");
    const keys = {
      find: async (given: string) => (given === hash ? key : undefined),
      used: () => 0,
      spend: () => {},
    };
    mcp = await createMcp(createHandler({ models: [model], keys: keys as never }));
    client = await connect(SECRET);
  });
  after(async () => {
    await client?.close();
    await mcp?.close();
    await model?.dispose();
  });

  async function connect(key: string): Promise<Client> {
    const made = new Client({ name: "test", version: "1" });
    const transport = new StreamableHTTPClientTransport(new URL("http://localhost/mcp"), {
      fetch: (url: string | URL, init?: RequestInit) => mcp.fetch(new Request(url, init)),
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    await made.connect(transport);
    return made;
  }

  const call = async (name: string, given: object = {}, by = client) => {
    const { structuredContent, isError, content } = await by.callTool({ name, arguments: { ...given } });
    const [said] = content as { text: string }[];
    return { answer: structuredContent as unknown as Answer, isError, text: said.text };
  };

  test("tools with schemas of what they take and give", async () => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ["models", "chat", "complete", "score", "embed", "rerank"],
    );
    assert.ok(tools.every(({ description, outputSchema }) => description && outputSchema));
  });

  test("chat, also held to a schema; completions; vectors", async () => {
    const messages = [{ role: "user", content: "hello" }];
    const { answer } = await call("chat", { messages, max_tokens: 4, seed: 1 });
    assert.deepEqual([answer.finish_reason, answer.usage.completion_tokens], ["length", 4]);
    const schema = { enum: ["yes", "no"] };
    const held = await call("chat", { messages, schema, seed: 1 });
    assert.ok(["yes", "no"].includes(JSON.parse(held.answer.text)), held.answer.text);
    const text = await call("complete", { prompt: "hello", max_tokens: 3, seed: 1 });
    assert.equal(text.answer.usage.completion_tokens, 3);
    const { answer: embedded } = await call("embed", { texts: ["a", "b"] });
    assert.deepEqual(embedded.vectors[1], [...(await model.embed(["a", "b"]))[1].vector]);
    const { answer: listed } = await call("models");
    assert.equal(listed.models[0].id, "tiny");
  });

  test("scores are those of the model", async () => {
    const continuations = [" you", " there"];
    const { answer } = await call("score", { context: "hello", continuations });
    const own = await model.score(continuations.map((continuation) => ({ context: "hello", continuation })));
    for (const [i, { logprob, is_greedy }] of (
      answer.scores as { logprob: number; is_greedy: boolean }[]
    ).entries()) {
      assert.ok(Math.abs(logprob - own[i].logprob) < 1e-5, `${logprob}, the model ${own[i].logprob}`);
      assert.equal(is_greedy, own[i].isGreedy);
    }
  });

  test("what is wrong is told to the caller: arguments, options, a key", async () => {
    const wrong = await client.callTool({ name: "chat", arguments: { messages: [] } }).then(
      ({ isError }) => isError,
      () => true,
    );
    assert.equal(wrong, true);
    const unknown = await call("complete", { model: "gpt", prompt: "a" });
    assert.deepEqual([unknown.isError, /"gpt" is not here/.test(unknown.text)], [true, true]);
    const stranger = await connect("none");
    const refused = await call("complete", { prompt: "a" }, stranger);
    assert.equal(refused.isError, true);
    assert.match(refused.text, /key/);
    await stranger.close();
  });

  test("over standard input and output", async () => {
    const stdio = new Client({ name: "test", version: "1" });
    const args = [main, "mcp", "--threads", "1"];
    await stdio.connect(new StdioClientTransport({ command: process.execPath, args, env: env as never }));
    const { answer } = await call("complete", { prompt: "秋", max_tokens: 4, seed: 1 }, stdio);
    assert.equal(answer.usage.completion_tokens, 4);
    await stdio.close();
  });
});
