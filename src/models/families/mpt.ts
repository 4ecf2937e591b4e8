// MPT: ALiBi or learned positions, norms without bias, q, k, v packed one after another. Data only.
import { alibiSlopes } from "../config/alibi.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedThirds } from "./read/packing.ts";

/** A number, or 1 / sqrt(d_model) by name. */
function readLogitScale(r: ConfigReader, hiddenSize: number): number {
  if (!r.isText("logit_scale")) return r.number("logit_scale", 1);
  r.only("logit_scale", "inv_sqrt_d_model");
  return hiddenSize ** -0.5;
}

export const mpt: Family = {
  name: "mpt",
  modelTypes: ["mpt"],
  ggufArchitectures: ["mpt"],
  spellings: {
    num_hidden_layers: ["n_layers"],
    hidden_size: ["d_model"],
    num_attention_heads: ["n_heads"],
    max_position_embeddings: ["max_seq_len"],
  },
  defaults: { max_position_embeddings: 2048, tie_word_embeddings: true },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { hiddenSize, numHeads, headDim, contextLength }) => {
      const knobs = { norm: "layer", gatedMlp: false, activation: "gelu", ropes: [] } as const;
      const positions = (alibi: boolean, max: number) =>
        alibi ? { alibiSlopes: alibiSlopes(numHeads, max) } : { learnedPositions: contextLength };
      if (facts.dialect === "gguf") {
        const max = r.number("attention.max_alibi_bias", 0);
        return {
          ...knobs,
          ...(max > 0 || facts.has("position_embd.weight") ? positions(max > 0, max) : {}),
          normBias: facts.has("output_norm.bias"),
          qkNorm: facts.has("blk.0.attn_q_norm.weight") ? "full" : "none",
          qkvClip: r.number("attention.clamp_kqv", 0),
        };
      }
      r.ignore("emb_pdrop", "embedding_fraction", "init_device", "verbose", "init_config", "loss_fn");
      r.ignore("fc_type", "use_pad_tok_in_ffn", "tokenizer_name", "max_new_tokens");
      r.only("norm_type", "low_precision_layernorm", "layernorm");
      checkFeedForward(r.record("ffn_config"));
      const attention = r.record("attn_config");
      attention?.ignore("attn_pdrop", "attn_impl", "attn_uses_sequence_id", "model_type");
      attention?.only("attn_type", "multihead_attention", "multiquery_attention", "grouped_query_attention");
      attention?.only("prefix_lm", false);
      attention?.only("qk_gn", false);
      attention?.only("rope", false);
      attention?.only("sliding_window_size", -1);
      const type = attention?.text("attn_type", "multihead_attention");
      const kvHeads = attention?.size("kv_n_heads", numHeads, 65_536) ?? numHeads;
      const alibi = attention?.boolean("alibi", true) ?? true;
      const max = attention?.number("alibi_bias_max", 8) ?? 8;
      const normed = attention?.boolean("qk_ln", false);
      const scale = attention?.number("softmax_scale", headDim ** -0.5);
      const clip = attention?.number("clip_qkv", 0);
      attention?.finish();
      // Without ALiBi there are learned positions, unless the file says that there are none.
      const learned = r.boolean("learned_pos_emb", true);
      const bias = !r.boolean("no_bias", true);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        normBias: bias,
        ...(alibi || learned ? positions(alibi, max) : {}),
        numKvHeads: type === "multiquery_attention" ? 1 : kvHeads,
        intermediateSize: Math.trunc(r.number("expansion_ratio", 4) * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        qkNorm: normed ? "full" : "none",
        qkvClip: clip ?? 0,
        attentionScale: scale ?? headDim ** -0.5,
        logitScale: readLogitScale(r, hiddenSize),
      };
    }),
  names(config, facts) {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    const { hiddenSize, numKvHeads, headDim } = config;
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
};

/** Later files say the plain MLP once more in a record of its own. */
function checkFeedForward(feedForward: ConfigReader | undefined): void {
  feedForward?.ignore("fc_type", "model_type");
  feedForward?.only("ffn_type", "mptmlp");
  feedForward?.only("ffn_act_fn");
  feedForward?.finish();
}
