// DistilBERT: BERT with half its layers and without token types.
import type { Knobs } from "../config/config.ts";
import { bert, bertKnobs } from "./bert.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { classesOf } from "./read/encoder.ts";

export const distilbert: Family = {
  name: "distilbert",
  huggingface: {
    types: ["distilbert"],
    spellings: {
      num_hidden_layers: ["n_layers"],
      hidden_size: ["dim"],
      num_attention_heads: ["n_heads"],
      intermediate_size: ["hidden_dim"],
    },
    defaults: { max_position_embeddings: 512 },
    knobs(r, { contextLength }, facts): Knobs {
      // The table of positions is in the file however it was made.
      r.ignore("sinusoidal_pos_embds", "qa_dropout", "seq_classif_dropout", "dropout", "tie_weights_");
      r.ignore("tie_word_embeddings", "output_past");
      const classes = classesOf(facts, "classifier");
      return {
        ...bertKnobs,
        activation: readActivation(r, "activation", "gelu"),
        normEps: 1e-12,
        learnedPositions: contextLength,
        classifier:
          classes > 0
            ? { classes, pooling: "cls", dense: { bias: true, activation: "relu", norm: false } }
            : undefined,
      };
    },
    names(_, { has }) {
      const base = has("distilbert.embeddings.word_embeddings.weight") ? "distilbert." : "";
      const layer = `${base}transformer.layer.{l}`;
      return {
        decoder: {
          embedding: `${base}embeddings.word_embeddings`,
          positions: `${base}embeddings.position_embeddings`,
          embeddingNorm: `${base}embeddings.LayerNorm`,
          query: `${layer}.attention.q_lin`,
          key: `${layer}.attention.k_lin`,
          value: `${layer}.attention.v_lin`,
          output: `${layer}.attention.out_lin`,
          attentionAfterNorm: `${layer}.sa_layer_norm`,
          up: `${layer}.ffn.lin1`,
          down: `${layer}.ffn.lin2`,
          mlpAfterNorm: `${layer}.output_layer_norm`,
          classifierDense: "pre_classifier",
          classifier: "classifier",
        },
        // Heads of pre-training.
        ignore: /^vocab_(transform|layer_norm|projector)\.|(^|\.)embeddings\.position_ids$/,
      };
    },
  },
  gguf: bert.gguf && { ...bert.gguf, architectures: [], writtenAs: "bert" },
};
