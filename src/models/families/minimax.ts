// MiniMax-M2: norms over whole query and key rows, sigmoid routing with a bias for the choice.

import type { Family } from "./family.ts";
import { blockSparseMoe } from "./mixtral.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { readRope } from "./read/rope-fields.ts";
import { ggufSelectionBias } from "./read/sigmoid-router.ts";

export const minimaxM2: Family = {
  name: "minimax_m2",
  modelTypes: ["minimax_m2"],
  ggufArchitectures: ["minimax-m2"],
  interleavedRope: [],
  defaults: {
    max_position_embeddings: 196_608,
    num_key_value_heads: 8,
    head_dim: 128,
    rms_norm_eps: 1e-6,
    rope_theta: 5_000_000,
    num_local_experts: 256,
    num_experts_per_tok: 8,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers, contextLength, headDim }) => {
      if (facts.dialect === "gguf") {
        const own = { score: "sigmoid", selectionBias: true } as const;
        return { qkNorm: "full", experts: readGgufExperts(r, numLayers, own) };
      }
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
      const selectionBias = r.boolean("use_routing_bias", true);
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
          selectionBias,
        },
      };
    }),
  names(config, facts) {
    if (facts.dialect === "gguf")
      return { decoder: { ...ggufNames(config, facts), ...ggufSelectionBias(config) } };
    const name = "model.layers.{l}.block_sparse_moe.e_score_correction_bias";
    const selectionBias = { name, suffix: "", shape: [config.experts?.count ?? 0] };
    return {
      decoder: { ...llamaNames.huggingface, ...blockSparseMoe, selectionBias },
      ignore: /\.mtp\.|^mtp\./,
    };
  },
};
