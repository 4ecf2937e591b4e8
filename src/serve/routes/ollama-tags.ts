// GET /api/tags: the models, as Ollama's clients list them.
import type { JsonSchema } from "../../json.ts";
import type { ModelConfig } from "../../models/config/config.ts";
import { sha256 } from "../../sha256.ts";
import { OLLAMA } from "../answers/ollama.ts";
import type { ModelFacts } from "../models/models.ts";
import { get } from "../route.ts";
import { COUNT, objectOf, TEXT } from "../schema-parts.ts";
import type { Server } from "../server.ts";

/** What is known of a model's kind; a model does not tell how its file was written. */
export const detailsOf = (config: ModelConfig | undefined) => ({
  parent_model: "",
  format: "",
  family: config?.architecture ?? "",
  families: config ? [config.architecture] : [],
  parameter_size: "",
  quantization_level: "",
});

export const detailsSchema: JsonSchema = {
  type: "object",
  properties: { family: TEXT, families: { type: "array", items: TEXT } },
  required: ["family", "families"],
};

export const tagSchema = (more: Readonly<Record<string, JsonSchema>> = {}): JsonSchema =>
  objectOf({
    name: TEXT,
    model: TEXT,
    modified_at: TEXT,
    size: COUNT,
    digest: TEXT,
    details: detailsSchema,
    ...more,
  });

export const ollamaTags = get({
  path: "/api/tags",
  scope: "models",
  summary: "Lists the models, as Ollama's clients ask.",
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: {
        models: {
          type: "array",
          items: tagSchema(),
        },
      },
      required: ["models"],
    },
  },
  async handle({ server }) {
    const models = await server.models.list();
    return Response.json({ models: await Promise.all(models.map((facts) => tagOf(facts, server))) });
  },
});

/** What Ollama's clients are told of a model. */
export async function tagOf({ id, about }: ModelFacts, { started }: Server) {
  return {
    name: id,
    model: id,
    modified_at: new Date(started * 1000).toISOString(),
    size: about?.weightBytes ?? 0,
    digest: await digestOf(id, about?.config),
    details: detailsOf(about?.config),
  };
}

/** SHA-256 of what the model is called and how it is made, since its file is not read again. */
function digestOf(id: string, config: ModelConfig | undefined): Promise<string> {
  return sha256(JSON.stringify({ id, config }));
}
