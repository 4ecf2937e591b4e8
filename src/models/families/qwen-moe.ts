// Qwen's mixtures: Qwen2-MoE (a gated shared expert) and Qwen3-MoE (norms on q and k).
import type { ExpertsConfig, Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family, TensorNames } from "./family.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { windows } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";
import { expertNormalization, expertSizes, sharedExpertWidth } from "./write/expert-keys.ts";

/** Every `decoder_sparse_step`-th layer has experts, but for those of `mlp_only_layers`. */
export function readQwenExperts(
  r: ConfigReader,
  numLayers: number,
  ways: { normalized: boolean },
): ExpertsConfig {
  const step = r.size("decoder_sparse_step", 1, 1024);
  const dense = new Set(r.ids("mlp_only_layers"));
  return {
    ...plainExperts({
      count: r.size("num_experts", undefined, 4096),
      perToken: r.size("num_experts_per_tok", undefined, 4096),
      intermediateSize: r.size("moe_intermediate_size"),
      numLayers,
    }),
    normalize: r.boolean("norm_topk_prob", ways.normalized) ? 1 : 0,
    denseLayers: Array.from({ length: numLayers }, (_, l) => dense.has(l) || (l + 1) % step !== 0),
  };
}

/** Names of an expert that every token meets, and of its gate. */
export const sharedExpert = {
  sharedGate: "model.layers.{l}.mlp.shared_expert.gate_proj",
  sharedUp: "model.layers.{l}.mlp.shared_expert.up_proj",
  sharedDown: "model.layers.{l}.mlp.shared_expert.down_proj",
  sharedRouter: "model.layers.{l}.mlp.shared_expert_gate",
} satisfies Partial<TensorNames>;

export const qwen2Moe: Family = {
  name: "qwen2_moe",
  huggingface: {
    types: ["qwen2_moe"],
    spellings: { num_experts: ["num_local_experts"] },
    defaults: {
      max_position_embeddings: 32_768,
      num_key_value_heads: 16,
      num_experts: 60,
      num_experts_per_tok: 4,
      moe_intermediate_size: 1408,
      shared_expert_intermediate_size: 5632,
      sliding_window: 4096,
      max_window_layers: 28,
    },
    knobs(r, { numLayers }): Knobs {
      const slides = r.boolean("use_sliding_window", false);
      const last = r.number("max_window_layers", numLayers);
      const types = r.layerTypes(numLayers);
      return {
        qkvBias: r.boolean("qkv_bias", true),
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), (l) =>
          types ? types[l] === "sliding_attention" && slides : slides && l % 2 === 0 && l < last,
        ),
        experts: {
          ...readQwenExperts(r, numLayers, { normalized: false }),
          sharedIntermediateSize: r.size("shared_expert_intermediate_size"),
          sharedGate: true,
        },
      };
    },
    names: () => ({ decoder: { ...huggingFaceNames, ...sharedExpert } }),
  },
  gguf: {
    architectures: ["qwen2moe"],
    knobs: (r, { numLayers }): Knobs => ({
      qkvBias: true,
      experts: readGgufExperts(r, numLayers, { normalize: 0, sharedGate: true }),
    }),
    write: (config) => ({
      ...expertSizes(config),
      ...sharedExpertWidth(config),
      ...expertNormalization(config),
    }),
  },
};

export const qwen3Moe: Family = {
  name: "qwen3_moe",
  huggingface: {
    types: ["qwen3_moe"],
    spellings: { num_experts: ["num_local_experts"] },
    defaults: {
      max_position_embeddings: 32_768,
      num_key_value_heads: 4,
      num_experts: 128,
      num_experts_per_tok: 8,
      moe_intermediate_size: 768,
      sliding_window: 4096,
    },
    knobs(r, { numLayers }): Knobs {
      const bias = r.boolean("attention_bias", false);
      const slides = r.boolean("use_sliding_window", false);
      r.ignore("max_window_layers");
      return {
        qkvBias: bias,
        outputBias: bias,
        qkNorm: "head",
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => slides),
        experts: readQwenExperts(r, numLayers, { normalized: false }),
      };
    },
  },
  gguf: {
    architectures: ["qwen3moe"],
    knobs: (r, { numLayers }): Knobs => ({
      qkNorm: "head",
      experts: readGgufExperts(r, numLayers),
    }),
    write: expertSizes,
  },
};
