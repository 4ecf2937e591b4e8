// SmolLM3: the Llama line, every fourth layer without positions.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { windows } from "./read/llama-line.ts";

/** Layers without RoPE have no angles. */
const ropesOf = (numLayers: number, turns: (layer: number) => boolean) =>
  Array.from({ length: numLayers }, (_, l) => (turns(l) ? 0 : -1));

export const smollm3: Family = {
  name: "smollm3",
  huggingface: {
    types: ["smollm3"],
    defaults: {
      max_position_embeddings: 32_768,
      num_key_value_heads: 4,
      tie_word_embeddings: true,
      rope_theta: 2_000_000,
    },
    knobs(r, { numLayers }): Knobs {
      const bias = r.boolean("attention_bias", false);
      const interval = r.size("no_rope_layer_interval", 4);
      // Its name says the opposite: 1 stands for a layer with RoPE.
      const listed = r.flags("no_rope_layers", numLayers);
      const turns = (l: number) => (listed ? listed[l] : (l + 1) % interval !== 0);
      const types = r.layerTypes(numLayers);
      const slides = r.boolean("use_sliding_window", false);
      const window = slides ? r.number("sliding_window", 0) : 0;
      r.ignore("sliding_window", "max_window_layers");
      return {
        qkvBias: bias,
        outputBias: bias,
        mlpBias: r.boolean("mlp_bias", false),
        layerRopes: ropesOf(numLayers, turns),
        slidingWindow: windows(numLayers, window, (l) =>
          types ? types[l] === "sliding_attention" : !turns(l),
        ),
      };
    },
  },
  gguf: {
    architectures: ["smollm3"],
    interleavedRope: true,
    knobs: (_, { numLayers }): Knobs => ({ layerRopes: ropesOf(numLayers, (l) => (l + 1) % 4 !== 0) }),
    write: () => ({}),
  },
};
