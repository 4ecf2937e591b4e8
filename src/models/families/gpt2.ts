// GPT-2: learned positions, LayerNorm, weights stored as [in, out]. Data only.

import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { transposedPart } from "./read/packing.ts";

/** What every model with LayerNorm, biases everywhere and a plain MLP shares. */
export const layerNormKnobs = {
  norm: "layer",
  normBias: true,
  gatedMlp: false,
  qkvBias: true,
  outputBias: true,
  mlpBias: true,
} as const;

export const gpt2: Family = {
  name: "gpt2",
  modelTypes: ["gpt2"],
  ggufArchitectures: ["gpt2"],
  spellings: {
    num_hidden_layers: ["n_layer"],
    hidden_size: ["n_embd"],
    num_attention_heads: ["n_head"],
    max_position_embeddings: ["n_positions", "n_ctx"],
    intermediate_size: ["n_inner"],
  },
  defaults: { max_position_embeddings: 1024, tie_word_embeddings: true },
  interleavedRope: [],
  readConfig(reader, facts) {
    const gguf = facts.dialect === "gguf";
    return readLlamaLine(reader, facts, (r, { hiddenSize, headDim, contextLength }) => {
      const knobs = { ...layerNormKnobs, ropes: [], learnedPositions: contextLength };
      if (gguf) return { ...knobs, activation: "gelu-tanh" };
      r.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_first_dropout");
      r.ignore("summary_proj_to_labels", "reorder_and_upcast_attn");
      r.ignore("n_special", "predict_special_tokens", "output_past", "_num_labels");
      r.only("add_cross_attention", false);
      return {
        ...knobs,
        activation: readActivation(r, "activation_function", "gelu_new"),
        intermediateSize: r.size("intermediate_size", 4 * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        attentionScale: r.boolean("scale_attn_weights", true) ? 1 / Math.sqrt(headDim) : 1,
        attentionScaleByDepth: r.boolean("scale_attn_by_inverse_layer_idx", false),
      };
    });
  },
  names(config, facts) {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    const { hiddenSize: hidden, intermediateSize: inner } = config;
    const base = facts.has("transformer.wte.weight") ? "transformer." : "";
    const layer = `${base}h.{l}`;
    const third = (index: number) =>
      transposedPart(`${layer}.attn.c_attn`, [hidden, 3 * hidden], { first: index * hidden, rows: hidden });
    return {
      decoder: {
        embedding: `${base}wte`,
        positions: `${base}wpe`,
        finalNorm: `${base}ln_f`,
        head: "lm_head",
        attentionNorm: `${layer}.ln_1`,
        query: third(0),
        key: third(1),
        value: third(2),
        output: transposedPart(`${layer}.attn.c_proj`, [hidden, hidden]),
        mlpNorm: `${layer}.ln_2`,
        up: transposedPart(`${layer}.mlp.c_fc`, [hidden, inner]),
        down: transposedPart(`${layer}.mlp.c_proj`, [inner, hidden]),
      },
    };
  },
};
