// BLOOM and BLOOMZ: ALiBi, a norm of the embedding, q, k, v packed head by head.
import { alibiSlopes } from "../config/alibi.ts";
import type { Knobs } from "../config/config.ts";
import type { Family, Sizes } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { packedGroups } from "./read/packing.ts";

const bloomKnobs = ({ numHeads }: Sizes): Knobs => ({
  ...layerNormKnobs,
  activation: "gelu-tanh",
  embeddingNorm: true,
  ropes: [],
  alibiSlopes: alibiSlopes(numHeads),
});

export const bloom: Family = {
  name: "bloom",
  huggingface: {
    types: ["bloom"],
    spellings: {
      num_hidden_layers: ["n_layer"],
      hidden_size: ["n_embed"],
      num_attention_heads: ["n_head"],
      max_position_embeddings: ["seq_length"],
    },
    // ALiBi has no longest context; 2,048 is that of the published models.
    defaults: { max_position_embeddings: 2048, tie_word_embeddings: true },
    knobs(r, sizes): Knobs {
      r.ignore("attention_softmax_in_fp32", "masked_softmax_fusion", "offset_alibi", "slow_but_exact");
      r.ignore("bias_dropout_fusion", "skip_bias_add", "skip_bias_add_qkv", "unk_token_id", "n_inner");
      return {
        ...bloomKnobs(sizes),
        intermediateSize: 4 * sizes.hiddenSize,
        normEps: r.number("layer_norm_epsilon", 1e-5),
        residualFromNorm: r.boolean("apply_residual_connection_post_layernorm", false),
      };
    },
    names({ numHeads, headDim, hiddenSize }, facts) {
      const base = facts.has("transformer.word_embeddings.weight") ? "transformer." : "";
      const layer = `${base}h.{l}`;
      const packed = `${layer}.self_attention.query_key_value`;
      return {
        decoder: {
          embedding: `${base}word_embeddings`,
          embeddingNorm: `${base}word_embeddings_layernorm`,
          finalNorm: `${base}ln_f`,
          head: "lm_head",
          attentionNorm: `${layer}.input_layernorm`,
          ...packedGroups(packed, numHeads, [headDim, headDim, headDim], hiddenSize),
          output: `${layer}.self_attention.dense`,
          mlpNorm: `${layer}.post_attention_layernorm`,
          up: `${layer}.mlp.dense_h_to_4h`,
          down: `${layer}.mlp.dense_4h_to_h`,
        },
      };
    },
  },
  gguf: {
    architectures: ["bloom"],
    knobs: (_, sizes): Knobs => bloomKnobs(sizes),
    packed: true,
    write: () => ({}),
  },
};
