// GPT-NeoX and Pythia: parallel branches, partial RoPE, q, k, v packed head by head.
import type { Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { readActivation } from "./read/activation.ts";
import { packedGroups } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";
import { flag } from "./write/keys.ts";

/** The key has one name in both forms. */
const readResidual = (r: ConfigReader) =>
  r.boolean("use_parallel_residual", true) ? "parallel" : "sequential";

export const gptNeox: Family = {
  name: "gpt_neox",
  huggingface: {
    types: ["gpt_neox"],
    spellings: { rope_theta: ["rotary_emb_base"], partial_rotary_factor: ["rotary_pct"] },
    defaults: { max_position_embeddings: 2048 },
    knobs(r, { headDim, contextLength }): Knobs {
      r.ignore("classifier_dropout", "is_decoder");
      const bias = r.boolean("attention_bias", true);
      return {
        ...layerNormKnobs,
        residual: readResidual(r),
        qkvBias: bias,
        outputBias: bias,
        activation: readActivation(r, "hidden_act", "gelu"),
        normEps: r.number("layer_norm_eps", 1e-5),
        ropes: [readRope(r, { dims: headDim, contextLength, partial: 0.25 })],
      };
    },
    names({ hiddenSize, numHeads, headDim }, facts) {
      const layer = "gpt_neox.layers.{l}";
      const packed = `${layer}.attention.query_key_value`;
      return {
        decoder: {
          embedding: "gpt_neox.embed_in",
          finalNorm: "gpt_neox.final_layer_norm",
          head: facts.has("embed_out.weight") ? "embed_out" : "lm_head",
          attentionNorm: `${layer}.input_layernorm`,
          ...packedGroups(packed, numHeads, [headDim, headDim, headDim], hiddenSize),
          output: `${layer}.attention.dense`,
          mlpNorm: `${layer}.post_attention_layernorm`,
          up: `${layer}.mlp.dense_h_to_4h`,
          down: `${layer}.mlp.dense_4h_to_h`,
        },
      };
    },
  },
  gguf: {
    architectures: ["gptneox"],
    knobs: (r): Knobs => ({ ...layerNormKnobs, residual: readResidual(r), activation: "gelu" }),
    packed: true,
    write: ({ residual }) => ({ use_parallel_residual: flag(residual === "parallel") }),
  },
};
