// ERNIE 4.5, dense: the Llama line with RoPE in pairs 2i, 2i + 1.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";

export const ernie4_5: Family = {
  name: "ernie4_5",
  huggingface: {
    types: ["ernie4_5"],
    defaults: {
      max_position_embeddings: 131_072,
      num_key_value_heads: 2,
      head_dim: 128,
      rms_norm_eps: 1e-5,
      rope_theta: 500_000,
      tie_word_embeddings: true,
    },
    interleavedRope: true,
    knobs(r): Knobs {
      r.ignore("fuse_rms_norm", "use_flash_attention", "hidden_dropout_prob", "compression_ratio");
      const bias = r.boolean("use_bias", false);
      return { qkvBias: bias, outputBias: bias, mlpBias: bias };
    },
  },
  gguf: { architectures: ["ernie4_5"], interleavedRope: true, write: () => ({}) },
};
