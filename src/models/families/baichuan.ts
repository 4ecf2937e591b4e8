// Baichuan 1 and 2: 7B with RoPE, 13B with ALiBi; the second normalises the head's rows.
import { alibiSlopes } from "../config/alibi.ts";
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { packedThirds } from "./read/packing.ts";

/** GGUF's metadata do not tell a 13B otherwise. */
const LAYERS_OF_13B = 40;

export const baichuan: Family = {
  name: "baichuan",
  modelTypes: ["baichuan"],
  ggufArchitectures: ["baichuan"],
  defaults: { max_position_embeddings: 4096 },
  interleavedRope: ["gguf"],
  readConfig(reader, facts) {
    // The second generation has this field, and a vocabulary of its own.
    const isNormalized = reader.has("z_loss_weight") || reader.number("vocab_size", 0) === 125_696;
    // A file without max_position_embeddings has ALiBi, and another name for its context.
    const hasRope = reader.has("max_position_embeddings");
    if (!hasRope) reader.spell({ max_position_embeddings: ["model_max_length", "max_sequence_length"] });
    return readLlamaLine(reader, facts, (r, { numLayers, numHeads }) => {
      const alibi = { ropes: [], alibiSlopes: alibiSlopes(numHeads) };
      if (facts.dialect === "gguf") {
        r.ignore("tensor_data_layout");
        const max = r.number("attention.max_alibi_bias", numLayers === LAYERS_OF_13B ? 8 : 0);
        if (max > 0) r.ignore("rope.dimension_count", "rope.freq_base");
        return max > 0 ? { ropes: [], alibiSlopes: alibiSlopes(numHeads, max) } : {};
      }
      r.ignore("z_loss_weight", "max_sequence_length", "model_max_length");
      return { headNormalized: isNormalized, ...(hasRope ? {} : alibi) };
    });
  },
  names(config, facts) {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    const { hiddenSize: hidden } = config;
    const packed = packedThirds("model.layers.{l}.self_attn.W_pack", [hidden, hidden, hidden], hidden);
    return { decoder: { ...llamaNames.huggingface, ...packed } };
  },
};
