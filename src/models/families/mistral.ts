// Mistral 7B and its kin: Llama with a sliding window. In GGUF they are written as llama. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./llama-line.ts";

export const mistral: Family = {
  name: "mistral",
  modelTypes: ["mistral"],
  ggufArchitectures: [],
  ggufInterleavedRope: true,
  readConfig: (reader, dialect) =>
    readLlamaLine(reader, dialect, (r, numLayers) => ({
      qkvBias: false,
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      slidingWindow: new Array(numLayers).fill(r.number("sliding_window", 0)),
    })),
};
