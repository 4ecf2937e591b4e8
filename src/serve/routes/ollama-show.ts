// POST /api/show: what a model is and can do, as Ollama's clients ask.
import { runsHere, tokenizerOf } from "../../generate/runs-here.ts";
import type { LanguageModel } from "../../generate/types.ts";
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
    return Response.json({
      modelfile: "",
      parameters: "",
      template: tokenizerOf(model)?.chatTemplate ?? "",
      details: detailsOf(runsHere(model) ? model.config : undefined),
      model_info: infoOf(model),
      capabilities: capabilitiesOf(model),
      modified_at: new Date(server.started * 1000).toISOString(),
    });
  },
});

function infoOf(model: LanguageModel): object {
  const name = { "general.basename": model.name };
  if (!runsHere(model)) return name;
  const { architecture, hiddenSize, numLayers, vocabSize } = model.config;
  return {
    "general.architecture": architecture,
    ...name,
    [`${architecture}.block_count`]: numLayers,
    [`${architecture}.context_length`]: model.contextLength,
    [`${architecture}.embedding_length`]: hiddenSize,
    [`${architecture}.vocab_size`]: vocabSize,
  };
}

/** Any model can give vectors; those that write are asked for other things. Whether an endpoint reasons is not known. */
function capabilitiesOf(model: LanguageModel): string[] {
  const { chat, completions, tools, embeddings } = model.capabilities;
  if (!chat && !completions) return embeddings ? ["embedding"] : [];
  const can = ["completion"];
  if (tools) can.push("tools");
  if (runsHere(model) && canThink(templatesOf(model))) can.push("thinking");
  return can;
}
