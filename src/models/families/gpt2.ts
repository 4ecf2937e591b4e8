// GPT-2: learned positions, LayerNorm, weights stored as [in, out].
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { transposedPart } from "./read/packing.ts";

/** What every model with LayerNorm, biases everywhere and a plain MLP shares. */
export const layerNormKnobs = {
  norm: "layer",
  normBias: true,
  gatedMlp: false,
  qkvBias: true,
  outputBias: true,
  mlpBias: true,
} as const satisfies Knobs;

export const gpt2: Family = {
  name: "gpt2",
  huggingface: {
    types: ["gpt2"],
    spellings: {
      num_hidden_layers: ["n_layer"],
      hidden_size: ["n_embd"],
      num_attention_heads: ["n_head"],
      max_position_embeddings: ["n_positions", "n_ctx"],
      intermediate_size: ["n_inner"],
    },
    defaults: { max_position_embeddings: 1024, tie_word_embeddings: true },
    knobs(r, { hiddenSize, headDim, contextLength }): Knobs {
      r.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_first_dropout");
      r.ignore("summary_proj_to_labels", "reorder_and_upcast_attn");
      r.ignore("n_special", "predict_special_tokens", "output_past", "_num_labels");
      r.only("add_cross_attention", false);
      return {
        ...layerNormKnobs,
        ropes: [],
        learnedPositions: contextLength,
        activation: readActivation(r, "activation_function", "gelu_new"),
        intermediateSize: r.size("intermediate_size", 4 * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        attentionScale: r.boolean("scale_attn_weights", true) ? 1 / Math.sqrt(headDim) : 1,
        attentionScaleByDepth: r.boolean("scale_attn_by_inverse_layer_idx", false),
      };
    },
    names({ hiddenSize: hidden, intermediateSize: inner }, facts) {
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
  },
  gguf: {
    architectures: ["gpt2"],
    knobs: (_, { contextLength }): Knobs => ({
      ...layerNormKnobs,
      ropes: [],
      learnedPositions: contextLength,
      activation: "gelu-tanh",
    }),
    packed: true,
    write: () => ({}),
  },
};
