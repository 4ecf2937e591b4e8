// EXAONE 4: norms at the end of branches, three sliding layers with RoPE to one full layer without.
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { readGgufPattern, readLlamaLine, windows } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";

/** Which layers slide: by `layer_types`, or by a pattern, "LLLG" or 4. */
function readPattern(r: ConfigReader, numLayers: number): (layer: number) => boolean {
  const types = r.layerTypes(numLayers);
  const letters = r.isText("sliding_window_pattern") ? r.text("sliding_window_pattern") : undefined;
  const period = letters === undefined ? r.number("sliding_window_pattern", 4) : 0;
  return (l) => {
    if (types) return types[l] === "sliding_attention";
    return letters ? letters[l % letters.length] === "L" : period > 0 && (l + 1) % period !== 0;
  };
}

export const exaone4: Family = {
  name: "exaone4",
  modelTypes: ["exaone4"],
  ggufArchitectures: ["exaone4"],
  defaults: {
    max_position_embeddings: 2048,
    num_key_value_heads: 32,
    rms_norm_eps: 1e-5,
    sliding_window: 4096,
  },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => {
      const gguf = facts.dialect === "gguf";
      const window = r.number(gguf ? "attention.sliding_window" : "sliding_window", 0);
      const pattern = gguf ? readGgufPattern(r, numLayers, 4) : readPattern(r, numLayers);
      const slides = (l: number) => window > 0 && pattern(l);
      return {
        normPlace: "branch",
        qkNorm: "head",
        slidingWindow: windows(numLayers, window, slides),
        // Where some layers slide, the others have no positions.
        layerRopes: Array.from({ length: numLayers }, (_, l) => (window === 0 || slides(l) ? 0 : -1)),
      };
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
