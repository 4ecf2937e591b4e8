// GPT-J: parallel branches through one norm, partial RoPE in interleaved pairs.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { readActivation } from "./read/activation.ts";
import { readGgufRope } from "./read/gguf-rope.ts";

const block = {
  ...layerNormKnobs,
  qkvBias: false,
  outputBias: false,
  residual: "parallel-shared",
  headBias: true,
} as const satisfies Knobs;

export const gptj: Family = {
  name: "gptj",
  huggingface: {
    types: ["gptj"],
    spellings: {
      num_hidden_layers: ["n_layer"],
      hidden_size: ["n_embd"],
      num_attention_heads: ["n_head"],
      max_position_embeddings: ["n_positions", "n_ctx"],
      intermediate_size: ["n_inner"],
    },
    defaults: { max_position_embeddings: 2048 },
    interleavedRope: true,
    knobs(r, { hiddenSize }): Knobs {
      r.ignore("summary_type", "summary_use_proj", "summary_activation", "summary_first_dropout");
      r.ignore("summary_proj_to_labels");
      r.only("rotary", true);
      r.only("scale_attn_weights", true);
      const dims = r.size("rotary_dim", 64, 4096);
      return {
        ...block,
        activation: readActivation(r, "activation_function", "gelu_new"),
        intermediateSize: r.size("intermediate_size", 4 * hiddenSize),
        normEps: r.number("layer_norm_epsilon", 1e-5),
        ropes: [{ theta: 10_000, dims, scaling: { type: "none" } }],
      };
    },
    names() {
      const layer = "transformer.h.{l}";
      return {
        decoder: {
          embedding: "transformer.wte",
          finalNorm: "transformer.ln_f",
          head: "lm_head",
          attentionNorm: `${layer}.ln_1`,
          query: `${layer}.attn.q_proj`,
          key: `${layer}.attn.k_proj`,
          value: `${layer}.attn.v_proj`,
          output: `${layer}.attn.out_proj`,
          up: `${layer}.mlp.fc_in`,
          down: `${layer}.mlp.fc_out`,
        },
      };
    },
  },
  gguf: {
    architectures: ["gptj"],
    interleavedRope: true,
    knobs(r, { headDim, contextLength }, facts): Knobs {
      const dims = r.size("rope.dimension_count", headDim, 4096);
      return {
        ...block,
        activation: "gelu-tanh",
        ropes: [readGgufRope(r, facts, { dims, contextLength })],
      };
    },
    write: () => ({}),
  },
};
