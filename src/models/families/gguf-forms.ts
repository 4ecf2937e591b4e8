// How each family is written as GGUF: the architecture's name and what it has beside the usual keys. Data only.
//
// Names and keys are those of llama.cpp (gguf-py/gguf/constants.py). What is written is read again and compared with the
// knobs that it came from, so a form that leaves something out is refused, not written.
import type { TypedMetadataValue } from "../../formats/gguf-writer.ts";
import type { ExpertsConfig, ModelConfig } from "../config.ts";

/** Keys without the architecture's prefix. */
export type GgufFields = Record<string, TypedMetadataValue | undefined>;

/** One family in GGUF. */
export interface GgufForm {
  readonly architecture: string;
  /** Query, key and value are one tensor. */
  readonly packed?: boolean;
  /** Layers may have windows, of which the key tells. */
  readonly window?: boolean;
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
  mistral: { architecture: "llama", window: true },
  mixtral: { architecture: "llama", window: true, experts: () => ({}) },
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
  gemma2: { architecture: "gemma2", window: true, fields: softcaps },
  gemma3: {
    architecture: "gemma3",
    window: true,
    fields: (config) => ({
      ...softcaps(config),
      ...slidingPeriod(config),
      "rope.freq_base_swa": config.ropes[1] && f32(config.ropes[1].theta),
    }),
  },
  phi3: { architecture: "phi3", packed: true, window: true },
  phimoe: { architecture: "phimoe", experts: expertWidth },
  olmo: { architecture: "olmo", fields: clip },
  olmo2: { architecture: "olmo2", window: true, fields: pattern },
  olmoe: {
    architecture: "olmoe",
    experts: (e) => ({ ...expertWidth(e), expert_weights_norm: flag(e.normalize > 0) }),
  },
  starcoder2: { architecture: "starcoder2", window: true },
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
  glm4_moe: {
    architecture: "glm4moe",
    experts: (e) => ({
      ...expertWidth(e),
      ...scoring(e),
      expert_shared_count: u32(e.sharedIntermediateSize / e.intermediateSize),
      leading_dense_block_count: u32(e.denseLayers.filter(Boolean).length),
    }),
  },
};

/** Every how many layers one does not slide. */
function slidingPeriod({ slidingWindow }: ModelConfig): GgufFields {
  const full = slidingWindow.indexOf(0);
  return full > 0 ? { "attention.sliding_window_pattern": u32(full + 1) } : {};
}
