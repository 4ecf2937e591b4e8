// OLMo 1 (norms without weights), OLMo 2 and 3 (norms after branches, on q and k), OLMoE.
import type { Knobs, RopeConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { plainExperts } from "./read/experts.ts";
import { readGgufRope } from "./read/gguf-rope.ts";
import { readGgufPattern, windows } from "./read/llama-line.ts";
import { branchNormNames } from "./read/llama-names.ts";
import { readRopesByType } from "./read/rope-fields.ts";
import { expertNormalization, expertSizes } from "./write/expert-keys.ts";
import { qkvClip, slidingPattern } from "./write/keys.ts";

export const olmo: Family = {
  name: "olmo",
  huggingface: {
    types: ["olmo"],
    defaults: { max_position_embeddings: 2048 },
    knobs(r): Knobs {
      const bias = r.boolean("attention_bias", false);
      return {
        norm: "layer",
        normWeight: "none",
        qkvBias: bias,
        outputBias: bias,
        normEps: 1e-5,
        qkvClip: r.number("clip_qkv", 0),
      };
    },
  },
  gguf: {
    architectures: ["olmo"],
    interleavedRope: true,
    knobs: (r): Knobs => ({
      norm: "layer",
      normWeight: "none",
      qkvClip: r.number("attention.clamp_kqv", 0),
    }),
    write: qkvClip,
  },
};

/** What OLMo 2, 3 and OLMoE read alike. */
function readModern(r: ConfigReader): Knobs {
  const bias = r.boolean("attention_bias", false);
  return {
    qkvBias: bias,
    outputBias: bias,
    qkNorm: "full",
    normEps: r.number("rms_norm_eps", 1e-5),
  };
}

/** Some layers slide, with angles of their own. */
function sliding(
  numLayers: number,
  ropes: [full: RopeConfig, sliding: RopeConfig],
  window: number,
  slides: (layer: number) => boolean,
): Knobs {
  return {
    ropes,
    slidingWindow: windows(numLayers, window, slides),
    layerRopes: Array.from({ length: numLayers }, (_, l) => (slides(l) ? 1 : 0)),
  };
}

export const olmo2: Family = {
  name: "olmo2",
  huggingface: {
    types: ["olmo2", "olmo3"],
    defaults: { max_position_embeddings: 2048 },
    knobs(r, { numLayers, headDim, contextLength }): Knobs {
      const own: Knobs = { ...readModern(r), normPlace: "branch" };
      if (r.text("model_type") === "olmo2") return own;
      const types = r.layerTypes(numLayers);
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : (l + 1) % 4 !== 0);
      const defaults = { dims: headDim, contextLength, theta: 500_000 };
      const ropes = readRopesByType(r, defaults);
      return { ...own, ...sliding(numLayers, ropes, r.number("sliding_window", 4096), slides) };
    },
    names: () => ({ decoder: branchNormNames }),
  },
  gguf: {
    architectures: ["olmo2"],
    knobs(r, { numLayers, headDim, contextLength }, facts): Knobs {
      const own: Knobs = { qkNorm: "full", normPlace: "branch" };
      const window = r.number("attention.sliding_window", 0);
      if (window === 0) return own;
      const dims = r.size("rope.dimension_count", headDim, 4096);
      const rope = readGgufRope(r, facts, { dims, contextLength });
      r.only("rope.freq_base_swa", rope.theta);
      const plain: RopeConfig = { ...rope, scaling: { type: "none" } };
      return { ...own, ...sliding(numLayers, [rope, plain], window, readGgufPattern(r, numLayers, 4)) };
    },
    window: "everywhere",
    write: slidingPattern,
  },
};

export const olmoe: Family = {
  name: "olmoe",
  huggingface: {
    types: ["olmoe"],
    spellings: { num_experts: ["num_local_experts"] },
    defaults: { max_position_embeddings: 4096, num_experts: 64, num_experts_per_tok: 8 },
    knobs(r, { numLayers }): Knobs {
      const intermediateSize = r.size("intermediate_size");
      const experts = plainExperts({
        count: r.size("num_experts", undefined, 65_536),
        perToken: r.size("num_experts_per_tok", undefined, 65_536),
        intermediateSize,
        numLayers,
      });
      return {
        ...readModern(r),
        qkvClip: r.number("clip_qkv", 0),
        clipAfterNorm: true,
        intermediateSize,
        experts: { ...experts, normalize: r.boolean("norm_topk_prob", false) ? 1 : 0 },
      };
    },
  },
  gguf: {
    architectures: ["olmoe"],
    knobs(r, { numLayers }): Knobs {
      const intermediateSize = r.size("expert_feed_forward_length", r.size("feed_forward_length"));
      const experts = plainExperts({
        count: r.size("expert_count", undefined, 65_536),
        perToken: r.size("expert_used_count", undefined, 65_536),
        intermediateSize,
        numLayers,
      });
      return {
        qkNorm: "full",
        intermediateSize,
        experts: { ...experts, normalize: r.boolean("expert_weights_norm", false) ? 1 : 0 },
      };
    },
    write: (config) => ({ ...expertSizes(config), ...expertNormalization(config) }),
  },
};
