// Mistral 7B and those like it: Llama with a sliding window; written as llama in GGUF.
import type { Family } from "./family.ts";
import { readLlamaLine, windows } from "./read/llama-line.ts";

export const mistral: Family = {
  name: "mistral",
  modelTypes: ["mistral"],
  ggufArchitectures: [],
  defaults: { max_position_embeddings: 131_072, num_key_value_heads: 8, sliding_window: 4096 },
  interleavedRope: [],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => ({
      slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
    })),
};
