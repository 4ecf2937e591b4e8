// Seed-OSS: the Llama line with biases on q, k and v. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";

export const seedOss: Family = {
  name: "seed_oss",
  modelTypes: ["seed_oss"],
  ggufArchitectures: ["seed_oss"],
  defaults: { max_position_embeddings: 524_288, num_key_value_heads: 8, head_dim: 128 },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r) => {
      if (facts.dialect === "gguf") return {};
      return {
        qkvBias: r.boolean("attention_bias", true),
        outputBias: r.boolean("attention_out_bias", false),
        mlpBias: r.boolean("mlp_bias", false),
      };
    }),
  names: (config, facts) => ({
    decoder:
      facts.dialect === "gguf"
        ? { ...ggufNames(config, facts), mlpNorm: "blk.{l}.post_attention_norm" }
        : llamaNames.huggingface,
  }),
};
