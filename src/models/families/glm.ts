// GLM-4: glm (interleaved RoPE over half a head), glm4 (branch norms), glm4_moe (mixture).
import type { Knobs, ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family, ReadKnobs, Sizes, TensorNames } from "./family.ts";
import { readGgufExperts } from "./read/experts.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { packedGateUp } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import {
  ggufNextTokenLayers,
  ggufSelectionBias,
  nextTokenLayers,
  noAux,
  noAuxExperts,
  sharedExperts,
} from "./read/sigmoid-router.ts";
import { expertScores, expertSizes, sharedExpertCount } from "./write/expert-keys.ts";

const eosOfGlm = [151_329, 151_336, 151_338];

const defaults = {
  max_position_embeddings: 131_072,
  num_key_value_heads: 2,
  head_dim: 128,
  rms_norm_eps: 1.5625e-7,
  eos_token_id: eosOfGlm,
};

const glmKnobs = (r: ConfigReader, { contextLength, headDim }: Sizes): Knobs => ({
  qkvBias: r.boolean("attention_bias", true),
  ropes: [readRope(r, { contextLength, dims: headDim, partial: 0.5 })],
});

const glmGgufKnobs: ReadKnobs = (_, __, { has }): Knobs => ({
  qkvBias: has("blk.0.attn_qkv.bias") || has("blk.0.attn_q.bias"),
});

const glmNames = (config: ModelConfig): Partial<TensorNames> => ({
  ...huggingFaceNames,
  ...packedGateUp("model.layers.{l}.mlp.gate_up_proj", config.intermediateSize, config.hiddenSize),
});

export const glm: Family = {
  name: "glm",
  huggingface: {
    types: ["glm"],
    interleavedRope: true,
    defaults,
    knobs: glmKnobs,
    names: (config) => ({ decoder: glmNames(config) }),
  },
  gguf: {
    architectures: ["chatglm"],
    interleavedRope: true,
    knobs: glmGgufKnobs,
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...packedGateUp("blk.{l}.ffn_up", config.intermediateSize, config.hiddenSize),
      },
    }),
    packed: true,
    write: () => ({}),
    marks: ({ qkvBias }) => (qkvBias ? ["blk.0.attn_qkv.bias"] : []),
  },
};

export const glm4: Family = {
  name: "glm4",
  huggingface: {
    types: ["glm4"],
    interleavedRope: true,
    defaults,
    knobs: (r, sizes): Knobs => ({ ...glmKnobs(r, sizes), normPlace: "sandwich" }),
    names: (config) => ({
      decoder: {
        ...glmNames(config),
        attentionEndNorm: "model.layers.{l}.post_self_attn_layernorm",
        mlpEndNorm: "model.layers.{l}.post_mlp_layernorm",
      },
    }),
  },
  gguf: {
    architectures: ["glm4"],
    interleavedRope: true,
    knobs: (r, sizes, facts): Knobs => ({ ...glmGgufKnobs(r, sizes, facts), normPlace: "sandwich" }),
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...packedGateUp("blk.{l}.ffn_up", config.intermediateSize, config.hiddenSize),
      },
    }),
    write: () => ({}),
    marks: ({ qkvBias }) => (qkvBias ? ["blk.0.attn_q.bias"] : []),
  },
};

export const glm4Moe: Family = {
  name: "glm4_moe",
  huggingface: {
    types: ["glm4_moe"],
    defaults: {
      max_position_embeddings: 131_072,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      moe_intermediate_size: 1408,
      num_experts_per_tok: 8,
      n_shared_experts: 1,
      n_routed_experts: 128,
      routed_scaling_factor: 1,
      first_k_dense_replace: 1,
      norm_topk_prob: true,
    },
    knobs(r, { numLayers, contextLength, headDim }): Knobs {
      r.ignore("num_nextn_predict_layers", "num_mtp_layers");
      return {
        qkvBias: r.boolean("attention_bias", false),
        qkNorm: r.boolean("use_qk_norm", false) ? "head" : "none",
        ropes: [readRope(r, { contextLength, dims: headDim, partial: 0.5 })],
        experts: noAuxExperts(r, numLayers),
      };
    },
    names: (config) => ({
      decoder: { ...huggingFaceNames, ...sharedExperts(config) },
      ignore: nextTokenLayers(config),
    }),
  },
  gguf: {
    architectures: ["glm4moe"],
    knobs(r, sizes, { has }): Knobs {
      const numLayers = sizes.numLayers - r.number("nextn_predict_layers", 0);
      return {
        numLayers,
        qkvBias: has("blk.0.attn_q.bias"),
        qkNorm: has("blk.0.attn_q_norm.weight") ? "head" : "none",
        experts: readGgufExperts(r, numLayers, noAux),
      };
    },
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...ggufSelectionBias(config),
        mlpNorm: "blk.{l}.post_attention_norm",
      },
      ignore: ggufNextTokenLayers(config),
    }),
    write: (config) => ({
      ...expertSizes(config),
      ...expertScores(config),
      ...sharedExpertCount(config),
    }),
    marks: ({ qkNorm }) => (qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
  },
};
