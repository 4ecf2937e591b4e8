// Cohere's Command-R and Aya: parallel branches, LayerNorm without bias, scaled logits.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";

export const cohere: Family = {
  name: "cohere",
  modelTypes: ["cohere"],
  ggufArchitectures: ["command-r"],
  defaults: { max_position_embeddings: 8192, tie_word_embeddings: true, rope_theta: 500_000 },
  interleavedRope: ["huggingface", "gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r) => {
      const knobs = { norm: "layer", residual: "parallel-shared" } as const;
      if (facts.dialect === "gguf") {
        return {
          ...knobs,
          logitScale: r.number("logit_scale", 1),
          qkNorm: facts.has("blk.0.attn_q_norm.weight") ? "each-head" : "none",
        };
      }
      const bias = r.boolean("attention_bias", false);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        normEps: r.number("layer_norm_eps", 1e-5),
        qkNorm: r.boolean("use_qk_norm", false) ? "each-head" : "none",
        logitScale: r.number("logit_scale", 0.0625),
      };
    }),
};
