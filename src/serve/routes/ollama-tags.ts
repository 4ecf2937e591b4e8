// GET /api/tags: the models, as Ollama's clients list them.
import type { Model } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import { sha256 } from "../../sha256.ts";
import type { ListedModel } from "../answers/head.ts";
import { OLLAMA } from "../answers/ollama.ts";
import { get } from "../route.ts";
import { COUNT, TEXT } from "../schema-parts.ts";
import type { Server } from "../server.ts";

/** The model of a request; where no tag is meant, Ollama's clients may write ":latest". */
export function findTagged(server: Server, id: string | undefined): ListedModel {
  const bare = id?.replace(/:latest$/, "");
  return server.find(id !== undefined && !server.models.has(id) && server.models.has(bare!) ? bare : id);
}

/** What is known of a model's kind; a model does not tell how its file was written. */
export const detailsOf = ({ config: { architecture } }: Model) => ({
  parent_model: "",
  format: "",
  family: architecture,
  families: [architecture],
  parameter_size: "",
  quantization_level: "",
});

export const detailsSchema: JsonSchema = {
  type: "object",
  properties: { family: TEXT, families: { type: "array", items: TEXT } },
  required: ["family", "families"],
};

export const ollamaTags = get({
  path: "/api/tags",
  summary: "Lists the models, as Ollama's clients ask.",
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: {
        models: {
          type: "array",
          items: {
            type: "object",
            properties: {
              name: TEXT,
              model: TEXT,
              modified_at: TEXT,
              size: COUNT,
              digest: TEXT,
              details: detailsSchema,
            },
            required: ["name", "model", "modified_at", "size", "digest", "details"],
          },
        },
      },
      required: ["models"],
    },
  },
  async handle({ server }) {
    const modified = new Date(server.started * 1000).toISOString();
    const models = Array.from(server.models, async ([id, model]) => ({
      name: id,
      model: id,
      modified_at: modified,
      size: model.engine.weightBytes,
      digest: await digestOf(id, model),
      details: detailsOf(model),
    }));
    return Response.json({ models: await Promise.all(models) });
  },
});

/** SHA-256 of what the model is called and how it is made, since its file is not read again. */
function digestOf(id: string, { config }: Model): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify({ id, config })));
}
