// Qwen3-Next: gated delta nets, with gated attention every few layers; what Qwen3.5 shares with it.
import type { ExpertsConfig, Knobs, ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type {
  CheckpointFacts,
  Family,
  GgufKeys,
  ModelNames,
  ReadKnobs,
  Sizes,
  StoredPart,
  TensorNames,
} from "./family.ts";
import { readQwenExperts, sharedExpert } from "./qwen-moe.ts";
import { readGgufExperts } from "./read/experts.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { mediaTensors } from "./read/multimodal.ts";
import { pieceOf, pieceOfGroups } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import { ggufNextTokenLayers } from "./read/sigmoid-router.ts";
import { expertNormalization, expertSizes, sharedExpertWidth } from "./write/expert-keys.ts";
import { flags, u32 } from "./write/keys.ts";

export const mixerDefaults = {
  max_position_embeddings: 32_768,
  num_key_value_heads: 2,
  head_dim: 256,
  linear_conv_kernel_dim: 4,
  linear_key_head_dim: 128,
  linear_value_head_dim: 128,
  linear_num_key_heads: 16,
  linear_num_value_heads: 32,
  full_attention_interval: 4,
  moe_intermediate_size: 512,
  shared_expert_intermediate_size: 512,
  num_experts_per_tok: 10,
  num_experts: 512,
};

export function mixerKnobs(r: ConfigReader, sizes: Sizes): Knobs {
  const { numLayers, contextLength, headDim } = sizes;
  const bias = r.boolean("attention_bias", false);
  const types = r.layerTypes(numLayers, "linear_attention");
  const interval = r.size("full_attention_interval", 4, 1024);
  r.only("use_sliding_window", false);
  r.ignore("sliding_window", "max_window_layers");
  return {
    normWeight: "one-plus",
    qkNorm: "head",
    attentionGate: true,
    qkvBias: bias,
    outputBias: bias,
    ropes: [readRope(r, { contextLength, dims: headDim, partial: 0.25 })],
    deltaLayers: Array.from({ length: numLayers }, (_, l) =>
      types ? types[l] === "linear_attention" : (l + 1) % interval !== 0,
    ),
    delta: {
      keyHeads: r.size("linear_num_key_heads", undefined, 65_536),
      valueHeads: r.size("linear_num_value_heads", undefined, 65_536),
      keyDim: r.size("linear_key_head_dim", undefined, 4096),
      valueDim: r.size("linear_value_head_dim", undefined, 4096),
      kernel: r.size("linear_conv_kernel_dim", undefined, 64),
    },
  };
}

export function readSharedExperts(r: ConfigReader, numLayers: number): ExpertsConfig {
  return {
    ...readQwenExperts(r, numLayers, { normalized: true }),
    sharedIntermediateSize: r.size("shared_expert_intermediate_size"),
    sharedGate: true,
  };
}

/** What both spellings share: the query's rows with their gate's, head by head, and the delta net's small tensors. */
export function mixerNames({ hiddenSize, numHeads, headDim, delta }: ModelConfig): Partial<TensorNames> {
  const { keyHeads = 0, valueHeads = 0, keyDim = 0, valueDim = 0, kernel = 0 } = delta ?? {};
  const [keys, values] = [keyHeads * keyDim, valueHeads * valueDim];
  const [attention, linear] = ["model.layers.{l}.self_attn", "model.layers.{l}.linear_attn"];
  const kernelFrom = (first: number): StoredPart => ({
    name: `${linear}.conv1d`,
    shape: [2 * keys + values, 1, kernel],
    first: first * kernel,
  });
  const small = (name: string): StoredPart => ({
    name: `${linear}.${name}`,
    suffix: "",
    shape: [valueHeads],
  });
  return {
    ...huggingFaceNames,
    ...sharedExpert,
    query: pieceOfGroups(`${attention}.q_proj`, numHeads, [headDim, headDim], hiddenSize, 0),
    attentionGate: pieceOfGroups(`${attention}.q_proj`, numHeads, [headDim, headDim], hiddenSize, 1),
    deltaQueryKernel: kernelFrom(0),
    deltaKeyKernel: kernelFrom(keys),
    deltaValueKernel: kernelFrom(2 * keys),
    deltaDecay: small("A_log"),
    deltaDecayBias: small("dt_bias"),
    deltaNorm: `${linear}.norm`,
    deltaOutput: `${linear}.out_proj`,
  };
}

/**
 * GGUF stores norms with the 1 added, but for the delta net's own, which has none. `copied`: Qwen3.5's files have value
 * heads in turns of key heads, so here every value head has a key head of its own, a copy of the stored one.
 */
export const mixerGgufKnobs =
  ({ copied }: { copied: boolean }): ReadKnobs =>
  (r, sizes): Knobs => {
    const numLayers = sizes.numLayers - r.number("nextn_predict_layers", 0);
    const interval = r.size("full_attention_interval", 4, 1024);
    const listed = r.flags("attention.recurrent_layers", sizes.numLayers);
    const valueHeads = r.size("ssm.time_step_rank", undefined, 65_536);
    const keyHeads = r.size("ssm.group_count", undefined, 65_536);
    const experts = r.has("expert_count") ? readGgufExperts(r, numLayers, { sharedGate: true }) : undefined;
    return {
      numLayers,
      qkNorm: "head",
      attentionGate: true,
      experts,
      intermediateSize: r.size("feed_forward_length", experts?.intermediateSize),
      deltaLayers: Array.from({ length: numLayers }, (_, l) => listed?.[l] ?? (l + 1) % interval !== 0),
      delta: {
        keyHeads: copied ? valueHeads : keyHeads,
        valueHeads,
        keyDim: r.size("ssm.state_size", undefined, 4096),
        valueDim: r.size("ssm.inner_size") / valueHeads,
        kernel: r.size("ssm.conv_kernel", undefined, 64),
      },
    };
  };

export function mixerGgufNames(config: ModelConfig, facts: CheckpointFacts): ModelNames {
  const { hiddenSize: hidden, numHeads, headDim, delta } = config;
  const { keyHeads = 1, valueHeads = 1, keyDim = 0, valueDim = 0, kernel = 0 } = delta ?? {};
  const [keys, values, each] = [keyHeads * keyDim, valueHeads * valueDim, valueHeads / keyHeads];
  const piece = (index: number) => pieceOf("blk.{l}.attn_qkv", [keys, keys, values], hidden, index);
  const packed = (index: number) =>
    pieceOfGroups(
      "blk.{l}.ssm_in",
      keyHeads,
      [keyDim, keyDim, each * valueDim, each * valueDim],
      hidden,
      index,
    );
  const small = (index: number) => pieceOfGroups("blk.{l}.ssm_ba", keyHeads, [each, each], hidden, index);
  const kernelFrom = (first: number): StoredPart => ({
    name: "blk.{l}.ssm_conv1d",
    shape: [2 * keys + values, kernel],
    first: first * kernel,
  });
  const ofHead = (index: number) =>
    pieceOfGroups("blk.{l}.attn_q", numHeads, [headDim, headDim], hidden, index);
  // Older files have query, key, value and gate in one, key head by key head.
  const isOld = facts.has("blk.0.ssm_in.weight");
  const large = isOld
    ? { deltaQuery: packed(0), deltaKey: packed(1), deltaValue: packed(2), deltaGate: packed(3) }
    : { deltaQuery: piece(0), deltaKey: piece(1), deltaValue: piece(2), deltaGate: "blk.{l}.attn_gate" };
  return {
    decoder: {
      ...ggufNames(config, facts),
      ...large,
      query: ofHead(0),
      attentionGate: ofHead(1),
      mlpNorm: "blk.{l}.post_attention_norm",
      deltaBeta: small(0),
      deltaAlpha: small(1),
      deltaQueryKernel: kernelFrom(0),
      deltaKeyKernel: kernelFrom(keys),
      deltaValueKernel: kernelFrom(2 * keys),
      deltaDecay: { name: "blk.{l}.ssm_a", suffix: "", shape: [valueHeads], negatedExp: true },
      deltaDecayBias: { name: "blk.{l}.ssm_dt", suffix: ".bias", shape: [valueHeads] },
      deltaNorm: "blk.{l}.ssm_norm",
      deltaOutput: "blk.{l}.ssm_out",
    },
    ignore: ggufNextTokenLayers(config),
  };
}

/** Qwen3-Next's names: for each key head its query, key, values and gates; then its steps and decays. */
function names(config: ModelConfig): ModelNames {
  const { hiddenSize: hidden, delta } = config;
  const { keyHeads = 1, valueHeads = 1, keyDim = 0, valueDim = 0 } = delta ?? {};
  const each = valueHeads / keyHeads;
  const linear = "model.layers.{l}.linear_attn";
  const sizes = [keyDim, keyDim, each * valueDim, each * valueDim];
  const large = (index: number) => pieceOfGroups(`${linear}.in_proj_qkvz`, keyHeads, sizes, hidden, index);
  const small = (index: number) =>
    pieceOfGroups(`${linear}.in_proj_ba`, keyHeads, [each, each], hidden, index);
  return {
    decoder: {
      ...mixerNames(config),
      deltaQuery: large(0),
      deltaKey: large(1),
      deltaValue: large(2),
      deltaGate: large(3),
      deltaBeta: small(0),
      deltaAlpha: small(1),
    },
    ignore: mediaTensors,
  };
}

function deltaKeys({ delta, deltaLayers }: ModelConfig): GgufKeys {
  if (!delta) return {};
  return {
    "attention.recurrent_layers": flags(deltaLayers),
    "ssm.conv_kernel": u32(delta.kernel),
    "ssm.state_size": u32(delta.keyDim),
    "ssm.group_count": u32(delta.keyHeads),
    "ssm.time_step_rank": u32(delta.valueHeads),
    "ssm.inner_size": u32(delta.valueHeads * delta.valueDim),
  };
}

export const qwen3Next: Family = {
  name: "qwen3_next",
  huggingface: {
    types: ["qwen3_next"],
    defaults: mixerDefaults,
    knobs: (r, sizes): Knobs => ({
      ...mixerKnobs(r, sizes),
      experts: readSharedExperts(r, sizes.numLayers),
    }),
    names,
  },
  gguf: {
    architectures: ["qwen3next"],
    knobs: mixerGgufKnobs({ copied: false }),
    names: mixerGgufNames,
    write: (config) => ({
      ...expertSizes(config),
      ...sharedExpertWidth(config),
      ...expertNormalization(config),
      ...deltaKeys(config),
    }),
  },
};
