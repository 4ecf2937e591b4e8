// LLaMA 1 to 3, Code Llama, Yi and all who kept their layout; Mistral and Mixtral in GGUF.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { plainExperts } from "./read/experts.ts";
import { windows } from "./read/llama-line.ts";

export const llama: Family = {
  name: "llama",
  huggingface: {
    types: ["llama"],
    defaults: { max_position_embeddings: 2048 },
    knobs(r): Knobs {
      const bias = r.boolean("attention_bias", false);
      return { qkvBias: bias, outputBias: bias, mlpBias: r.boolean("mlp_bias", false) };
    },
  },
  gguf: {
    architectures: ["llama"],
    interleavedRope: true,
    knobs(r, { numLayers }): Knobs {
      const slidingWindow = windows(numLayers, r.number("attention.sliding_window", 0), () => true);
      const count = r.number("expert_count", 0);
      const perToken = r.number("expert_used_count", 0);
      if (count === 0) return { slidingWindow };
      const intermediateSize = r.size("feed_forward_length");
      return { slidingWindow, experts: plainExperts({ count, perToken, intermediateSize, numLayers }) };
    },
    write: () => ({}),
  },
};
