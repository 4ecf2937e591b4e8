// GLM-4: glm (interleaved RoPE over half a head), glm4 (branch norms), glm4_moe (mixture).
import type { ModelConfig } from "../config/config.ts";
import type { CheckpointFacts, Family, ModelNames } from "./family.ts";
import { readGgufExperts } from "./read/experts.ts";
import { type ReadKnobs, readLlamaLine } from "./read/llama-line.ts";
import { ggufNames, lineNames, llamaNames } from "./read/llama-names.ts";
import { pieceOf } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import {
  ggufSelectionBias,
  nextTokenLayers,
  noAux,
  noAuxExperts,
  sharedExperts,
} from "./read/sigmoid-router.ts";

const eosOfGlm = [151_329, 151_336, 151_338];

const defaults = {
  max_position_embeddings: 131_072,
  num_key_value_heads: 2,
  head_dim: 128,
  rms_norm_eps: 1.5625e-7,
  eos_token_id: eosOfGlm,
};

const glmKnobs: (facts: CheckpointFacts) => ReadKnobs =
  ({ dialect, has }) =>
  (r, { contextLength, headDim }) =>
    dialect === "gguf"
      ? { qkvBias: has("blk.0.attn_qkv.bias") || has("blk.0.attn_q.bias") }
      : {
          qkvBias: r.boolean("attention_bias", true),
          ropes: [readRope(r, { contextLength, dims: headDim, partial: 0.5 })],
        };

/** Gate and up are one tensor. */
function glmNames(config: ModelConfig, facts: CheckpointFacts): ModelNames {
  const { hiddenSize, intermediateSize: width } = config;
  const gateUp = facts.dialect === "gguf" ? "blk.{l}.ffn_up" : "model.layers.{l}.mlp.gate_up_proj";
  return {
    decoder: {
      ...lineNames(config, facts),
      gate: pieceOf(gateUp, [width, width], hiddenSize, 0),
      up: pieceOf(gateUp, [width, width], hiddenSize, 1),
    },
  };
}

export const glm: Family = {
  name: "glm",
  modelTypes: ["glm"],
  ggufArchitectures: ["chatglm"],
  interleavedRope: ["huggingface", "gguf"],
  defaults,
  readConfig: (reader, facts) => readLlamaLine(reader, facts, glmKnobs(facts)),
  names: glmNames,
};

export const glm4: Family = {
  name: "glm4",
  modelTypes: ["glm4"],
  ggufArchitectures: ["glm4"],
  interleavedRope: ["huggingface", "gguf"],
  defaults,
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => ({ ...glmKnobs(facts)(r, sizes), normPlace: "sandwich" })),
  names(config, facts) {
    const { decoder } = glmNames(config, facts);
    if (facts.dialect === "gguf") return { decoder };
    return {
      decoder: {
        ...decoder,
        attentionEndNorm: "model.layers.{l}.post_self_attn_layernorm",
        mlpEndNorm: "model.layers.{l}.post_mlp_layernorm",
      },
    };
  },
};

export const glm4Moe: Family = {
  name: "glm4_moe",
  modelTypes: ["glm4_moe"],
  ggufArchitectures: ["glm4moe"],
  interleavedRope: [],
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
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => {
      const { numLayers, contextLength, headDim } = sizes;
      if (facts.dialect === "gguf") {
        const layers = numLayers - r.number("nextn_predict_layers", 0);
        return {
          numLayers: layers,
          qkvBias: facts.has("blk.0.attn_q.bias"),
          qkNorm: facts.has("blk.0.attn_q_norm.weight") ? "head" : "none",
          experts: readGgufExperts(r, layers, noAux),
        };
      }
      r.ignore("num_nextn_predict_layers", "num_mtp_layers");
      return {
        qkvBias: r.boolean("attention_bias", false),
        qkNorm: r.boolean("use_qk_norm", false) ? "head" : "none",
        ropes: [readRope(r, { contextLength, dims: headDim, partial: 0.5 })],
        experts: noAuxExperts(r, numLayers),
      };
    }),
  names(config, facts) {
    const { dialect } = facts;
    if (dialect === "huggingface") {
      const decoder = { ...llamaNames.huggingface, ...sharedExperts(config) };
      return { decoder, ignore: nextTokenLayers(config, dialect) };
    }
    const decoder = {
      ...ggufNames(config, facts),
      ...ggufSelectionBias(config),
      mlpNorm: "blk.{l}.post_attention_norm",
    };
    return { decoder, ignore: nextTokenLayers(config, dialect) };
  },
};
