// Mistral 7B and those like it: Llama with a sliding window; written as llama in GGUF.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { windows } from "./read/llama-line.ts";

export const mistral: Family = {
  name: "mistral",
  huggingface: {
    types: ["mistral"],
    defaults: { max_position_embeddings: 131_072, num_key_value_heads: 8, sliding_window: 4096 },
    knobs: (r, { numLayers }): Knobs => ({
      slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
    }),
  },
  gguf: { architectures: [], writtenAs: "llama", window: "here", write: () => ({}) },
};
