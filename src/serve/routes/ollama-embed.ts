// POST /api/embed: texts as vectors, as Ollama's clients ask.
import { fields, flag, oneOrMore, required, whole, withDefault } from "../../option-kinds.ts";
import { OLLAMA } from "../answers/ollama.ts";
import { readTexts } from "../answers/read-texts.ts";
import { modelId } from "../models/recipe.ts";
import { anyText } from "../requests/fields.ts";
import { keepAlive, keepAliveField } from "../requests/keep-alive.ts";
import { checkContext, optionsTable } from "../requests/ollama-fields.ts";
import { post } from "../route.ts";
import { COUNT } from "../schema-parts.ts";

export const ollamaEmbed = post({
  path: "/api/embed",
  scope: "embeddings",
  summary: "Texts as vectors, as Ollama's clients ask.",
  body: {
    model: modelId,
    input: required(oneOrMore(anyText, 2048)),
    truncate: withDefault(flag, true),
    dimensions: whole({ min: 1 }),
    options: fields({ num_ctx: optionsTable.num_ctx }),
    keep_alive: keepAliveField,
  },
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: {
        model: { type: "string" },
        embeddings: { type: "array", items: { type: "array", items: { type: "number" } } },
        total_duration: COUNT,
        load_duration: COUNT,
        prompt_eval_count: COUNT,
      },
      required: ["model", "embeddings"],
    },
  },
  async handle({ request, body, server, find, ignored: unused }) {
    const started = performance.now();
    const { input, truncate, dimensions, options } = body;
    const listed = await find(body.model);
    const { id, model } = listed;
    keepAlive(body.keep_alive, listed, unused);
    checkContext(options?.num_ctx, { contextLength: model.contextLength, ignored: unused });
    const { found, tokens } = await readTexts({ request, server }, listed, "input", (signal) =>
      model.embed(input, { dimensions, truncate, signal }),
    );
    return Response.json({
      model: id,
      embeddings: found.map(({ vector }) => [...vector]),
      total_duration: Math.round((performance.now() - started) * 1e6),
      load_duration: 0,
      prompt_eval_count: tokens,
    });
  },
});
