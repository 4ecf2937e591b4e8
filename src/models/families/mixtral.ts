// Mixtral: Mistral with a mixture of experts in every layer. In GGUF it is written as llama.
import type { Knobs } from "../config/config.ts";
import type { Family, TensorNames } from "./family.ts";
import { plainExperts } from "./read/experts.ts";
import { windows } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";
import { expertCounts } from "./write/expert-keys.ts";

/** The mixture's names that Mixtral brought and others kept. */
export const blockSparseMoe = {
  router: "model.layers.{l}.block_sparse_moe.gate",
  expertGate: "model.layers.{l}.block_sparse_moe.experts.{e}.w1",
  expertUp: "model.layers.{l}.block_sparse_moe.experts.{e}.w3",
  expertDown: "model.layers.{l}.block_sparse_moe.experts.{e}.w2",
} satisfies Partial<TensorNames>;

export const mixtral: Family = {
  name: "mixtral",
  huggingface: {
    types: ["mixtral"],
    defaults: {
      max_position_embeddings: 131_072,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 1e6,
      num_local_experts: 8,
      num_experts_per_tok: 2,
    },
    knobs(r, { numLayers }): Knobs {
      r.ignore("router_jitter_noise");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      const intermediateSize = r.size("intermediate_size");
      return {
        intermediateSize,
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
        experts: plainExperts({ count, perToken, intermediateSize, numLayers }),
      };
    },
    names: () => ({ decoder: { ...huggingFaceNames, ...blockSparseMoe } }),
  },
  gguf: { architectures: [], writtenAs: "llama", window: "here", write: expertCounts },
};
