// Granite 3: the Llama line with four multipliers. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";

export const granite: Family = {
  name: "granite",
  modelTypes: ["granite"],
  ggufArchitectures: ["granite"],
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: ["gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { headDim }) => {
      if (facts.dialect === "gguf") {
        return {
          embeddingScale: r.number("embedding_scale", 1),
          residualScale: r.number("residual_scale", 1),
          attentionScale: r.number("attention.scale", headDim ** -0.5),
          logitScale: 1 / r.number("logit_scale", 1),
        };
      }
      const bias = r.boolean("attention_bias", false);
      return {
        qkvBias: bias,
        outputBias: bias,
        mlpBias: r.boolean("mlp_bias", false),
        embeddingScale: r.number("embedding_multiplier", 1),
        residualScale: r.number("residual_multiplier", 1),
        attentionScale: r.number("attention_multiplier", 1),
        logitScale: 1 / r.number("logits_scaling", 1),
      };
    }),
};
