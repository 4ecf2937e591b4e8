// Cohere's Command-R and Aya: parallel branches, LayerNorm without bias, scaled logits.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { f32 } from "./write/keys.ts";

const block = { norm: "layer", residual: "parallel-shared" } as const satisfies Knobs;

export const cohere: Family = {
  name: "cohere",
  huggingface: {
    types: ["cohere"],
    defaults: { max_position_embeddings: 8192, tie_word_embeddings: true, rope_theta: 500_000 },
    interleavedRope: true,
    knobs(r): Knobs {
      const bias = r.boolean("attention_bias", false);
      return {
        ...block,
        qkvBias: bias,
        outputBias: bias,
        normEps: r.number("layer_norm_eps", 1e-5),
        qkNorm: r.boolean("use_qk_norm", false) ? "each-head" : "none",
        logitScale: r.number("logit_scale", 0.0625),
      };
    },
  },
  gguf: {
    architectures: ["command-r"],
    interleavedRope: true,
    knobs: (r, _, { has }): Knobs => ({
      ...block,
      logitScale: r.number("logit_scale", 1),
      qkNorm: has("blk.0.attn_q_norm.weight") ? "each-head" : "none",
    }),
    write: ({ logitScale }) => ({ logit_scale: f32(logitScale) }),
    marks: ({ qkNorm }) => (qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
  },
};
