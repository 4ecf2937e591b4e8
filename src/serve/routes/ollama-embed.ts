// POST /api/embed: texts as vectors, as Ollama's clients ask.
import { fields, flag, oneOrMore, required, whole, withDefault } from "../../option-kinds.ts";
import { OLLAMA } from "../answers/ollama.ts";
import { modelId } from "../options.ts";
import { anyText, ignored } from "../requests/fields.ts";
import { checkContext, optionsTable } from "../requests/ollama-fields.ts";
import { renamed } from "../requests/option-names.ts";
import { post } from "../route.ts";
import { findTagged } from "./ollama-tags.ts";

const COUNT = { type: "integer", minimum: 0 };

export const ollamaEmbed = post({
  path: "/api/embed",
  summary: "Texts as vectors, as Ollama's clients ask.",
  body: {
    model: modelId,
    input: required(oneOrMore(anyText, 2048)),
    truncate: withDefault(flag, true),
    dimensions: whole({ min: 1 }),
    options: fields({ num_ctx: optionsTable.num_ctx }),
    keep_alive: ignored,
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
  async handle({ request, body, server, ignored: unused }) {
    const started = performance.now();
    const { input, truncate, dimensions, options } = body;
    const { id, model } = findTagged(server, body.model);
    checkContext(options?.num_ctx, { contextLength: model.contextLength, ignored: unused });
    const found = await server
      .use(request, model, (signal) => model.embed(input, { dimensions, truncate, signal }))
      .catch((error: unknown) => {
        throw renamed(error, { prompt: "input" });
      });
    const tokens = found.reduce((sum, each) => sum + each.tokens, 0);
    server.metrics.tokens(id, "prompt", tokens);
    return Response.json({
      model: id,
      embeddings: found.map(({ vector }) => [...vector]),
      total_duration: Math.round((performance.now() - started) * 1e6),
      load_duration: 0,
      prompt_eval_count: tokens,
    });
  },
});
