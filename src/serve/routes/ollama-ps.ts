// GET /api/ps: the models that are loaded, as Ollama's clients ask.
import { OLLAMA } from "../answers/ollama.ts";
import type { ModelFacts } from "../models/models.ts";
import { get } from "../route.ts";
import { COUNT, TEXT } from "../schema-parts.ts";
import { tagOf, tagSchema } from "./ollama-tags.ts";

/** When a model goes that stays: Ollama's clients read a time. */
const NEVER = "9999-12-31T23:59:59Z";

export const ollamaPs = get({
  path: "/api/ps",
  scope: "models",
  summary: "Lists the models that are loaded, as Ollama's clients ask.",
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: {
        models: {
          type: "array",
          items: tagSchema({ expires_at: TEXT, size_vram: COUNT, context_length: COUNT }),
        },
      },
      required: ["models"],
    },
  },
  async handle({ server }) {
    const all = await server.models.list();
    // One at an endpoint takes nothing here.
    const loaded = all.filter(({ state, bytes }) => (state === "ready" || state === "leaving") && bytes > 0);
    const rows = loaded.map(async (facts: ModelFacts) => ({
      ...(await tagOf(facts, server)),
      size: facts.bytes,
      size_vram: 0,
      context_length: facts.about?.contextLength ?? 0,
      expires_at: facts.leavesAt === undefined ? NEVER : new Date(facts.leavesAt).toISOString(),
    }));
    return Response.json({ models: await Promise.all(rows) });
  },
});
