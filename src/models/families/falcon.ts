// Falcon: 7B and 11B (parallel, one norm), 40B and 180B (parallel, two norms), RW (ALiBi).
import { bfloatToFloat, floatToBfloat } from "../../formats/blocks/half.ts";
import { alibiSlopes } from "../config/alibi.ts";
import type { Knobs } from "../config/config.ts";
import type { Family, Sizes } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedGroups } from "./read/packing.ts";

/** Slopes count in bfloat16, and what they add is scaled as the scores are; it is not rounded once more. */
function slopes({ numHeads, headDim }: Sizes): number[] {
  const rounded = bfloatToFloat(floatToBfloat(Float32Array.from(alibiSlopes(numHeads))));
  return Array.from(rounded, (slope) => slope / Math.sqrt(headDim));
}

const alibi = (sizes: Sizes): Knobs => ({ ropes: [], alibiSlopes: slopes(sizes) });

const falconKnobs = (sizes: Sizes, hasAlibi: boolean): Knobs => ({
  ...(hasAlibi && alibi(sizes)),
  norm: "layer",
  normBias: true,
  gatedMlp: false,
});

export const falcon: Family = {
  name: "falcon",
  huggingface: {
    // The first checkpoints' own code called it RefinedWeb.
    types: ["falcon", "RefinedWeb", "RefinedWebModel"],
    spellings: {
      num_hidden_layers: ["n_layer"],
      hidden_size: ["n_embed"],
      num_attention_heads: ["n_head"],
      num_kv_heads: ["n_head_kv"],
    },
    defaults: { max_position_embeddings: 2048, tie_word_embeddings: true },
    knobs(r, sizes): Knobs {
      const { hiddenSize, numHeads } = sizes;
      r.ignore("ff_factor");
      r.only("apply_residual_connection_post_layernorm", false);
      const isNew = r.boolean("new_decoder_architecture", r.text("model_type") === "RefinedWeb");
      const isParallel = r.boolean("parallel_attn", true) || isNew;
      const norms = r.number("num_ln_in_parallel_attn", isNew ? 2 : 1);
      const shared = r.boolean("multi_query", true);
      const kvHeads = r.size("num_kv_heads", numHeads, 65_536);
      const bias = r.boolean("bias", false);
      const alibi = r.boolean("alibi", false);
      if (alibi) r.ignore("rope_parameters", "rope_theta"); // transformers 5 writes them all the same
      return {
        ...falconKnobs(sizes, alibi),
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        activation: readActivation(r, "activation", "gelu"),
        intermediateSize: r.size("ffn_hidden_size", 4 * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        numKvHeads: isNew ? kvHeads : shared ? 1 : numHeads,
        residual: !isParallel ? "sequential" : isNew && norms === 2 ? "parallel" : "parallel-shared",
      };
    },
    names({ hiddenSize, numHeads, numKvHeads, headDim, residual }) {
      const twoNorms = residual === "parallel";
      const layer = "transformer.h.{l}";
      const packed = `${layer}.self_attention.query_key_value`;
      const group = [(numHeads / numKvHeads) * headDim, headDim, headDim] as const;
      return {
        decoder: {
          embedding: "transformer.word_embeddings",
          finalNorm: "transformer.ln_f",
          head: "lm_head",
          attentionNorm: twoNorms ? `${layer}.ln_attn` : `${layer}.input_layernorm`,
          ...packedGroups(packed, numKvHeads, group, hiddenSize),
          output: `${layer}.self_attention.dense`,
          mlpNorm: twoNorms ? `${layer}.ln_mlp` : `${layer}.post_attention_layernorm`,
          up: `${layer}.mlp.dense_h_to_4h`,
          down: `${layer}.mlp.dense_4h_to_h`,
        },
      };
    },
  },
  gguf: {
    architectures: ["falcon"],
    knobs(r, sizes, { has }): Knobs {
      r.ignore("tensor_data_layout");
      const two = has("blk.0.attn_norm_2.weight");
      return {
        ...falconKnobs(sizes, r.number("attention.max_alibi_bias", 0) > 0),
        activation: "gelu",
        residual: two ? "parallel" : has("blk.0.ffn_norm.weight") ? "sequential" : "parallel-shared",
      };
    },
    names(config, facts) {
      const names = ggufNames(config, facts);
      if (config.residual !== "parallel") return { decoder: names };
      return {
        decoder: { ...names, attentionNorm: "blk.{l}.attn_norm_2", mlpNorm: "blk.{l}.attn_norm" },
      };
    },
    packed: true,
    write: () => ({}),
    marks: ({ residual }) => [
      "blk.0.attn_norm.weight",
      ...(residual === "parallel" ? ["blk.0.attn_norm_2.weight"] : []),
      ...(residual === "sequential" ? ["blk.0.ffn_norm.weight"] : []),
    ],
  },
};
