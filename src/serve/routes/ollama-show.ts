// POST /api/show: what a model is and can do, as Ollama's clients ask.
import type { Model } from "../../generate/types.ts";
import { flag } from "../../option-kinds.ts";
import { OLLAMA } from "../answers/ollama.ts";
import { modelId } from "../models/recipe.ts";
import { notDone } from "../requests/fields.ts";
import { canThink, templatesOf } from "../requests/thinking.ts";
import { post } from "../route.ts";
import { detailsOf, detailsSchema } from "./ollama-tags.ts";

export const ollamaShow = post({
  path: "/api/show",
  scope: "models",
  summary: "Tells what a model is and what it can do, as Ollama's clients ask.",
  body: {
    model: modelId,
    name: modelId,
    verbose: flag,
    system: notDone("models are shown as they are"),
    template: notDone("models are shown as they are"),
    options: notDone("models are shown as they are"),
  },
  dialect: OLLAMA,
  answers: {
    "application/json": {
      type: "object",
      properties: {
        template: { type: "string" },
        details: detailsSchema,
        model_info: { type: "object" },
        capabilities: { type: "array", items: { enum: ["completion", "tools", "thinking", "embedding"] } },
      },
      required: ["template", "details", "model_info", "capabilities"],
    },
  },
  async handle({ body, server, find }) {
    const { model } = await find(body.model ?? body.name);
    const { config, tokenizer, contextLength } = model;
    const { architecture, hiddenSize, numLayers, vocabSize } = config;
    return Response.json({
      modelfile: "",
      parameters: "",
      template: tokenizer.chatTemplate ?? "",
      details: detailsOf(config),
      model_info: {
        "general.architecture": architecture,
        "general.basename": model.name,
        [`${architecture}.block_count`]: numLayers,
        [`${architecture}.context_length`]: contextLength,
        [`${architecture}.embedding_length`]: hiddenSize,
        [`${architecture}.vocab_size`]: vocabSize,
      },
      capabilities: capabilitiesOf(model),
      modified_at: new Date(server.started * 1000).toISOString(),
    });
  },
});

function capabilitiesOf(model: Model): string[] {
  if (!model.config.causal) return ["embedding"];
  const templates = templatesOf(model);
  const can = ["completion"];
  if (/\btools\b/.test(templates)) can.push("tools");
  if (canThink(templates)) can.push("thinking");
  return can;
}
