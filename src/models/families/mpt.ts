// MPT: ALiBi or learned positions, norms without bias, q, k, v packed one after another.
import { alibiSlopes } from "../config/alibi.ts";
import type { Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family, Sizes } from "./family.ts";
import { packedThirds } from "./read/packing.ts";
import { alibiBias, qkvClip } from "./write/keys.ts";

const block = {
  norm: "layer",
  gatedMlp: false,
  activation: "gelu",
  ropes: [],
} as const satisfies Knobs;

/** ALiBi up to the exponent `max`; without it learned positions, or none. */
function positions({ numHeads, contextLength }: Sizes, max: number, learned: boolean): Knobs {
  if (max > 0) return { alibiSlopes: alibiSlopes(numHeads, max) };
  return learned ? { learnedPositions: contextLength } : {};
}

/** A number, or 1 / sqrt(d_model) by name. */
function readLogitScale(r: ConfigReader, hiddenSize: number): number {
  if (!r.isText("logit_scale")) return r.number("logit_scale", 1);
  r.only("logit_scale", "inv_sqrt_d_model");
  return hiddenSize ** -0.5;
}

/** The record of attention, which may be missing whole. */
function readAttention(r: ConfigReader, sizes: Sizes) {
  const attention = r.record("attn_config");
  attention?.ignore("attn_pdrop", "attn_impl", "attn_uses_sequence_id", "model_type");
  attention?.only("attn_type", "multihead_attention", "multiquery_attention", "grouped_query_attention");
  attention?.only("prefix_lm", false);
  attention?.only("qk_gn", false);
  attention?.only("rope", false);
  attention?.only("sliding_window_size", -1);
  const type = attention?.text("attn_type", "multihead_attention");
  const kvHeads = attention?.size("kv_n_heads", sizes.numHeads, 65_536) ?? sizes.numHeads;
  const alibi = attention?.boolean("alibi", true) ?? true;
  const max = attention?.number("alibi_bias_max", 8) ?? 8;
  const knobs: Knobs = {
    numKvHeads: type === "multiquery_attention" ? 1 : kvHeads,
    qkNorm: attention?.boolean("qk_ln", false) ? "full" : "none",
    attentionScale: attention?.number("softmax_scale", sizes.headDim ** -0.5) ?? sizes.headDim ** -0.5,
    qkvClip: attention?.number("clip_qkv", 0) ?? 0,
  };
  attention?.finish();
  return { knobs, alibi: alibi ? max : 0 };
}

/** Later files say the plain MLP once more in a record of its own. */
function checkFeedForward(feedForward: ConfigReader | undefined): void {
  feedForward?.ignore("fc_type", "model_type");
  feedForward?.only("ffn_type", "mptmlp");
  feedForward?.only("ffn_act_fn");
  feedForward?.finish();
}

export const mpt: Family = {
  name: "mpt",
  huggingface: {
    types: ["mpt"],
    spellings: {
      num_hidden_layers: ["n_layers"],
      hidden_size: ["d_model"],
      num_attention_heads: ["n_heads"],
      max_position_embeddings: ["max_seq_len"],
    },
    defaults: { max_position_embeddings: 2048, tie_word_embeddings: true },
    knobs(r, sizes): Knobs {
      r.ignore("emb_pdrop", "embedding_fraction", "init_device", "verbose", "init_config", "loss_fn");
      r.ignore("fc_type", "use_pad_tok_in_ffn", "tokenizer_name", "max_new_tokens");
      r.only("norm_type", "low_precision_layernorm", "layernorm");
      checkFeedForward(r.record("ffn_config"));
      const { knobs, alibi } = readAttention(r, sizes);
      // Without ALiBi there are learned positions, unless the file says that there are none.
      const learned = r.boolean("learned_pos_emb", true);
      const bias = !r.boolean("no_bias", true);
      return {
        ...block,
        ...knobs,
        ...positions(sizes, alibi, learned),
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        normBias: bias,
        intermediateSize: Math.trunc(r.number("expansion_ratio", 4) * sizes.hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        logitScale: readLogitScale(r, sizes.hiddenSize),
      };
    },
    names({ hiddenSize, numKvHeads, headDim }) {
      const kvWidth = numKvHeads * headDim;
      const layer = "transformer.blocks.{l}";
      return {
        decoder: {
          embedding: "transformer.wte",
          positions: "transformer.wpe",
          finalNorm: "transformer.norm_f",
          head: "lm_head",
          attentionNorm: `${layer}.norm_1`,
          ...packedThirds(`${layer}.attn.Wqkv`, [hiddenSize, kvWidth, kvWidth], hiddenSize),
          queryNorm: `${layer}.attn.q_ln`,
          keyNorm: `${layer}.attn.k_ln`,
          output: `${layer}.attn.out_proj`,
          mlpNorm: `${layer}.norm_2`,
          up: `${layer}.ffn.up_proj`,
          down: `${layer}.ffn.down_proj`,
        },
      };
    },
  },
  gguf: {
    architectures: ["mpt"],
    knobs(r, sizes, { has }): Knobs {
      const max = r.number("attention.max_alibi_bias", 0);
      return {
        ...block,
        ...positions(sizes, max, has("position_embd.weight")),
        normBias: has("output_norm.bias"),
        qkNorm: has("blk.0.attn_q_norm.weight") ? "full" : "none",
        qkvClip: r.number("attention.clamp_kqv", 0),
      };
    },
    packed: true,
    write: (config) => ({ ...qkvClip(config), ...alibiBias(config) }),
    marks: ({ normBias, qkNorm, learnedPositions }) => [
      ...(normBias ? ["output_norm.bias"] : []),
      ...(qkNorm === "none" ? [] : ["blk.0.attn_q_norm.weight"]),
      ...(learnedPositions > 0 ? ["position_embd.weight"] : []),
    ],
  },
};
