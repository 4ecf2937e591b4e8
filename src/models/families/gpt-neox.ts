// GPT-NeoX and Pythia: parallel branches, partial RoPE, q, k, v packed head by head.

import type { Family } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { readActivation } from "./read/activation.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedGroups } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";

export const gptNeox: Family = {
  name: "gpt_neox",
  modelTypes: ["gpt_neox"],
  ggufArchitectures: ["gptneox"],
  spellings: { rope_theta: ["rotary_emb_base"], partial_rotary_factor: ["rotary_pct"] },
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: [],
  readConfig(reader, facts) {
    return readLlamaLine(reader, facts, (r, { headDim, contextLength }) => {
      const parallel = r.boolean("use_parallel_residual", true);
      const knobs = { ...layerNormKnobs, residual: parallel ? "parallel" : "sequential" } as const;
      if (facts.dialect === "gguf") return { ...knobs, activation: "gelu" };
      r.ignore("classifier_dropout", "is_decoder");
      const bias = r.boolean("attention_bias", true);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        activation: readActivation(r, "hidden_act", "gelu"),
        normEps: r.number("layer_norm_eps", 1e-5),
        ropes: [readRope(r, { dims: headDim, contextLength, partial: 0.25 })],
      };
    });
  },
  names(config, facts) {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    const { hiddenSize, numHeads, headDim } = config;
    const layer = "gpt_neox.layers.{l}";
    return {
      decoder: {
        embedding: "gpt_neox.embed_in",
        finalNorm: "gpt_neox.final_layer_norm",
        head: facts.has("embed_out.weight") ? "embed_out" : "lm_head",
        attentionNorm: `${layer}.input_layernorm`,
        ...packedGroups(
          `${layer}.attention.query_key_value`,
          numHeads,
          [headDim, headDim, headDim],
          hiddenSize,
        ),
        output: `${layer}.attention.dense`,
        mlpNorm: `${layer}.post_attention_layernorm`,
        up: `${layer}.mlp.dense_h_to_4h`,
        down: `${layer}.mlp.dense_4h_to_h`,
      },
    };
  },
};
