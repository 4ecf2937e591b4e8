// GET /health: whether the models answer, and how many requests wait.
import { get } from "../route.ts";
import { COUNT } from "../schema-parts.ts";
import { stateSchema } from "./models.ts";

export const health = get({
  path: "/health",
  scope: "none",
  summary: 'Tells whether every model that is loaded answers: "ok" with 200, else 503.',
  statuses: [200, 503],
  answers: {
    "application/json": {
      type: "object",
      properties: {
        status: { enum: ["ok", "starting", "lost"] },
        models: { type: "array", items: { type: "string" } },
        states: { type: "object", additionalProperties: stateSchema },
        queue: {
          type: "object",
          properties: { active: COUNT, waiting: COUNT, limit: COUNT },
          required: ["active", "waiting", "limit"],
        },
      },
      required: ["status", "models", "states", "queue"],
    },
  },
  handle({ server }) {
    const all = server.models.states();
    const unwell = all.map(({ state }) => state).find((state) => state === "starting" || state === "lost");
    const states = Object.fromEntries(all.map(({ id, state }) => [id, state]));
    const body = { status: unwell ?? "ok", models: server.models.ids, states, queue: server.queue };
    return Response.json(body, { status: unwell ? 503 : 200 });
  },
});
