// LLaMA 1 to 3, Code Llama, Yi, SmolLM and all who kept their layout; Mixtral in GGUF. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./llama-line.ts";

export const llama: Family = {
  name: "llama",
  modelTypes: ["llama"],
  ggufArchitectures: ["llama"],
  ggufInterleavedRope: true,
  readConfig: (reader, dialect) =>
    readLlamaLine(reader, dialect, (r, numLayers) => {
      const attentionBias = r.boolean("attention_bias", false);
      return {
        qkvBias: attentionBias,
        outputBias: attentionBias,
        mlpBias: r.boolean("mlp_bias", false),
        qkNorm: false,
        slidingWindow: new Array(numLayers).fill(
          dialect === "gguf" ? r.number("attention.sliding_window", 0) : 0,
        ),
      };
    }),
};
