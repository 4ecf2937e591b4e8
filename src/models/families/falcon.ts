// Falcon: 7B and 11B (parallel, one norm), 40B and 180B (parallel, two norms), RW (ALiBi).
import { bfloatToFloat, floatToBfloat } from "../../formats/blocks/half.ts";
import { alibiSlopes } from "../config/alibi.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedGroups } from "./read/packing.ts";

const knobs = { norm: "layer", normBias: true, gatedMlp: false } as const;

/** Slopes count in bfloat16, and what they add is scaled as the scores are; it is not rounded once more. */
function slopes(numHeads: number, headDim: number): number[] {
  const rounded = bfloatToFloat(floatToBfloat(Float32Array.from(alibiSlopes(numHeads))));
  return Array.from(rounded, (slope) => slope / Math.sqrt(headDim));
}

export const falcon: Family = {
  name: "falcon",
  // The first checkpoints' own code called it RefinedWeb.
  modelTypes: ["falcon", "RefinedWeb", "RefinedWebModel"],
  ggufArchitectures: ["falcon"],
  spellings: {
    num_hidden_layers: ["n_layer"],
    hidden_size: ["n_embed"],
    num_attention_heads: ["n_head"],
    num_kv_heads: ["n_head_kv"],
  },
  defaults: { max_position_embeddings: 2048, tie_word_embeddings: true },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { hiddenSize, numHeads, headDim }) => {
      if (facts.dialect === "gguf") {
        r.ignore("tensor_data_layout");
        const [two, after] = ["attn_norm_2", "ffn_norm"].map((name) => facts.has(`blk.0.${name}.weight`));
        const alibi = r.number("attention.max_alibi_bias", 0) > 0;
        return {
          ...knobs,
          activation: "gelu" as const,
          residual: two ? "parallel" : after ? "sequential" : "parallel-shared",
          ...(alibi ? { ropes: [], alibiSlopes: slopes(numHeads, headDim) } : {}),
        };
      }
      r.ignore("ff_factor");
      r.only("apply_residual_connection_post_layernorm", false);
      const isNew = r.boolean("new_decoder_architecture", r.text("model_type") === "RefinedWeb");
      const isParallel = r.boolean("parallel_attn", true) || isNew;
      const norms = r.number("num_ln_in_parallel_attn", isNew ? 2 : 1);
      const shared = r.boolean("multi_query", true);
      const kvHeads = r.size("num_kv_heads", numHeads, 65_536);
      const bias = r.boolean("bias", false);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        activation: readActivation(r, "activation", "gelu"),
        intermediateSize: r.size("ffn_hidden_size", 4 * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        numKvHeads: isNew ? kvHeads : shared ? 1 : numHeads,
        residual: !isParallel ? "sequential" : isNew && norms === 2 ? "parallel" : "parallel-shared",
        ...(r.boolean("alibi", false) ? { ropes: [], alibiSlopes: slopes(numHeads, headDim) } : {}),
      };
    }),
  names(config, facts) {
    const twoNorms = config.residual === "parallel";
    if (facts.dialect === "gguf") {
      const names = ggufNames(config, facts);
      const two = { attentionNorm: "blk.{l}.attn_norm_2", mlpNorm: "blk.{l}.attn_norm" };
      return { decoder: twoNorms ? { ...names, ...two } : names };
    }
    const { hiddenSize, numHeads, numKvHeads, headDim } = config;
    const layer = "transformer.h.{l}";
    const packed = `${layer}.self_attention.query_key_value`;
    return {
      decoder: {
        embedding: "transformer.word_embeddings",
        finalNorm: "transformer.ln_f",
        head: "lm_head",
        attentionNorm: twoNorms ? `${layer}.ln_attn` : `${layer}.input_layernorm`,
        ...packedGroups(
          packed,
          numKvHeads,
          [(numHeads / numKvHeads) * headDim, headDim, headDim],
          hiddenSize,
        ),
        output: `${layer}.self_attention.dense`,
        mlpNorm: twoNorms ? `${layer}.ln_mlp` : `${layer}.post_attention_layernorm`,
        up: `${layer}.mlp.dense_h_to_4h`,
        down: `${layer}.mlp.dense_4h_to_h`,
      },
    };
  },
};
