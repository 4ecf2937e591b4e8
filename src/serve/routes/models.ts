// GET /v1/models: what there is to ask.
import type { JsonSchema } from "../../json.ts";
import type { ListedModel } from "../answers/head.ts";
import { get } from "../route.ts";
import type { Server } from "../server.ts";

/** OpenAI's entry, and how long a conversation may be: under the name that clients of vLLM read, too. */
export function entryOf({ id, model }: ListedModel, { started }: Server) {
  const { contextLength } = model;
  return {
    id,
    object: "model",
    created: started,
    owned_by: "baimo",
    context_length: contextLength,
    max_model_len: contextLength,
  };
}

export const entrySchema: JsonSchema = {
  type: "object",
  properties: {
    id: { type: "string" },
    object: { const: "model" },
    created: { type: "integer" },
    owned_by: { type: "string" },
    context_length: { type: "integer" },
    max_model_len: { type: "integer" },
  },
  required: ["id", "object", "created", "owned_by", "context_length"],
};

export const models = get({
  path: "/v1/models",
  summary: "Lists the models.",
  answers: {
    "application/json": {
      type: "object",
      properties: { object: { const: "list" }, data: { type: "array", items: entrySchema } },
      required: ["object", "data"],
    },
  },
  handle({ server }) {
    const data = Array.from(server.models, ([id, model]) => entryOf({ id, model }, server));
    return Response.json({ object: "list", data });
  },
});
