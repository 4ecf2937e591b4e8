// GET /api/tags: the models, as Ollama's clients list them.
import type { Model } from "../../generate/types.ts";
import type { JsonSchema } from "../../json.ts";
import type { ListedModel } from "../answers/head.ts";
import { OLLAMA } from "../answers/ollama.ts";
import { get } from "../route.ts";
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

const TEXT = { type: "string" };

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
              size: { type: "integer", minimum: 0 },
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
async function digestOf(id: string, { config }: Model): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify({ id, config }));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
