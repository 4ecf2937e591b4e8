// GET /v1/models: what there is to ask.
import type { JsonSchema } from "../../json.ts";
import type { ModelFacts } from "../models/models.ts";
import { get } from "../route.ts";
import type { Server } from "../server.ts";

/** OpenAI's entry, whether it is loaded, and how long a conversation may be: under the name that clients of vLLM read, too. */
export function entryOf({ id, state, about, capabilities, price }: ModelFacts, { started }: Server) {
  return {
    id,
    object: "model",
    created: started,
    owned_by: "baimo",
    state,
    context_length: about?.contextLength,
    max_model_len: about?.contextLength,
    capabilities,
    price,
  };
}

/** A model's states: an engine's, and those of one that is loaded on demand. */
export const stateSchema: JsonSchema = {
  enum: ["ready", "starting", "lost", "unloaded", "waiting", "loading", "leaving", "failed"],
};

export const entrySchema: JsonSchema = {
  type: "object",
  properties: {
    id: { type: "string" },
    object: { const: "model" },
    created: { type: "integer" },
    owned_by: { type: "string" },
    state: stateSchema,
    parent: { type: "string", description: "Of an adapter: its model." },
    context_length: { type: "integer" },
    max_model_len: { type: "integer" },
    capabilities: {
      type: "object",
      description: "What it can be asked for; left out until it is loaded, or its endpoint has been asked.",
      additionalProperties: { type: "boolean" },
    },
    price: {
      type: "object",
      description: "Of a million tokens, where they are paid for.",
      properties: { currency: { type: "string" }, input: { type: "number" }, output: { type: "number" } },
      required: ["currency", "input", "output"],
    },
  },
  required: ["id", "object", "created", "owned_by", "state"],
};

export const models = get({
  path: "/v1/models",
  scope: "models",
  summary: "Lists the models.",
  answers: {
    "application/json": {
      type: "object",
      properties: { object: { const: "list" }, data: { type: "array", items: entrySchema } },
      required: ["object", "data"],
    },
  },
  async handle({ server }) {
    const all = await server.models.list();
    const data = all.flatMap((facts) => {
      const entry = entryOf(facts, server);
      const named = (id: string) => ({ ...entry, id: `${facts.id}:${id}`, parent: facts.id });
      return [entry, ...facts.adapters.map(named)];
    });
    return Response.json({ object: "list", data });
  },
});
