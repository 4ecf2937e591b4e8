// MiniMax-M2: norms over whole query and key rows, sigmoid routing with a bias for the choice.
import type { Knobs, ModelConfig } from "../config/config.ts";
import type { Family, ModelNames } from "./family.ts";
import { blockSparseMoe } from "./mixtral.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { readRope } from "./read/rope-fields.ts";
import { ggufSelectionBias } from "./read/sigmoid-router.ts";
import { expertScores, expertSizes } from "./write/expert-keys.ts";

function names({ experts }: ModelConfig): ModelNames {
  const name = "model.layers.{l}.block_sparse_moe.e_score_correction_bias";
  const selectionBias = { name, suffix: "", shape: [experts?.count ?? 0] };
  return {
    decoder: { ...huggingFaceNames, ...blockSparseMoe, selectionBias },
    ignore: /\.mtp\.|^mtp\./,
  };
}

export const minimaxM2: Family = {
  name: "minimax_m2",
  huggingface: {
    types: ["minimax_m2"],
    defaults: {
      max_position_embeddings: 196_608,
      num_key_value_heads: 8,
      head_dim: 128,
      rms_norm_eps: 1e-6,
      rope_theta: 5_000_000,
      num_local_experts: 256,
      num_experts_per_tok: 8,
    },
    knobs(r, { numLayers, contextLength, headDim }): Knobs {
      const normed = r.boolean("use_qk_norm", true);
      r.only("qk_norm_type", "per_layer");
      r.only("scoring_func", "sigmoid");
      r.only("shared_intermediate_size", 0);
      const types = r.ids("attn_type_list");
      if (types.some((type) => type !== 1)) r.only("attn_type_list", new Array(numLayers).fill(1));
      for (const place of ["full_attention", "linear_attention", "mlp"]) r.only(`layernorm_${place}_beta`, 1);
      r.ignore("router_jitter_noise", "mlp_intermediate_size", "shared_moe_mode", "max_model_len");
      r.ignore("use_mtp", "mtp_transformer_layers", "num_mtp_modules");
      r.only("sliding_window");
      const intermediateSize = r.size("intermediate_size");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      // How many dimensions of a head turn, or else their share.
      const dims = r.size("rotary_dim", headDim, headDim);
      const partial = r.has("rotary_dim") ? undefined : 1;
      if (partial === undefined) r.ignore("partial_rotary_factor");
      return {
        qkNorm: normed ? "full" : "none",
        intermediateSize,
        ropes: [readRope(r, { contextLength, dims, partial })],
        experts: {
          ...plainExperts({ count, perToken, intermediateSize, numLayers }),
          score: "sigmoid",
          selectionBias: r.boolean("use_routing_bias", true),
        },
      };
    },
    names,
  },
  gguf: {
    architectures: ["minimax-m2"],
    knobs: (r, { numLayers }): Knobs => ({
      qkNorm: "full",
      experts: readGgufExperts(r, numLayers, { score: "sigmoid", selectionBias: true }),
    }),
    names: (config, facts) => ({
      decoder: { ...ggufNames(config, facts), ...ggufSelectionBias(config) },
    }),
    write: (config) => ({ ...expertSizes(config), ...expertScores(config) }),
  },
};
