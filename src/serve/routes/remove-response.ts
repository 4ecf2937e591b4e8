// DELETE /v1/responses/{id}: forgets a stored response.
import { unknownResponse } from "../response-store.ts";
import { remove } from "../route.ts";
import { NOT_FOUND } from "./response.ts";

export const removeResponse = remove({
  path: "/v1/responses/{id}",
  scope: "chat",
  summary: "Forgets a stored response.",
  answers: {
    "application/json": {
      type: "object",
      properties: { id: { type: "string" }, object: { const: "response" }, deleted: { const: true } },
      required: ["id", "object", "deleted"],
    },
  },
  handle({ id, server, visit }) {
    if (!server.responsesOf(visit).delete(id)) throw unknownResponse(id, NOT_FOUND);
    return Response.json({ id, object: "response", deleted: true });
  },
});
