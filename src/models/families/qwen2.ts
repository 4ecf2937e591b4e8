// Qwen2, Qwen2.5 and QwQ (biases on q, k, v) and Qwen3 (norms on q and k instead). Data only.
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { readLlamaLine, windows } from "./read/llama-line.ts";

/** Layers from `max_window_layers` on slide, where `use_sliding_window` says so or `layer_types` names them. */
export function readQwenWindows(r: ConfigReader, numLayers: number): number[] {
  const use = r.boolean("use_sliding_window", false);
  const window = r.number("sliding_window", 0);
  const first = r.number("max_window_layers", numLayers);
  const types = r.layerTypes(numLayers);
  return windows(numLayers, window, (l) => use && (types ? types[l] === "sliding_attention" : l >= first));
}

const defaults = {
  max_position_embeddings: 32_768,
  num_key_value_heads: 32,
  sliding_window: 4096,
  max_window_layers: 28,
};

export const qwen2: Family = {
  name: "qwen2",
  modelTypes: ["qwen2"],
  ggufArchitectures: ["qwen2"],
  defaults,
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => ({
      qkvBias: true,
      slidingWindow: readQwenWindows(r, numLayers),
    })),
};

export const qwen3: Family = {
  name: "qwen3",
  modelTypes: ["qwen3"],
  ggufArchitectures: ["qwen3"],
  defaults: { ...defaults, head_dim: 128 },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => {
      const bias = r.boolean("attention_bias", false);
      return {
        qkvBias: bias,
        outputBias: bias,
        qkNorm: "head",
        slidingWindow: readQwenWindows(r, numLayers),
      };
    }),
};
