// Ministral 3 (text part): Mistral with queries scaled by position.
import type { Knobs, QueryScaling, RopeConfig } from "../config/config.ts";
import type { Family, GgufKeys } from "./family.ts";
import { windows } from "./read/llama-line.ts";
import { yarnTemperature } from "./read/rope-fields.ts";
import { f32, positive } from "./write/keys.ts";

const growth = (beta: number, originalContextLength: number): QueryScaling | undefined =>
  beta > 0 ? { type: "floor-log", beta, originalContextLength } : undefined;

/** What YaRN's temperature is divided by, as the multiplier of its logarithm. */
function sharedTemperature(rope: RopeConfig | undefined): GgufKeys {
  if (rope?.scaling.type !== "yarn" || rope.scaling.factor <= 1) return {};
  const { factor, attentionFactor } = rope.scaling;
  const multiplier = (yarnTemperature(factor) / attentionFactor - 1) / (0.1 * Math.log(factor));
  return {
    "rope.scaling.yarn_attn_factor": undefined,
    "rope.scaling.yarn_log_multiplier": positive(multiplier),
  };
}

export const ministral3: Family = {
  name: "ministral3",
  huggingface: {
    types: ["ministral3", "mistral3"],
    textPart: true,
    defaults: {
      vocab_size: 131_072,
      max_position_embeddings: 262_144,
      num_key_value_heads: 8,
      head_dim: 128,
      rms_norm_eps: 1e-5,
    },
    knobs(r, { numLayers, contextLength }): Knobs {
      const rope = r.record("rope_parameters");
      const beta = rope?.number("llama_4_scaling_beta", 0) ?? 0;
      const original = rope?.number("original_max_position_embeddings", contextLength) ?? contextLength;
      return {
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
        queryScaling: growth(beta, original),
      };
    },
  },
  gguf: {
    architectures: ["mistral3"],
    interleavedRope: true,
    knobs(r, { contextLength }): Knobs {
      const beta = r.number("attention.temperature_scale", 0);
      const original = r.number("rope.scaling.original_context_length", contextLength);
      return { queryScaling: growth(beta, original) };
    },
    write: ({ queryScaling, ropes }) => ({
      "attention.temperature_scale": queryScaling?.type === "floor-log" ? f32(queryScaling.beta) : undefined,
      ...sharedTemperature(ropes[0]),
    }),
  },
};
