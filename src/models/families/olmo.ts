// OLMo 1 (norms without weights), OLMo 2 and 3 (norms after branches, on q and k), OLMoE.
import type { ModelConfig, RopeConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { plainExperts } from "./read/experts.ts";
import { readGgufPattern, readLlamaLine, windows } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { readGgufRope, readRope, readRopeOfType } from "./read/rope-fields.ts";

export const olmo: Family = {
  name: "olmo",
  modelTypes: ["olmo"],
  ggufArchitectures: ["olmo"],
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: ["gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r) => {
      const knobs = { norm: "layer", normWeight: "none" } as const;
      if (facts.dialect === "gguf") return { ...knobs, qkvClip: r.number("attention.clamp_kqv", 0) };
      const bias = r.boolean("attention_bias", false);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        normEps: 1e-5,
        qkvClip: r.number("clip_qkv", 0),
      };
    }),
};

/** What OLMo 2, 3 and OLMoE read alike. */
function readModern(r: ConfigReader): Partial<ModelConfig> {
  const bias = r.boolean("attention_bias", false);
  return {
    qkvBias: bias,
    outputBias: bias,
    qkNorm: "full",
    normEps: r.number("rms_norm_eps", 1e-5),
  };
}

/** Some layers slide, and their angles are not scaled. */
function sliding(numLayers: number, rope: RopeConfig, window: number, slides: (layer: number) => boolean) {
  const plain = { ...rope, scaling: { type: "none" } } as const;
  return {
    slidingWindow: windows(numLayers, window, slides),
    ropes: [rope, plain],
    layerRopes: Array.from({ length: numLayers }, (_, l) => (slides(l) ? 1 : 0)),
  };
}

export const olmo2: Family = {
  name: "olmo2",
  modelTypes: ["olmo2", "olmo3"],
  ggufArchitectures: ["olmo2"],
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers, headDim, contextLength }) => {
      const knobs = { normPlace: "branch", qkNorm: "full" } as const;
      if (facts.dialect === "gguf") {
        const window = r.number("attention.sliding_window", 0);
        if (window === 0) return knobs;
        const dims = r.size("rope.dimension_count", headDim, 4096);
        const slides = readGgufPattern(r, numLayers, 4);
        const rope = readGgufRope(r, { dims, contextLength });
        r.only("rope.freq_base_swa", rope.theta);
        return { ...knobs, ...sliding(numLayers, rope, window, slides) };
      }
      const own = { ...readModern(r), ...knobs };
      if (r.text("model_type") === "olmo2") return own;
      const types = r.layerTypes(numLayers);
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : (l + 1) % 4 !== 0);
      const defaults = { dims: headDim, contextLength, theta: 500_000 };
      const rope = readRopeOfType(r, "full_attention", defaults) ?? readRope(r, defaults);
      return { ...own, ...sliding(numLayers, rope, r.number("sliding_window", 4096), slides) };
    }),
  names: (config, facts) => ({
    decoder:
      facts.dialect === "gguf"
        ? ggufNames(config, facts)
        : {
            ...llamaNames.huggingface,
            attentionEndNorm: "model.layers.{l}.post_attention_layernorm",
            mlpEndNorm: "model.layers.{l}.post_feedforward_layernorm",
          },
  }),
};

export const olmoe: Family = {
  name: "olmoe",
  modelTypes: ["olmoe"],
  ggufArchitectures: ["olmoe"],
  spellings: { num_experts: ["num_local_experts"] },
  defaults: { max_position_embeddings: 4096, num_experts: 64, num_experts_per_tok: 8 },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => {
      const gguf = facts.dialect === "gguf";
      const knobs: Partial<ModelConfig> = gguf
        ? { qkNorm: "full" }
        : { ...readModern(r), qkvClip: r.number("clip_qkv", 0), clipAfterNorm: true };
      const intermediateSize = gguf
        ? r.size("expert_feed_forward_length", r.size("feed_forward_length"))
        : r.size("intermediate_size");
      const experts = plainExperts({
        count: r.size(gguf ? "expert_count" : "num_experts", undefined, 65_536),
        perToken: r.size(gguf ? "expert_used_count" : "num_experts_per_tok", undefined, 65_536),
        intermediateSize,
        numLayers,
      });
      const normalize = r.boolean(gguf ? "expert_weights_norm" : "norm_topk_prob", false) ? 1 : 0;
      return { ...knobs, intermediateSize, experts: { ...experts, normalize } };
    }),
};
