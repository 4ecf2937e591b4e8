// POST /v1/embeddings and /v1/rerank: the model's own vectors and ranks, as clients read them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import type { Model } from "../src/generate/types.ts";
import { load } from "../src/index.ts";
import { createHandler, type Handler } from "../src/serve/index.ts";

describe("vectors and ranks over HTTP", () => {
  let model: Model;
  let handle: Handler;
  let client: OpenAI;
  before(async () => {
    model = await load("poet", { threads: 1, contextLength: 128 });
    handle = createHandler({ models: [model] });
    const fetch = (url: string | URL | Request, init?: RequestInit) => handle(new Request(url, init));
    client = new OpenAI({ baseURL: "http://localhost/v1", apiKey: "none", maxRetries: 0, fetch });
  });
  after(() => model?.dispose());

  const send = (path: string, body: object) =>
    handle(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );

  it("are the model's, as floats and as base64, which the official client reads", async () => {
    const ids = model.tokenizer.encode("明月");
    const vectors = await model.embed(["秋夜", ids]);
    const { data, usage } = await (await send("/v1/embeddings", { input: ["秋夜", ids] })).json();
    assert.deepEqual(
      data.map(({ embedding }: { embedding: number[] }) => embedding),
      vectors.map(({ vector }) => [...vector]),
    );
    assert.equal(usage.prompt_tokens, vectors[0].tokens + vectors[1].tokens);
    // It asks for base64, and hands out floats.
    const read = await client.embeddings.create({ model: model.name, input: "秋夜", dimensions: 8 });
    const [cut] = await model.embed(["秋夜"], { dimensions: 8 });
    assert.deepEqual(read.data[0].embedding, [...cut.vector]);
  });

  it("sorts documents, and gives as many as were asked for", async () => {
    const documents = ["春眠不觉晓", { text: "床前明月光" }, "处处闻啼鸟"];
    const texts = documents.map((each) => (typeof each === "string" ? each : each.text));
    const response = await send("/v1/rerank", { query: "明月", documents, top_n: 2, return_documents: true });
    const expected = await model.rerank("明月", texts).catch((error: Error) => error);
    const body = await response.json();
    if (expected instanceof Error) {
      assert.equal(response.status, 400);
      assert.equal(body.error.message, expected.message);
      return;
    }
    assert.deepEqual(
      body.results,
      expected.slice(0, 2).map(({ index, score }) => ({
        index,
        relevance_score: score,
        document: { text: texts[index] },
      })),
    );
  });

  it("refuses by name what the model cannot do", async () => {
    for (const [path, body, param] of [
      ["/v1/embeddings", { input: "a", dimensions: 1_000_000 }, "dimensions"],
      ["/v1/embeddings", { input: "秋".repeat(500) }, "input"],
      ["/v1/embeddings", { input: [] }, "input"],
      ["/v1/embeddings", { input: "a", encoding_format: "int8" }, "encoding_format"],
      ["/v1/rerank", { query: "a", documents: [] }, "documents"],
      ["/v1/rerank", { query: "a", documents: [{}] }, "documents[0].text"],
    ] as const) {
      const response = await send(path, body);
      const { error } = await response.json();
      assert.deepEqual([response.status, error.param], [400, param], error.message);
      assert.match(error.message, / is | has /); // what was found, too
    }
  });
});
