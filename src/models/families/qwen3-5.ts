// Qwen3.5: Qwen3-Next's mixers, dense or with experts, in checkpoints for several media.
import type { ExpertsConfig, Knobs, ModelConfig } from "../config/config.ts";
import type { CheckpointFacts, Family, ModelNames, StoredPart, TensorNames } from "./family.ts";
import {
  mixerDefaults,
  mixerGgufKnobs,
  mixerGgufNames,
  mixerKnobs,
  mixerNames,
  readSharedExperts,
} from "./qwen3-next.ts";
import { pieceOf } from "./read/packing.ts";
import { ggufNextTokenLayers } from "./read/sigmoid-router.ts";

/** Qwen3.5's names: queries, keys and values one after another; experts may be all in one tensor. */
function names(config: ModelConfig, { has }: CheckpointFacts): ModelNames {
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
  return { decoder: experts && isStacked ? { ...decoder, ...stackedExperts(experts, hidden) } : decoder };
}

/** All experts in one tensor: [experts, out, in], gate and up one after the other. */
function stackedExperts({ count, intermediateSize: width }: ExpertsConfig, hidden: number) {
  const stacked = "model.layers.{l}.mlp.experts";
  const gateUp = (expert: number, first: number): StoredPart => ({
    name: `${stacked}.gate_up_proj`,
    suffix: "",
    shape: [count, 2 * width, hidden],
    first: expert * 2 * width + first,
  });
  const down = (expert: number): StoredPart => ({
    name: `${stacked}.down_proj`,
    suffix: "",
    shape: [count, hidden, width],
    first: expert * hidden,
  });
  return {
    expertGate: (expert) => gateUp(expert, 0),
    expertUp: (expert) => gateUp(expert, width),
    expertDown: down,
  } satisfies Partial<TensorNames>;
}

/** Qwen3-Next's names in GGUF but for beta and alpha, and for heads that are copies. */
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
    ignore: ggufNextTokenLayers(config),
  };
}

export const qwen35: Family = {
  name: "qwen3_5",
  huggingface: {
    types: ["qwen3_5", "qwen3_5_text", "qwen3_5_moe", "qwen3_5_moe_text"],
    textPart: true,
    defaults: { ...mixerDefaults, vocab_size: 248_320, num_experts: undefined, num_experts_per_tok: 8 },
    knobs(r, sizes): Knobs {
      r.ignore("attn_output_gate", "mtp_num_hidden_layers", "mtp_use_dedicated_embeddings");
      r.ignore("mamba_ssm_dtype");
      const mixer = mixerKnobs(r, sizes);
      if (!r.has("num_experts")) return mixer;
      const experts = readSharedExperts(r, sizes.numLayers);
      return { ...mixer, experts, intermediateSize: experts.intermediateSize };
    },
    names,
  },
  gguf: {
    architectures: ["qwen35", "qwen35moe"],
    knobs: mixerGgufKnobs({ copied: true }),
    names: copiedGgufNames,
  },
};
