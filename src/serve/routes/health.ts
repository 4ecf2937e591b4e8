// GET /health: whether the models answer, and how many requests wait.
import { get } from "../route.ts";
import { COUNT } from "../schema-parts.ts";

export const health = get({
  path: "/health",
  summary: 'Tells whether every model answers: "ok" with 200, else 503.',
  statuses: [200, 503],
  answers: {
    "application/json": {
      type: "object",
      properties: {
        status: { enum: ["ok", "starting", "lost"] },
        models: { type: "array", items: { type: "string" } },
        queue: {
          type: "object",
          properties: { active: COUNT, waiting: COUNT, limit: COUNT },
          required: ["active", "waiting", "limit"],
        },
      },
      required: ["status", "models", "queue"],
    },
  },
  handle({ server }) {
    const { models, queue } = server;
    const unwell = Array.from(models.values(), ({ status }) => status).find((status) => status !== "ready");
    const body = { status: unwell ?? "ok", models: [...models.keys()], queue };
    return Response.json(body, { status: unwell ? 503 : 200 });
  },
});
