// LLaMA 1 to 3, Code Llama, Yi and all who kept their layout; Mixtral in GGUF. Data only.

import type { Family } from "./family.ts";
import { plainExperts } from "./read/experts.ts";
import { readLlamaLine, windows } from "./read/llama-line.ts";

export const llama: Family = {
  name: "llama",
  modelTypes: ["llama"],
  ggufArchitectures: ["llama"],
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: ["gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers }) => {
      if (facts.dialect === "huggingface") {
        const bias = r.boolean("attention_bias", false);
        return { qkvBias: bias, outputBias: bias, mlpBias: r.boolean("mlp_bias", false) };
      }
      const slidingWindow = windows(numLayers, r.number("attention.sliding_window", 0), () => true);
      const count = r.number("expert_count", 0);
      const perToken = r.number("expert_used_count", 0);
      if (count === 0) return { slidingWindow };
      const intermediateSize = r.size("feed_forward_length");
      return { slidingWindow, experts: plainExperts({ count, perToken, intermediateSize, numLayers }) };
    }),
};
