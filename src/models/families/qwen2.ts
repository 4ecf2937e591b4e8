// Qwen2, Qwen2.5 and QwQ (biases on q, k, v) and Qwen3 (norms on q and k instead).
import type { Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { windows } from "./read/llama-line.ts";

/** Layers from `max_window_layers` on slide, where `use_sliding_window` says so or `layer_types` names them. */
function readQwenWindows(r: ConfigReader, numLayers: number): number[] {
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
  huggingface: {
    types: ["qwen2"],
    defaults,
    knobs: (r, { numLayers }): Knobs => ({
      qkvBias: true,
      slidingWindow: readQwenWindows(r, numLayers),
    }),
  },
  gguf: {
    architectures: ["qwen2"],
    knobs: (): Knobs => ({ qkvBias: true }),
    write: () => ({}),
  },
};

export const qwen3: Family = {
  name: "qwen3",
  huggingface: {
    types: ["qwen3"],
    defaults: { ...defaults, head_dim: 128 },
    knobs(r, { numLayers }): Knobs {
      const bias = r.boolean("attention_bias", false);
      return {
        qkvBias: bias,
        outputBias: bias,
        qkNorm: "head",
        slidingWindow: readQwenWindows(r, numLayers),
      };
    },
  },
  gguf: {
    architectures: ["qwen3"],
    knobs: (): Knobs => ({ qkNorm: "head" }),
    write: () => ({}),
  },
};
