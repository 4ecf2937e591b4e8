// POST /v1/rerank: documents sorted by how well they fit a query, as clients of Jina ask.
import { flag, list, required, whole, withDefault } from "../../option-kinds.ts";
import { isPlain, type Kind } from "../../options.ts";
import { modelId } from "../options.ts";
import { anyText, ignored } from "../requests/fields.ts";
import { renamed } from "../requests/option-names.ts";
import { post } from "../route.ts";

const document: Kind<string> = {
  kind: "document",
  allowed: 'a string, or an object such as { "text": "…" }',
  schema: {
    anyOf: [
      { type: "string" },
      { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
    ],
  },
  read: (value, name, door) =>
    isPlain(value) ? anyText.read(value.text, `${name}.text`, door) : anyText.read(value, name, door),
};

const COUNT = { type: "integer", minimum: 0 };

export const rerank = post({
  path: "/v1/rerank",
  summary: "Documents sorted by how well they fit a query, best first.",
  body: {
    model: modelId,
    query: required(anyText),
    documents: required(list(document, { least: 1, most: 2048 })),
    top_n: whole({ min: 1 }),
    return_documents: withDefault(flag, false),
    instruction: anyText,
    truncate: withDefault(flag, false),
    user: ignored,
  },
  answers: {
    "application/json": {
      type: "object",
      properties: {
        model: { type: "string" },
        results: {
          type: "array",
          items: {
            type: "object",
            properties: {
              index: COUNT,
              relevance_score: { type: "number", minimum: 0, maximum: 1 },
              document: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
            },
            required: ["index", "relevance_score"],
          },
        },
        usage: {
          type: "object",
          properties: { prompt_tokens: COUNT, total_tokens: COUNT },
          required: ["prompt_tokens", "total_tokens"],
        },
      },
      required: ["model", "results", "usage"],
    },
  },
  async handle({ request, body, server }) {
    const { query, documents, top_n: most = documents.length, instruction, truncate } = body;
    const { id, model } = server.find(body.model);
    const ranked = await server
      .use(request, model, (signal) => model.rerank(query, documents, { instruction, truncate, signal }))
      .catch((error: unknown) => {
        throw renamed(error, { prompt: "documents" });
      });
    const tokens = ranked.reduce((sum, each) => sum + each.tokens, 0);
    server.metrics.tokens(id, "prompt", tokens);
    return Response.json({
      model: id,
      results: ranked.slice(0, most).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(body.return_documents ? { document: { text: documents[index] } } : {}),
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  },
});
