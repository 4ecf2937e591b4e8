// DeepSeek-V2 and V3: latent attention, many small experts beside shared ones. Data only.
import type { ExpertsConfig, ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import { leadingDense, plainExperts } from "./experts.ts";
import type { CheckpointFacts, Family, ModelNames, TensorNames } from "./family.ts";
import { readLlamaLine, type Sizes } from "./llama-line.ts";
import { llamaNames } from "./llama-names.ts";
import { nextTokenLayers, noAuxExperts, sharedExperts } from "./no-aux.ts";
import { readRope, readScoreTemperature } from "./rope-fields.ts";

/** The published code gives the latents' norms no size of their own. */
const LATENT_NORM_EPS = 1e-6;

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

function latentKnobs(r: ConfigReader, { contextLength, numHeads }: Sizes): Partial<ModelConfig> {
  const ropeDim = r.size("qk_rope_head_dim", undefined, 4096);
  const headDim = r.size("qk_nope_head_dim", undefined, 4096) + ropeDim;
  const bias = r.boolean("attention_bias", false);
  const rope = readRope(r, { contextLength, dims: ropeDim });
  r.ignore("aux_loss_alpha", "seq_aux", "ep_size", "num_nextn_predict_layers", "num_mtp_layers", "head_dim");
  r.ignore("qk_head_dim", "num_key_value_heads");
  r.only("moe_layer_freq", 1);
  r.only("rope_interleave", true);
  return {
    ...{ headDim, numKvHeads: numHeads, qkvBias: bias, outputBias: bias },
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

function names(config: ModelConfig, { dialect }: CheckpointFacts): ModelNames {
  return {
    decoder: {
      ...llamaNames.huggingface,
      ...latentNames(config.latent?.queryRank ?? 0),
      ...sharedExperts(config),
    },
    ignore: nextTokenLayers(config, dialect),
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
    ...{ normalize: normalized ? 1 : 0, normalizeEps: 1e-20, scale: normalized ? 1 : scale },
    sharedIntermediateSize: intermediateSize * r.number("n_shared_experts", 0),
    denseLayers: leadingDense(numLayers, r.number("first_k_dense_replace", 0)),
  };
}

export const deepseekV2: Family = {
  name: "deepseek_v2",
  modelTypes: ["deepseek_v2"],
  ggufArchitectures: [],
  interleavedRope: ["huggingface"],
  defaults: {
    ...latentDefaults,
    max_position_embeddings: 2048,
    n_routed_experts: 64,
    n_shared_experts: 2,
    moe_intermediate_size: 1407,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => ({
      ...latentKnobs(r, sizes),
      experts: readV2Experts(r, sizes.numLayers),
    })),
  names,
};

export const deepseekV3: Family = {
  name: "deepseek_v3",
  modelTypes: ["deepseek_v3"],
  ggufArchitectures: [],
  interleavedRope: ["huggingface"],
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
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => {
      r.only("topk_method", "noaux_tc");
      r.only("scoring_func", "sigmoid");
      return { ...latentKnobs(r, sizes), experts: noAuxExperts(r, sizes.numLayers) };
    }),
  names,
};
