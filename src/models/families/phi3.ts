// Phi-3 and Phi-4 (packed projections, LongRoPE) and Phi-3.5-MoE (sparsemixer, LayerNorm).
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { blockSparseMoe } from "./mixtral.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { windows } from "./read/llama-line.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { packedGateUp, packedThirds } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import { expertSizes } from "./write/expert-keys.ts";

export const phi3: Family = {
  name: "phi3",
  huggingface: {
    types: ["phi3"],
    defaults: {
      max_position_embeddings: 4096,
      original_max_position_embeddings: 4096,
      rms_norm_eps: 1e-5,
    },
    knobs(r, sizes): Knobs {
      // Written by some and read by nobody: the published code has no biases.
      for (const key of ["attention_bias", "mlp_bias", "lm_head_bias"]) r.only(key, false);
      r.only("full_attn_mod", 1);
      r.ignore("interpolate_factor");
      return {
        slidingWindow: windows(sizes.numLayers, r.number("sliding_window", 0), () => true),
        // LongRoPE's own context length stands beside its record.
        ropes: [
          readRope(r, {
            contextLength: sizes.contextLength,
            dims: sizes.headDim,
            partial: 1,
            original: r.size("original_max_position_embeddings", undefined, 1 << 30),
          }),
        ],
      };
    },
    names(config) {
      const { hiddenSize, numHeads, numKvHeads, headDim } = config;
      const layer = "model.layers.{l}";
      const sizes = [numHeads * headDim, numKvHeads * headDim, numKvHeads * headDim] as const;
      return {
        decoder: {
          ...huggingFaceNames,
          ...packedThirds(`${layer}.self_attn.qkv_proj`, sizes, hiddenSize),
          ...packedGateUp(`${layer}.mlp.gate_up_proj`, config.intermediateSize, config.hiddenSize),
        },
      };
    },
  },
  gguf: {
    architectures: ["phi3"],
    knobs: (r, { numLayers }): Knobs => ({
      slidingWindow: windows(numLayers, r.number("attention.sliding_window", 0), () => true),
    }),
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...packedGateUp("blk.{l}.ffn_up", config.intermediateSize, config.hiddenSize),
      },
    }),
    packed: true,
    window: "here",
    write: () => ({}),
  },
};

export const phimoe: Family = {
  name: "phimoe",
  huggingface: {
    types: ["phimoe"],
    defaults: {
      max_position_embeddings: 131_072,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 1e6,
      num_local_experts: 16,
      num_experts_per_tok: 2,
      router_jitter_noise: 0.01,
    },
    knobs(r, { numLayers, contextLength, headDim }): Knobs {
      const bias = r.boolean("attention_bias", false);
      const intermediateSize = r.size("intermediate_size");
      // The record's own context length counts.
      r.ignore("input_jitter_noise", "original_max_position_embeddings");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      return {
        norm: "layer",
        normBias: true,
        qkvBias: bias,
        outputBias: bias,
        headBias: r.boolean("lm_head_bias", false),
        intermediateSize,
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
        ropes: [readRope(r, { contextLength, dims: headDim })],
        experts: {
          ...plainExperts({ count, perToken, intermediateSize, numLayers }),
          score: "sparsemixer",
          jitter: r.number("router_jitter_noise"),
        },
      };
    },
    names: () => ({ decoder: { ...huggingFaceNames, ...blockSparseMoe } }),
  },
  gguf: {
    architectures: ["phimoe"],
    knobs(r, { numLayers }): Knobs {
      r.ignore("attention.sliding_window");
      return {
        norm: "layer",
        normBias: true,
        qkvBias: true,
        outputBias: true,
        headBias: true,
        experts: readGgufExperts(r, numLayers, { score: "sparsemixer", jitter: 0.01, normalize: 0 }),
      };
    },
    write: expertSizes,
  },
};
