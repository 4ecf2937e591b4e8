// GET /v1/models/{id}: one model.
import { get } from "../route.ts";
import { entryOf, entrySchema } from "./models.ts";

export const model = get({
  path: "/v1/models/{id}",
  scope: "models",
  summary: "Tells of one model.",
  answers: { "application/json": entrySchema },
  handle: async ({ id, server }) => Response.json(entryOf(await server.models.facts(id), server)),
});
