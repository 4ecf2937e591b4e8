// DeepSeek-V2 and V3: latent attention, many small experts beside shared ones.
import type { ExpertsConfig, Knobs, ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type {
  CheckpointFacts,
  Family,
  GgufKeys,
  HuggingFaceForm,
  ModelNames,
  Sizes,
  TensorNames,
} from "./family.ts";
import { leadingDense, plainExperts, readGgufExperts } from "./read/experts.ts";
import { readGgufRope, readGgufScoreTemperature } from "./read/gguf-rope.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { readRope, readScoreTemperature } from "./read/rope-fields.ts";
import {
  ggufNextTokenLayers,
  ggufSelectionBias,
  nextTokenLayers,
  noAux,
  noAuxExperts,
  sharedExperts,
} from "./read/sigmoid-router.ts";
import { expertGroups, expertScores, expertSizes, sharedExpertCount } from "./write/expert-keys.ts";
import { f32, u32 } from "./write/keys.ts";

/** The published code gives the latents' norms no size of their own. */
const LATENT_NORM_EPS = 1e-6;

/** Files that have it keep what queries and answers are multiplied with in two tensors. */
const APART = "blk.0.attn_k_b.weight";

const latentNames = (queryRank: number): Partial<TensorNames> => {
  const attention = "model.layers.{l}.self_attn";
  return {
    query: queryRank > 0 ? `${attention}.q_b_proj` : `${attention}.q_proj`,
    queryDown: `${attention}.q_a_proj`,
    queryDownNorm: `${attention}.q_a_layernorm`,
    keyValueDown: `${attention}.kv_a_proj_with_mqa`,
    keyValueDownNorm: `${attention}.kv_a_layernorm`,
    keyValueUp: `${attention}.kv_b_proj`,
  };
};

function latentKnobs(r: ConfigReader, { contextLength, numHeads }: Sizes): Knobs {
  const ropeDim = r.size("qk_rope_head_dim", undefined, 4096);
  const headDim = r.size("qk_nope_head_dim", undefined, 4096) + ropeDim;
  const bias = r.boolean("attention_bias", false);
  const rope = readRope(r, { contextLength, dims: ropeDim });
  r.ignore("aux_loss_alpha", "seq_aux", "ep_size", "num_nextn_predict_layers", "num_mtp_layers", "head_dim");
  r.ignore("qk_head_dim", "num_key_value_heads");
  r.only("moe_layer_freq", 1);
  r.only("rope_interleave", true);
  return {
    headDim,
    numKvHeads: numHeads,
    qkvBias: bias,
    outputBias: bias,
    mlpBias: r.boolean("mlp_bias", false),
    valueDim: r.size("v_head_dim", undefined, 4096),
    ropes: [rope],
    attentionScale: headDim ** -0.5 * readScoreTemperature(r, contextLength),
    latent: {
      queryRank: r.number("q_lora_rank", 0),
      keyValueRank: r.size("kv_lora_rank"),
      ropeDim,
      normEps: LATENT_NORM_EPS,
    },
  };
}

/** GGUF says of heads what they are once written out in keys with the suffix "_mla"; older files have these alone. */
function ggufKnobs(r: ConfigReader, sizes: Sizes, facts: CheckpointFacts): Knobs {
  const { numHeads, contextLength } = sizes;
  const headDim = r.size("attention.key_length_mla", sizes.headDim, 4096);
  const valueDim = r.size("attention.value_length_mla", r.number("attention.value_length", headDim), 4096);
  r.ignore("attention.key_length", "attention.value_length", "attention.head_count_kv");
  const numLayers = sizes.numLayers - r.number("nextn_predict_layers", 0);
  const ropeDim = r.size("rope.dimension_count", undefined, 4096);
  const rope = readGgufRope(r, facts, { contextLength, dims: ropeDim });
  const dense = r.number("leading_dense_block_count", 0);
  // The choice by bias goes with sigmoid scores, ranks of groups by their best expert with the others.
  const ways = facts.has(`blk.${dense}.exp_probs_b.bias`) ? noAux : { normalizeEps: 1e-20, normalize: 0 };
  const temperature = readGgufScoreTemperature(r);
  const { scaling } = rope;
  return {
    numLayers,
    headDim,
    valueDim,
    numKvHeads: numHeads,
    // Where scores have the temperature, cos and sin have it not.
    ropes: [
      scaling.type === "yarn" && temperature !== 1
        ? { ...rope, scaling: { ...scaling, attentionFactor: 1 } }
        : rope,
    ],
    attentionScale: headDim ** -0.5 * temperature,
    latent: {
      queryRank: r.number("attention.q_lora_rank", 0),
      keyValueRank: r.size("attention.kv_lora_rank"),
      ropeDim,
      normEps: LATENT_NORM_EPS,
    },
    experts: readGgufExperts(r, numLayers, ways),
  };
}

function latentGgufNames(config: ModelConfig, facts: CheckpointFacts): ModelNames {
  const { numHeads, headDim, valueDim, latent } = config;
  const { queryRank = 0, keyValueRank = 0, ropeDim = 0 } = latent ?? {};
  const plainDim = headDim - ropeDim;
  const apart: Partial<TensorNames> = {
    keyUp: { name: "blk.{l}.attn_k_b", shape: [numHeads, keyValueRank, plainDim] },
    valueUp: { name: "blk.{l}.attn_v_b", shape: [numHeads, valueDim, keyValueRank] },
  };
  const isApart = facts.has(APART);
  const ahead = ggufNextTokenLayers(config);
  return {
    decoder: {
      ...ggufNames(config, facts),
      ...ggufSelectionBias(config),
      ...(isApart ? apart : { keyValueUp: "blk.{l}.attn_kv_b" }),
      query: queryRank > 0 ? "blk.{l}.attn_q_b" : "blk.{l}.attn_q",
      queryDown: "blk.{l}.attn_q_a",
      queryDownNorm: "blk.{l}.attn_q_a_norm",
      keyValueDown: "blk.{l}.attn_kv_a_mqa",
      keyValueDownNorm: "blk.{l}.attn_kv_a_norm",
    },
    // Some files keep what is apart together, too.
    ignore: isApart ? new RegExp(`${ahead.source}|\\.attn_kv_b\\.weight$`) : ahead,
  };
}

const names: HuggingFaceForm["names"] = (config) => ({
  decoder: {
    ...huggingFaceNames,
    ...latentNames(config.latent?.queryRank ?? 0),
    ...sharedExperts(config),
  },
  ignore: nextTokenLayers(config),
});

/** Latent attention with what it absorbs apart, as its cache is one key for all heads, and many experts. */
function write(config: ModelConfig): GgufKeys {
  const { latent, headDim, valueDim } = config;
  if (!latent) return {};
  return {
    ...expertSizes(config),
    ...expertScores(config),
    ...sharedExpertCount(config),
    ...expertGroups(config),
    ...scoreTemperature(config),
    "attention.head_count_kv": u32(1),
    "attention.key_length": u32(latent.keyValueRank + latent.ropeDim),
    "attention.value_length": u32(latent.keyValueRank),
    "attention.key_length_mla": u32(headDim),
    "attention.value_length_mla": u32(valueDim),
    "attention.q_lora_rank": latent.queryRank > 0 ? u32(latent.queryRank) : undefined,
    "attention.kv_lora_rank": u32(latent.keyValueRank),
    "rope.dimension_count": u32(latent.ropeDim),
  };
}

/** The temperature that scores have instead of cos and sin. */
function scoreTemperature({ ropes, attentionScale, headDim }: ModelConfig): GgufKeys {
  const scaling = ropes[0]?.scaling;
  const temperature = attentionScale * Math.sqrt(headDim);
  if (scaling?.type !== "yarn" || Math.abs(temperature - 1) < 1e-6) return {};
  return {
    "rope.scaling.yarn_attn_factor": undefined,
    "rope.scaling.yarn_log_multiplier": f32((Math.sqrt(temperature) - 1) / Math.log(scaling.factor)),
  };
}

const latentDefaults = {
  kv_lora_rank: 512,
  q_lora_rank: 1536,
  qk_rope_head_dim: 64,
  qk_nope_head_dim: 128,
  v_head_dim: 128,
};

/** Softmax scores; where they are normalised the published code does not scale them. */
function readV2Experts(r: ConfigReader, numLayers: number): ExpertsConfig | undefined {
  const intermediateSize = r.size("moe_intermediate_size");
  const grouped = r.text("topk_method", "greedy") === "group_limited_greedy";
  r.only("topk_method", "greedy", "group_limited_greedy");
  r.only("scoring_func", "softmax");
  const [groups, groupsPerToken] = [r.size("n_group", 1, 4096), r.size("topk_group", 1, 4096)];
  const perToken = r.size("num_experts_per_tok", undefined, 4096);
  const normalized = r.boolean("norm_topk_prob", false) && perToken > 1;
  const scale = r.number("routed_scaling_factor", 1);
  return {
    ...plainExperts({
      count: r.size("n_routed_experts", undefined, 4096),
      perToken,
      intermediateSize,
      numLayers,
    }),
    ...(grouped ? { groups, groupsPerToken } : {}),
    normalize: normalized ? 1 : 0,
    normalizeEps: 1e-20,
    scale: normalized ? 1 : scale,
    sharedIntermediateSize: intermediateSize * r.number("n_shared_experts", 0),
    denseLayers: leadingDense(numLayers, r.number("first_k_dense_replace", 0)),
  };
}

export const deepseekV2: Family = {
  name: "deepseek_v2",
  huggingface: {
    types: ["deepseek_v2"],
    interleavedRope: true,
    defaults: {
      ...latentDefaults,
      max_position_embeddings: 2048,
      n_routed_experts: 64,
      n_shared_experts: 2,
      moe_intermediate_size: 1407,
    },
    knobs: (r, sizes): Knobs => ({
      ...latentKnobs(r, sizes),
      experts: readV2Experts(r, sizes.numLayers),
    }),
    names,
  },
  gguf: {
    architectures: ["deepseek2"],
    interleavedRope: true,
    knobs: ggufKnobs,
    names: latentGgufNames,
    write,
    marks: () => [APART],
  },
};

export const deepseekV3: Family = {
  name: "deepseek_v3",
  huggingface: {
    types: ["deepseek_v3"],
    interleavedRope: true,
    defaults: {
      ...latentDefaults,
      max_position_embeddings: 4096,
      n_routed_experts: 256,
      n_shared_experts: 1,
      moe_intermediate_size: 2048,
      num_experts_per_tok: 8,
      n_group: 8,
      topk_group: 4,
      routed_scaling_factor: 2.5,
      first_k_dense_replace: 3,
      norm_topk_prob: true,
    },
    knobs(r, sizes): Knobs {
      r.only("topk_method", "noaux_tc");
      r.only("scoring_func", "sigmoid");
      return { ...latentKnobs(r, sizes), experts: noAuxExperts(r, sizes.numLayers) };
    },
    names,
  },
  gguf: {
    architectures: [],
    writtenAs: "deepseek2",
    write,
    marks: ({ experts }) => {
      const first = experts?.denseLayers.indexOf(false) ?? 0;
      return experts?.selectionBias ? [APART, `blk.${first}.exp_probs_b.bias`] : [APART];
    },
  },
};
