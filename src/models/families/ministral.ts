// Ministral 3 (text part): Mistral with queries scaled by position.
import type { Family } from "./family.ts";
import { type ReadKnobs, readLlamaLine, windows } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { mediaTensors, textPart, withRoot } from "./read/multimodal.ts";

const defaults = {
  vocab_size: 131_072,
  max_position_embeddings: 262_144,
  num_key_value_heads: 8,
  head_dim: 128,
  rms_norm_eps: 1e-5,
};

export const ministral3: Family = {
  name: "ministral3",
  modelTypes: ["ministral3", "mistral3"],
  ggufArchitectures: ["mistral3"],
  interleavedRope: ["gguf"],
  defaults,
  readConfig(reader, facts) {
    const gguf = facts.dialect === "gguf";
    const knobs: ReadKnobs = (r, { numLayers, contextLength }) => {
      const rope = gguf ? undefined : r.record("rope_parameters");
      const beta = gguf
        ? r.number("attention.temperature_scale", 0)
        : (rope?.number("llama_4_scaling_beta", 0) ?? 0);
      const original = gguf
        ? r.number("rope.scaling.original_context_length", contextLength)
        : (rope?.number("original_max_position_embeddings", contextLength) ?? contextLength);
      return {
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
        queryScaling: beta > 0 ? { type: "floor-log", beta, originalContextLength: original } : undefined,
      };
    };
    return textPart(reader, defaults, (text) => readLlamaLine(text, facts, knobs));
  },
  names: (config, facts) =>
    facts.dialect === "gguf"
      ? { decoder: ggufNames(config, facts) }
      : { decoder: withRoot(llamaNames.huggingface, facts.has), ignore: mediaTensors },
};
