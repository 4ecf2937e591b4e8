// How each family is written as GGUF: the architecture's name and the keys of its own.
//
// Names and keys are those of llama.cpp (gguf-py/gguf/constants.py). What is written is read again and compared with the
// knobs that it came from, so a form that leaves something out is refused, not written.
import type { TypedMetadataValue } from "../../formats/gguf/gguf-writer.ts";
import type { ExpertsConfig, ModelConfig, RopeConfig } from "../config/config.ts";
import { yarnTemperature } from "./read/rope-fields.ts";

/** Keys without the architecture's prefix. */
export type GgufFields = Record<string, TypedMetadataValue | undefined>;

/** One family in GGUF. */
export interface GgufForm {
  readonly architecture: string;
  /** Query, key and value are one tensor. */
  readonly packed?: boolean;
  /** Layers may have windows, of which the key tells; "here": llama.cpp reads past that key. */
  readonly window?: "everywhere" | "here";
  /** Keys of the mixture beside its counts. */
  readonly experts?: (experts: ExpertsConfig, config: ModelConfig) => GgufFields;
  /** Keys beside the usual ones. */
  readonly fields?: (config: ModelConfig) => GgufFields;
  /** Tensors by whose presence a reader goes; beside the packed one. */
  readonly marks?: (config: ModelConfig) => readonly string[];
}

export const u32 = (value: number): TypedMetadataValue => ({ type: "UINT32", value });
export const f32 = (value: number): TypedMetadataValue => ({ type: "FLOAT32", value });
const flag = (value: boolean): TypedMetadataValue => ({ type: "BOOL", value });
const positive = (value: number): TypedMetadataValue | undefined => (value > 0 ? f32(value) : undefined);

/** The width of an expert, and how the router's scores become weights. */
const expertWidth = (e: ExpertsConfig): GgufFields => ({
  expert_feed_forward_length: u32(e.intermediateSize),
});

const scoring = (e: ExpertsConfig): GgufFields => ({
  expert_gating_func: u32(e.score === "sigmoid" ? 2 : 1),
  expert_weights_norm: flag(e.normalize > 0),
  expert_weights_scale: e.scale === 1 ? undefined : f32(e.scale),
});

/** Layer by layer, whether it slides. */
const pattern = ({ slidingWindow }: ModelConfig): GgufFields =>
  slidingWindow.some((w) => w > 0)
    ? {
        "attention.sliding_window_pattern": {
          type: "BOOL[]",
          value: slidingWindow.map((w) => w > 0),
        },
      }
    : {};

const softcaps = ({ attentionSoftcap, logitSoftcap }: ModelConfig): GgufFields => ({
  attn_logit_softcapping: positive(attentionSoftcap),
  final_logit_softcapping: positive(logitSoftcap),
});

const clip = ({ qkvClip }: ModelConfig): GgufFields => ({ "attention.clamp_kqv": positive(qkvClip) });

/** ALiBi's exponent, by the first slope: heads are powers of two, or the first is of the power below. */
const alibi = ({ alibiSlopes: slopes, numHeads }: ModelConfig): GgufFields => ({
  "attention.max_alibi_bias":
    slopes.length > 0 ? f32(-Math.log2(slopes[0]) * 2 ** Math.floor(Math.log2(numHeads))) : undefined,
});

/** By the family's name. */
export const ggufForms: Readonly<Record<string, GgufForm>> = {
  llama: { architecture: "llama" },
  mistral: { architecture: "llama", window: "here" },
  mixtral: { architecture: "llama", window: "here", experts: () => ({}) },
  qwen2: { architecture: "qwen2" },
  qwen3: { architecture: "qwen3" },
  qwen2_moe: {
    architecture: "qwen2moe",
    experts: (e) => ({
      ...expertWidth(e),
      expert_shared_feed_forward_length: u32(e.sharedIntermediateSize),
      expert_weights_norm: flag(e.normalize > 0),
    }),
  },
  qwen3_moe: { architecture: "qwen3moe", experts: expertWidth },
  gpt2: { architecture: "gpt2", packed: true },
  gemma: { architecture: "gemma" },
  gemma2: { architecture: "gemma2", window: "everywhere", fields: softcaps },
  gemma3: {
    architecture: "gemma3",
    window: "everywhere",
    fields: (config) => ({
      ...softcaps(config),
      ...slidingPeriod(config),
      "rope.freq_base_swa": config.ropes[1] && f32(config.ropes[1].theta),
    }),
  },
  phi3: { architecture: "phi3", packed: true, window: "here" },
  phimoe: { architecture: "phimoe", experts: expertWidth },
  olmo: { architecture: "olmo", fields: clip },
  olmo2: { architecture: "olmo2", window: "everywhere", fields: pattern },
  olmoe: {
    architecture: "olmoe",
    experts: (e) => ({ ...expertWidth(e), expert_weights_norm: flag(e.normalize > 0) }),
  },
  starcoder2: { architecture: "starcoder2", window: "here" },
  bloom: { architecture: "bloom", packed: true },
  falcon: {
    architecture: "falcon",
    packed: true,
    marks: ({ residual }) => [
      "blk.0.attn_norm.weight",
      ...(residual === "parallel" ? ["blk.0.attn_norm_2.weight"] : []),
      ...(residual === "sequential" ? ["blk.0.ffn_norm.weight"] : []),
    ],
  },
  mpt: {
    architecture: "mpt",
    packed: true,
    fields: (config) => ({ ...clip(config), ...alibi(config) }),
    marks: ({ normBias, qkNorm, learnedPositions }) => [
      ...(normBias ? ["output_norm.bias"] : []),
      ...(qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
      ...(learnedPositions > 0 ? ["position_embd.weight"] : []),
    ],
  },
  gpt_neox: {
    architecture: "gptneox",
    packed: true,
    fields: ({ residual }) => ({ use_parallel_residual: flag(residual === "parallel") }),
  },
  cohere: {
    architecture: "command-r",
    fields: ({ logitScale }) => ({ logit_scale: f32(logitScale) }),
    marks: ({ qkNorm }) => (qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
  },
  dbrx: { architecture: "dbrx", packed: true, experts: () => ({}), fields: clip },
  granite: {
    architecture: "granite",
    fields: ({ embeddingScale, residualScale, attentionScale, logitScale }) => ({
      embedding_scale: f32(embeddingScale),
      residual_scale: f32(residualScale),
      "attention.scale": f32(attentionScale),
      logit_scale: f32(1 / logitScale),
    }),
  },
  smollm3: { architecture: "smollm3" },
  seed_oss: { architecture: "seed_oss" },
  ernie4_5: { architecture: "ernie4_5" },
  exaone4: { architecture: "exaone4", window: "everywhere", fields: pattern },
  internlm2: { architecture: "internlm2" },
  baichuan: { architecture: "baichuan", fields: alibi },
  qwen: {
    architecture: "qwen",
    packed: true,
    fields: ({ intermediateSize }) => ({ feed_forward_length: u32(2 * intermediateSize) }),
  },
  gptj: { architecture: "gptj" },
  glm: {
    architecture: "chatglm",
    packed: true,
    marks: ({ qkvBias }) => (qkvBias ? ["blk.0.attn_qkv.bias"] : []),
  },
  glm4: { architecture: "glm4", marks: ({ qkvBias }) => (qkvBias ? ["blk.0.attn_q.bias"] : []) },
  glm4_moe: {
    architecture: "glm4moe",
    experts: (e) => ({ ...expertWidth(e), ...scoring(e), ...beside(e) }),
    marks: ({ qkNorm }) => (qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
  },
  minimax_m2: { architecture: "minimax-m2", experts: (e) => ({ ...expertWidth(e), ...scoring(e) }) },
  gpt_oss: { architecture: "gpt-oss", window: "everywhere", experts: expertWidth, fields: pattern },
  ministral3: {
    architecture: "mistral3",
    fields: ({ queryScaling, ropes }) => ({
      "attention.temperature_scale": queryScaling?.type === "floor-log" ? f32(queryScaling.beta) : undefined,
      ...sharedTemperature(ropes[0]),
    }),
  },
  grok1: {
    architecture: "grok",
    experts: (e) => ({ ...expertWidth(e), ...scoring(e) }),
    fields: (config) => ({
      ...softcaps(config),
      embedding_scale: f32(config.embeddingScale),
      "attention.output_scale": f32(config.attentionScale),
      logit_scale: f32(config.logitScale),
    }),
    marks: () => ["blk.0.layer_output_norm.weight"],
  },
  deepseek_v2: { architecture: "deepseek2", experts: manyExperts, fields: latent },
  deepseek_v3: {
    architecture: "deepseek2",
    experts: manyExperts,
    fields: latent,
    marks: ({ experts }) => {
      const first = experts?.denseLayers.indexOf(false) ?? 0;
      return experts?.selectionBias ? [`blk.${first}.exp_probs_b.bias`] : [];
    },
  },
  qwen3_next: {
    architecture: "qwen3next",
    experts: (e) => ({
      ...expertWidth(e),
      expert_shared_feed_forward_length: u32(e.sharedIntermediateSize),
      expert_weights_norm: flag(e.normalize > 0),
    }),
    fields: ({ delta, deltaLayers }) =>
      delta
        ? {
            "attention.recurrent_layers": { type: "BOOL[]", value: [...deltaLayers] },
            "ssm.conv_kernel": u32(delta.kernel),
            "ssm.state_size": u32(delta.keyDim),
            "ssm.group_count": u32(delta.keyHeads),
            "ssm.time_step_rank": u32(delta.valueHeads),
            "ssm.inner_size": u32(delta.valueHeads * delta.valueDim),
          }
        : {},
  },
  t5: {
    architecture: "t5",
    fields: (config) => ({
      // Positions are known by their distance: llama.cpp only wants a number.
      context_length: u32(512),
      block_count: u32(config.encoderLayers),
      decoder_block_count: u32(config.numLayers),
      decoder_start_token_id: u32(config.decoderStartTokenId ?? 0),
      "attention.relative_buckets_count": u32(config.relativeBuckets),
      "attention.key_length": u32(config.headDim),
      "attention.value_length": u32(config.valueDim),
    }),
    marks: ({ gatedMlp }) => (gatedMlp ? ["dec.blk.0.ffn_gate.weight"] : []),
  },
};

/** Shared experts, and the layers before the first mixture. */
function beside(e: ExpertsConfig): GgufFields {
  return {
    expert_shared_count: u32(e.sharedIntermediateSize / e.intermediateSize),
    leading_dense_block_count: u32(e.denseLayers.filter(Boolean).length),
  };
}

function manyExperts(e: ExpertsConfig): GgufFields {
  return {
    ...expertWidth(e),
    ...scoring(e),
    ...beside(e),
    expert_group_count: e.groups > 1 ? u32(e.groups) : undefined,
    expert_group_used_count: e.groups > 1 ? u32(e.groupsPerToken) : undefined,
  };
}

/** What YaRN's temperature is divided by, as the multiplier of its logarithm. */
function sharedTemperature(rope: RopeConfig | undefined): GgufFields {
  if (rope?.scaling.type !== "yarn" || rope.scaling.factor <= 1) return {};
  const { factor, attentionFactor } = rope.scaling;
  const multiplier = (yarnTemperature(factor) / attentionFactor - 1) / (0.1 * Math.log(factor));
  return {
    "rope.scaling.yarn_attn_factor": undefined,
    "rope.scaling.yarn_log_multiplier": positive(multiplier),
  };
}

/** The temperature that scores have instead of cos and sin. */
function scoreTemperature({ ropes, attentionScale, headDim }: ModelConfig): GgufFields {
  const scaling = ropes[0]?.scaling;
  const temperature = attentionScale * Math.sqrt(headDim);
  if (scaling?.type !== "yarn" || Math.abs(temperature - 1) < 1e-6) return {};
  return {
    "rope.scaling.yarn_attn_factor": undefined,
    "rope.scaling.yarn_log_multiplier": f32((Math.sqrt(temperature) - 1) / Math.log(scaling.factor)),
  };
}

/** Latent attention with the keys and values of all heads in one matrix. */
function latent(config: ModelConfig): GgufFields {
  const { latent: ranks, headDim, valueDim } = config;
  if (!ranks) return {};
  return {
    ...scoreTemperature(config),
    "attention.key_length": u32(headDim),
    "attention.value_length": u32(valueDim),
    "attention.q_lora_rank": ranks.queryRank > 0 ? u32(ranks.queryRank) : undefined,
    "attention.kv_lora_rank": u32(ranks.keyValueRank),
    "rope.dimension_count": u32(ranks.ropeDim),
  };
}

/** Every how many layers one does not slide. */
function slidingPeriod({ slidingWindow }: ModelConfig): GgufFields {
  const full = slidingWindow.indexOf(0);
  return full > 0 ? { "attention.sliding_window_pattern": u32(full + 1) } : {};
}
