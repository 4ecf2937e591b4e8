// POST /v1/rerank: documents sorted by how well they fit a query, as clients of Jina ask.
import { flag, list, required, whole, withDefault } from "../../option-kinds.ts";
import { isPlain, type Kind } from "../../options.ts";
import { readTexts, readUsageSchema } from "../answers/read-texts.ts";
import { modelId } from "../models/recipe.ts";
import { anyText, ignored } from "../requests/fields.ts";
import { post } from "../route.ts";
import { COUNT } from "../schema-parts.ts";

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

export const rerank = post({
  path: "/v1/rerank",
  scope: "embeddings",
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
        usage: readUsageSchema,
      },
      required: ["model", "results", "usage"],
    },
  },
  async handle({ request, body, server, find }) {
    const { query, documents, top_n: most = documents.length, instruction, truncate } = body;
    const listed = await find(body.model);
    const { id, model } = listed;
    const { found, tokens } = await readTexts({ request, server }, listed, "documents", (signal) =>
      model.rerank(query, documents, { instruction, truncate, signal }),
    );
    return Response.json({
      model: id,
      results: found.slice(0, most).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(body.return_documents ? { document: { text: documents[index] } } : {}),
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  },
});
