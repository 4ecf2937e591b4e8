// Qwen2, Qwen2.5 and QwQ (biases on q, k, v) and Qwen3 (norms on q and k instead). Data only.
import type { ConfigReader } from "../config-reader.ts";
import type { Family } from "./family.ts";
import { readLlamaLine } from "./llama-line.ts";

/** Layers from `max_window_layers` on slide, where `use_sliding_window` says so or `layer_types` names them. */
function readWindows(r: ConfigReader, numLayers: number): number[] {
  const use = r.boolean("use_sliding_window", false);
  const window = r.number("sliding_window", 0);
  const first = r.number("max_window_layers", numLayers);
  const types = r.texts("layer_types");
  return Array.from({ length: numLayers }, (_, l) => {
    const slides = types ? types[l] === "sliding_attention" : l >= first;
    return use && slides ? window : 0;
  });
}

export const qwen2: Family = {
  name: "qwen2",
  modelTypes: ["qwen2"],
  ggufArchitectures: ["qwen2"],
  ggufInterleavedRope: false,
  readConfig: (reader, dialect) =>
    readLlamaLine(reader, dialect, (r, numLayers) => ({
      qkvBias: true,
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      slidingWindow: readWindows(r, numLayers),
    })),
};

export const qwen3: Family = {
  name: "qwen3",
  modelTypes: ["qwen3"],
  ggufArchitectures: ["qwen3"],
  ggufInterleavedRope: false,
  readConfig: (reader, dialect) =>
    readLlamaLine(reader, dialect, (r, numLayers) => {
      const attentionBias = r.boolean("attention_bias", false);
      return {
        qkvBias: attentionBias,
        outputBias: attentionBias,
        mlpBias: false,
        qkNorm: true,
        slidingWindow: readWindows(r, numLayers),
      };
    }),
};
