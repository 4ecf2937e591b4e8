// Qwen3-Next and Qwen3.5: gated delta nets with gated attention every few layers. Data only.
import type { ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { CheckpointFacts, Family, ModelNames, StoredPart, TensorNames } from "./family.ts";
import { readQwenExperts, sharedExpert } from "./qwen-moe.ts";
import { readGgufExperts } from "./read/experts.ts";
import { type ReadKnobs, readLlamaLine, type Sizes } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { mediaTensors, textPart, withRoot } from "./read/multimodal.ts";
import { pieceOf, pieceOfGroups } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import { nextTokenLayers } from "./read/sigmoid-router.ts";

const defaults = {
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

function mixerKnobs(r: ConfigReader, sizes: Sizes): Partial<ModelConfig> {
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

function readShared(r: ConfigReader, numLayers: number) {
  return {
    ...readQwenExperts(r, numLayers, { normalized: true }),
    sharedIntermediateSize: r.size("shared_expert_intermediate_size"),
    sharedGate: true,
  };
}

/** What both spellings share: the query's rows with their gate's, head by head, and the delta net's small tensors. */
function mixerNames({ hiddenSize, numHeads, headDim, delta }: ModelConfig): Partial<TensorNames> {
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
    ...llamaNames.huggingface,
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
function readGguf(
  reader: ConfigReader,
  facts: CheckpointFacts,
  { copied }: { copied: boolean },
): ModelConfig {
  return readLlamaLine(reader, facts, (r, { numLayers: all }) => {
    const numLayers = all - r.number("nextn_predict_layers", 0);
    const interval = r.size("full_attention_interval", 4, 1024);
    const listed = r.flags("attention.recurrent_layers", all);
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
  });
}

function mixerGgufNames(config: ModelConfig, facts: CheckpointFacts): ModelNames {
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
    ignore: nextTokenLayers(config, "gguf"),
  };
}

/** Qwen3.5's names in GGUF: the same but for beta and alpha, and for heads that are copies. */
function copiedGgufNames(config: ModelConfig, facts: CheckpointFacts): ModelNames {
  const { hiddenSize: hidden, delta, deltaLayers } = config;
  const { keyHeads = 0, valueHeads = 0, keyDim = 0, valueDim = 0, kernel = 0 } = delta ?? {};
  const values = valueHeads * valueDim;
  const [rows = 0] = facts.shape?.(`blk.${deltaLayers.indexOf(true)}.attn_qkv.weight`) ?? [];
  const keys = (rows - values) / 2;
  // Value head h reads stored key head h modulo their number.
  const copies = Int32Array.from({ length: keyHeads * keyDim }, (_, row) => row % keys);
  const qkv = { name: "blk.{l}.attn_qkv", shape: [rows, hidden] };
  const kernels = { name: "blk.{l}.ssm_conv1d", shape: [rows, kernel] };
  const kernelOrder = Int32Array.from(
    { length: copies.length * kernel },
    (_, i) => copies[Math.floor(i / kernel)] * kernel + (i % kernel),
  );
  return {
    decoder: {
      ...mixerGgufNames(config, facts).decoder,
      deltaQuery: { ...qkv, order: copies },
      deltaKey: { ...qkv, first: keys, order: copies },
      deltaValue: { ...qkv, first: 2 * keys },
      deltaGate: "blk.{l}.attn_gate",
      deltaBeta: "blk.{l}.ssm_beta",
      deltaAlpha: "blk.{l}.ssm_alpha",
      deltaQueryKernel: { ...kernels, order: kernelOrder },
      deltaKeyKernel: { ...kernels, first: keys * kernel, order: kernelOrder },
      deltaValueKernel: { ...kernels, first: 2 * keys * kernel },
    },
    ignore: nextTokenLayers(config, "gguf"),
  };
}

export const qwen3Next: Family = {
  name: "qwen3_next",
  modelTypes: ["qwen3_next"],
  ggufArchitectures: ["qwen3next"],
  interleavedRope: [],
  defaults,
  readConfig: (reader, facts) =>
    facts.dialect === "gguf"
      ? readGguf(reader, facts, { copied: false })
      : readLlamaLine(reader, facts, (r, sizes) => ({
          ...mixerKnobs(r, sizes),
          experts: readShared(r, sizes.numLayers),
        })),
  names(config, facts) {
    if (facts.dialect === "gguf") return mixerGgufNames(config, facts);
    const { hiddenSize: hidden, delta } = config;
    const { keyHeads = 1, valueHeads = 1, keyDim = 0, valueDim = 0 } = delta ?? {};
    const each = valueHeads / keyHeads;
    const linear = "model.layers.{l}.linear_attn";
    // For each key head its query, key, values and gates; then its steps and decays.
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
  },
};

const defaults35 = { ...defaults, vocab_size: 248_320, num_experts: undefined, num_experts_per_tok: 8 };

export const qwen35: Family = {
  name: "qwen3_5",
  modelTypes: ["qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"],
  ggufArchitectures: ["qwen35", "qwen35moe"],
  interleavedRope: [],
  defaults: defaults35,
  readConfig(reader, facts) {
    if (facts.dialect === "gguf") return readGguf(reader, facts, { copied: true });
    const knobs: ReadKnobs = (r, sizes) => {
      r.ignore(
        "attn_output_gate",
        "mtp_num_hidden_layers",
        "mtp_use_dedicated_embeddings",
        "mamba_ssm_dtype",
      );
      const experts = r.has("num_experts") ? readShared(r, sizes.numLayers) : undefined;
      const mixer = mixerKnobs(r, sizes);
      return experts ? { ...mixer, experts, intermediateSize: experts.intermediateSize } : mixer;
    };
    return textPart(reader, defaults35, (text) => readLlamaLine(text, facts, knobs));
  },
  names(config, facts) {
    if (facts.dialect === "gguf") return copiedGgufNames(config, facts);
    const { has } = facts;
    const { hiddenSize: hidden, delta, experts } = config;
    const { keyHeads = 0, valueHeads = 0, keyDim = 0, valueDim = 0 } = delta ?? {};
    const sizes = [keyHeads * keyDim, keyHeads * keyDim, valueHeads * valueDim];
    const linear = "model.layers.{l}.linear_attn";
    const piece = (index: number) => pieceOf(`${linear}.in_proj_qkv`, sizes, hidden, index);
    const decoder: Partial<TensorNames> = {
      ...mixerNames(config),
      deltaQuery: piece(0),
      deltaKey: piece(1),
      deltaValue: piece(2),
      deltaGate: `${linear}.in_proj_z`,
      deltaBeta: `${linear}.in_proj_b`,
      deltaAlpha: `${linear}.in_proj_a`,
    };
    const isStacked = ["model.", "model.language_model."].some((root) =>
      has(`${root}layers.0.mlp.experts.gate_up_proj`),
    );
    if (!experts || !isStacked) return { decoder: withRoot(decoder, has), ignore: mediaTensors };
    // All experts in one tensor: [experts, out, in], gate and up one after the other.
    const { count, intermediateSize: width } = experts;
    const stacked = "model.layers.{l}.mlp.experts";
    const gateUp = (expert: number, first: number): StoredPart => ({
      name: `${stacked}.gate_up_proj`,
      suffix: "",
      shape: [count, 2 * width, hidden],
      first: expert * 2 * width + first,
    });
    const packed: Partial<TensorNames> = {
      ...decoder,
      expertGate: (expert) => gateUp(expert, 0),
      expertUp: (expert) => gateUp(expert, width),
      expertDown: (expert) => ({
        name: `${stacked}.down_proj`,
        suffix: "",
        shape: [count, hidden, width],
        first: expert * hidden,
      }),
    };
    return { decoder: withRoot(packed, has), ignore: mediaTensors };
  },
};
