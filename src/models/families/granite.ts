// Granite 3: the Llama line with four multipliers.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { f32 } from "./write/keys.ts";

export const granite: Family = {
  name: "granite",
  huggingface: {
    types: ["granite"],
    defaults: { max_position_embeddings: 2048 },
    knobs(r): Knobs {
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
    },
  },
  gguf: {
    architectures: ["granite"],
    interleavedRope: true,
    knobs: (r, { headDim }): Knobs => ({
      embeddingScale: r.number("embedding_scale", 1),
      residualScale: r.number("residual_scale", 1),
      attentionScale: r.number("attention.scale", headDim ** -0.5),
      logitScale: 1 / r.number("logit_scale", 1),
    }),
    write: ({ embeddingScale, residualScale, attentionScale, logitScale }) => ({
      embedding_scale: f32(embeddingScale),
      residual_scale: f32(residualScale),
      "attention.scale": f32(attentionScale),
      logit_scale: f32(1 / logitScale),
    }),
  },
};
