// Nomic's BERT: an encoder alone with RoPE, norms after sums and a gated MLP.
import type { Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { encoderKnobs, ggufEncoderNames, writeEncoder } from "./read/encoder.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedThirds } from "./read/packing.ts";

const nomicKnobs = {
  ...encoderKnobs,
  norm: "layer",
  normBias: true,
  normPlace: "post",
  finalNorm: false,
  embeddingNorm: true,
} as const satisfies Knobs;

/** Its own files name the kind of the MLP, transformers' the activation alone. */
const readGate = (r: ConfigReader) =>
  r.has("activation_function")
    ? r.choice("activation_function", { swiglu: "silu", geglu: "gelu" } as const)
    : readActivation(r, "hidden_act", "silu");

export const nomicBert: Family = {
  name: "nomic-bert",
  huggingface: {
    types: ["nomic_bert"],
    spellings: {
      num_hidden_layers: ["n_layer"],
      hidden_size: ["n_embd"],
      num_attention_heads: ["n_head"],
      max_position_embeddings: ["n_positions"],
      intermediate_size: ["n_inner"],
      layer_norm_eps: ["layer_norm_epsilon"],
      rope_theta: ["rotary_emb_base"],
    },
    defaults: { max_position_embeddings: 2048, rope_theta: 1000 },
    knobs(r): Knobs {
      r.ignore("dense_seq_output", "fused_bias_fc", "fused_dropout_add_ln", "use_flash_attn", "use_xentropy");
      r.ignore("pad_vocab_size_multiple", "parallel_block_tied_norm", "max_trained_positions");
      r.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_first_dropout");
      r.ignore("summary_proj_to_labels", "reorder_and_upcast_attn", "tie_word_embeddings");
      for (const off of ["prenorm", "parallel_block", "causal", "use_rms_norm", "rotary_emb_interleaved"]) {
        r.only(off, false);
      }
      r.only("scale_attn_by_inverse_layer_idx", false);
      r.only("scale_attn_weights", true);
      // Angles that stretch with the text, which no published model asks for.
      r.only("rotary_scaling_factor");
      r.only("rotary_emb_fraction", 1);
      r.only("rotary_emb_scale_base");
      const attentionBias = r.boolean("qkv_proj_bias", false);
      const mlpBias = r.boolean("mlp_fc1_bias", false);
      r.only("mlp_fc2_bias", mlpBias);
      return {
        ...nomicKnobs,
        qkvBias: attentionBias,
        outputBias: attentionBias,
        mlpBias,
        activation: readGate(r),
        normEps: r.number("layer_norm_eps", 1e-12),
        tokenTypes: r.size("type_vocab_size", 2, 65_536),
      };
    },
    names({ hiddenSize: hidden }, { has }) {
      const base = has("bert.embeddings.word_embeddings.weight") ? "bert." : "";
      const layer = `${base}encoder.layers.{l}`;
      return {
        decoder: {
          embedding: `${base}embeddings.word_embeddings`,
          tokenTypes: `${base}embeddings.token_type_embeddings`,
          embeddingNorm: `${base}emb_ln`,
          ...packedThirds(`${layer}.attn.Wqkv`, [hidden, hidden, hidden], hidden),
          output: `${layer}.attn.out_proj`,
          attentionAfterNorm: `${layer}.norm1`,
          gate: `${layer}.mlp.fc12`,
          up: `${layer}.mlp.fc11`,
          down: `${layer}.mlp.fc2`,
          mlpAfterNorm: `${layer}.norm2`,
        },
        // The head of pre-training, and a pooler that nobody asks.
        ignore: /^cls\.|(^|\.)embeddings\.(position_ids|token_type_ids)$|(^|\.)pooler\.dense\./,
      };
    },
  },
  gguf: {
    architectures: ["nomic-bert"],
    knobs(r, _, facts): Knobs {
      r.only("attention.causal", false);
      const attentionBias = facts.has("blk.0.attn_qkv.bias");
      return {
        ...nomicKnobs,
        qkvBias: attentionBias,
        outputBias: attentionBias,
        mlpBias: facts.has("blk.0.ffn_up.bias"),
        activation: "silu",
        tokenTypes: r.number("token_type_count", facts.shape?.("token_types.weight")?.[0] ?? 0),
      };
    },
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...ggufEncoderNames,
        attentionAfterNorm: "blk.{l}.attn_output_norm",
        mlpAfterNorm: "blk.{l}.layer_output_norm",
      },
    }),
    packed: true,
    write: writeEncoder,
  },
};
