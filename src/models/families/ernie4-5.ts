// ERNIE 4.5, dense: the Llama line with RoPE in pairs 2i, 2i + 1. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";

export const ernie4_5: Family = {
  name: "ernie4_5",
  modelTypes: ["ernie4_5"],
  ggufArchitectures: ["ernie4_5"],
  defaults: {
    max_position_embeddings: 131_072,
    num_key_value_heads: 2,
    head_dim: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 500_000,
    tie_word_embeddings: true,
  },
  interleavedRope: ["huggingface", "gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r) => {
      if (facts.dialect === "gguf") return {};
      r.ignore("fuse_rms_norm", "use_flash_attention", "hidden_dropout_prob", "compression_ratio");
      const bias = r.boolean("use_bias", false);
      return {
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
      };
    }),
};
