// Qwen, first generation: biases on q, k, v, log-n attention, dynamic NTK, its own names.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { packedThirds } from "./read/packing.ts";
import { u32 } from "./write/keys.ts";

export const qwen: Family = {
  name: "qwen",
  huggingface: {
    types: ["qwen"],
    spellings: {
      head_dim: ["kv_channels"],
      rms_norm_eps: ["layer_norm_epsilon"],
      rope_theta: ["rotary_emb_base"],
    },
    defaults: { max_position_embeddings: 8192, head_dim: 128 },
    knobs(r, { numHeads, headDim, contextLength }): Knobs {
      r.ignore("attn_dropout_prob", "emb_dropout_prob", "hidden_dropout_prob", "tokenizer_type");
      r.ignore("bf16", "fp16", "fp32", "params_dtype", "softmax_in_fp32", "onnx_safe", "use_flash_attn");
      r.ignore("use_cache_quantization", "use_cache_kernel", "padded_vocab_size", "ffn_hidden_size");
      r.ignore("pos_emb", "n_positions", "n_inner");
      r.only("scale_attn_weights", true);
      const bias = !r.boolean("no_bias", true);
      const trained = r.size("seq_length", contextLength, 1 << 30);
      const grows = r.boolean("use_dynamic_ntk", true);
      return {
        qkvBias: true,
        outputBias: bias,
        mlpBias: bias,
        numKvHeads: numHeads,
        activation: "silu",
        intermediateSize: Math.trunc(r.size("intermediate_size") / 2),
        ropes: [
          {
            theta: r.number("rope_theta", 10_000),
            dims: Math.trunc(headDim * r.number("rotary_pct", 1)),
            scaling: grows ? { type: "qwen-ntk", originalContextLength: trained } : { type: "none" },
          },
        ],
        queryScaling: r.boolean("use_logn_attn", true)
          ? { type: "log-n", originalContextLength: trained }
          : undefined,
      };
    },
    names({ hiddenSize, numHeads, headDim }) {
      const width = numHeads * headDim;
      const layer = "transformer.h.{l}";
      return {
        decoder: {
          embedding: "transformer.wte",
          finalNorm: "transformer.ln_f",
          head: "lm_head",
          attentionNorm: `${layer}.ln_1`,
          ...packedThirds(`${layer}.attn.c_attn`, [width, width, width], hiddenSize),
          output: `${layer}.attn.c_proj`,
          mlpNorm: `${layer}.ln_2`,
          gate: `${layer}.mlp.w2`,
          up: `${layer}.mlp.w1`,
          down: `${layer}.mlp.c_proj`,
        },
      };
    },
  },
  // The file counts the MLP's width twice, for gate and up.
  gguf: {
    architectures: ["qwen"],
    knobs: (r): Knobs => ({
      qkvBias: true,
      intermediateSize: Math.trunc(r.size("feed_forward_length") / 2),
    }),
    packed: true,
    write: ({ intermediateSize }) => ({ feed_forward_length: u32(2 * intermediateSize) }),
  },
};
