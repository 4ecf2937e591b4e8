// Phi-3 and Phi-4 (packed projections, LongRoPE) and Phi-3.5-MoE (sparsemixer, LayerNorm).
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { blockSparseMoe } from "./mixtral.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { readLlamaLine, type Sizes, windows } from "./read/llama-line.ts";
import { lineNames } from "./read/llama-names.ts";
import { packedThirds, pieceOf } from "./read/packing.ts";
import { readRope } from "./read/rope-fields.ts";

/** LongRoPE's own context length stands beside its record. */
function phiRope(r: ConfigReader, { contextLength, headDim }: Sizes, partial?: number) {
  const original = r.size("original_max_position_embeddings", contextLength, 1 << 30);
  return readRope(r, { contextLength, dims: headDim, partial, original });
}

export const phi3: Family = {
  name: "phi3",
  modelTypes: ["phi3"],
  ggufArchitectures: ["phi3"],
  interleavedRope: [],
  defaults: {
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => {
      const gguf = facts.dialect === "gguf";
      const window = r.number(gguf ? "attention.sliding_window" : "sliding_window", 0);
      const slidingWindow = windows(sizes.numLayers, window, () => true);
      if (gguf) return { slidingWindow };
      // Written by some and read by nobody: the published code has no biases.
      for (const key of ["attention_bias", "mlp_bias", "lm_head_bias"]) r.only(key, false);
      r.only("full_attn_mod", 1);
      r.ignore("interpolate_factor");
      return { slidingWindow, ropes: [phiRope(r, sizes, 1)] };
    }),
  names(config, facts) {
    const { hiddenSize, numHeads, numKvHeads, headDim, intermediateSize: width } = config;
    const gguf = facts.dialect === "gguf";
    const layer = "model.layers.{l}";
    const sizes = [numHeads * headDim, numKvHeads * headDim, numKvHeads * headDim] as const;
    const gateUp = gguf ? "blk.{l}.ffn_up" : `${layer}.mlp.gate_up_proj`;
    return {
      decoder: {
        ...lineNames(config, facts),
        ...(gguf ? {} : packedThirds(`${layer}.self_attn.qkv_proj`, sizes, hiddenSize)),
        gate: pieceOf(gateUp, [width, width], hiddenSize, 0),
        up: pieceOf(gateUp, [width, width], hiddenSize, 1),
      },
    };
  },
};

export const phimoe: Family = {
  name: "phimoe",
  modelTypes: ["phimoe"],
  ggufArchitectures: ["phimoe"],
  interleavedRope: [],
  defaults: {
    max_position_embeddings: 131_072,
    num_key_value_heads: 8,
    rms_norm_eps: 1e-5,
    rope_theta: 1e6,
    num_local_experts: 16,
    num_experts_per_tok: 2,
    router_jitter_noise: 0.01,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => {
      const { numLayers } = sizes;
      const norms = { norm: "layer", normBias: true } as const;
      if (facts.dialect === "gguf") {
        r.ignore("attention.sliding_window");
        const own = { score: "sparsemixer", jitter: 0.01, normalize: 0 } as const;
        return {
          ...norms,
          qkvBias: true,
          outputBias: true,
          headBias: true,
          experts: readGgufExperts(r, numLayers, own),
        };
      }
      const bias = r.boolean("attention_bias", false);
      const intermediateSize = r.size("intermediate_size");
      r.ignore("input_jitter_noise");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      return {
        ...norms,
        qkvBias: bias,
        outputBias: bias,
        headBias: r.boolean("lm_head_bias", false),
        intermediateSize,
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
        ropes: [phiRope(r, sizes)],
        experts: {
          ...plainExperts({ count, perToken, intermediateSize, numLayers }),
          score: "sparsemixer",
          jitter: r.number("router_jitter_noise"),
        },
      };
    }),
  names: (config, facts) => ({
    decoder: { ...lineNames(config, facts), ...(facts.dialect === "gguf" ? {} : blockSparseMoe) },
  }),
};
