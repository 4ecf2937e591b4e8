// EXAONE 4: norms at the end of branches, three sliding layers with RoPE to one full layer without.
import type { Knobs } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family } from "./family.ts";
import { readGgufPattern, windows } from "./read/llama-line.ts";
import { branchNormNames } from "./read/llama-names.ts";
import { slidingPattern } from "./write/keys.ts";

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

/** Where some layers slide, the others have no positions. */
function exaoneKnobs(numLayers: number, window: number, pattern: (layer: number) => boolean): Knobs {
  const slides = (l: number) => window > 0 && pattern(l);
  return {
    normPlace: "branch",
    qkNorm: "head",
    slidingWindow: windows(numLayers, window, slides),
    layerRopes: Array.from({ length: numLayers }, (_, l) => (window === 0 || slides(l) ? 0 : -1)),
  };
}

export const exaone4: Family = {
  name: "exaone4",
  huggingface: {
    types: ["exaone4"],
    defaults: {
      max_position_embeddings: 2048,
      num_key_value_heads: 32,
      rms_norm_eps: 1e-5,
      sliding_window: 4096,
    },
    knobs: (r, { numLayers }): Knobs =>
      exaoneKnobs(numLayers, r.number("sliding_window", 0), readPattern(r, numLayers)),
    names: () => ({ decoder: branchNormNames }),
  },
  gguf: {
    architectures: ["exaone4"],
    knobs(r, { numLayers }): Knobs {
      const window = r.number("attention.sliding_window", 0);
      return exaoneKnobs(numLayers, window, readGgufPattern(r, numLayers, 4));
    },
    window: "everywhere",
    write: slidingPattern,
  },
};
