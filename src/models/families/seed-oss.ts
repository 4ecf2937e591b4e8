// Seed-OSS: the Llama line with biases on q, k and v.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { ggufNames } from "./read/llama-names.ts";

export const seedOss: Family = {
  name: "seed_oss",
  huggingface: {
    types: ["seed_oss"],
    defaults: { max_position_embeddings: 524_288, num_key_value_heads: 8, head_dim: 128 },
    knobs: (r): Knobs => ({
      qkvBias: r.boolean("attention_bias", true),
      outputBias: r.boolean("attention_out_bias", false),
      mlpBias: r.boolean("mlp_bias", false),
    }),
  },
  gguf: {
    architectures: ["seed_oss"],
    names: (config, facts) => ({
      decoder: { ...ggufNames(config, facts), mlpNorm: "blk.{l}.post_attention_norm" },
    }),
    write: () => ({}),
  },
};
