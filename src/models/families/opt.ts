// OPT: learned positions with an offset; the 350m's post-norms and narrower embedding.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";

/** The first rows of the table of positions are not used. */
const OFFSET = 2;

export const opt: Family = {
  name: "opt",
  huggingface: {
    types: ["opt"],
    spellings: { intermediate_size: ["ffn_dim"] },
    defaults: { max_position_embeddings: 2048, intermediate_size: 3072, tie_word_embeddings: true },
    knobs(r, { hiddenSize, contextLength }): Knobs {
      r.ignore("activation_dropout", "dropout", "layerdrop", "init_std", "prefix", "output_projection");
      const bias = r.boolean("enable_bias", true);
      const isBefore = r.boolean("do_layer_norm_before", true);
      const isRemoved = r.boolean("_remove_final_layer_norm", false);
      const hasWeights = r.boolean("layer_norm_elementwise_affine", true);
      return {
        norm: "layer",
        gatedMlp: false,
        ropes: [],
        normEps: 1e-5,
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        normBias: hasWeights,
        normWeight: hasWeights ? "plain" : "none",
        normPlace: isBefore ? "pre" : "post",
        finalNorm: isBefore && !isRemoved,
        activation: readActivation(r, "activation_function", "relu"),
        embeddingSize: r.size("word_embed_proj_dim", hiddenSize),
        learnedPositions: contextLength + OFFSET,
        learnedPositionOffset: OFFSET,
      };
    },
    names(_, facts) {
      const base = facts.has("model.decoder.embed_tokens.weight") ? "model.decoder" : "decoder";
      const layer = `${base}.layers.{l}`;
      const attentionNorm = `${layer}.self_attn_layer_norm`;
      const mlpNorm = `${layer}.final_layer_norm`;
      return {
        decoder: {
          embedding: `${base}.embed_tokens`,
          positions: `${base}.embed_positions`,
          projectIn: `${base}.project_in`,
          projectOut: `${base}.project_out`,
          finalNorm: `${base}.final_layer_norm`,
          head: "lm_head",
          attentionNorm,
          attentionAfterNorm: attentionNorm,
          query: `${layer}.self_attn.q_proj`,
          key: `${layer}.self_attn.k_proj`,
          value: `${layer}.self_attn.v_proj`,
          output: `${layer}.self_attn.out_proj`,
          mlpNorm,
          mlpAfterNorm: mlpNorm,
          up: `${layer}.fc1`,
          down: `${layer}.fc2`,
        },
      };
    },
  },
};
