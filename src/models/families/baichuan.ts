// Baichuan 1 and 2: 7B with RoPE, 13B with ALiBi; the second normalises the head's rows.
import { alibiSlopes } from "../config/alibi.ts";
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { readHuggingFaceLine } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";
import { packedThirds } from "./read/packing.ts";
import { alibiBias } from "./write/keys.ts";

/** GGUF's metadata do not tell a 13B otherwise. */
const LAYERS_OF_13B = 40;

export const baichuan: Family = {
  name: "baichuan",
  huggingface: {
    types: ["baichuan"],
    defaults: { max_position_embeddings: 4096 },
    read(reader, facts) {
      // The second generation has this field, and a vocabulary of its own.
      const headNormalized = reader.has("z_loss_weight") || reader.number("vocab_size", 0) === 125_696;
      // A file without max_position_embeddings has ALiBi, and another name for its context.
      const hasRope = reader.has("max_position_embeddings");
      if (!hasRope) reader.spell({ max_position_embeddings: ["model_max_length", "max_sequence_length"] });
      return readHuggingFaceLine(reader, facts, (r, { numHeads }): Knobs => {
        r.ignore("z_loss_weight", "max_sequence_length", "model_max_length");
        return hasRope
          ? { headNormalized }
          : { headNormalized, ropes: [], alibiSlopes: alibiSlopes(numHeads) };
      });
    },
    names: ({ hiddenSize: hidden }) => ({
      decoder: {
        ...huggingFaceNames,
        ...packedThirds("model.layers.{l}.self_attn.W_pack", [hidden, hidden, hidden], hidden),
      },
    }),
  },
  gguf: {
    architectures: ["baichuan"],
    interleavedRope: true,
    knobs(r, { numLayers, numHeads }): Knobs {
      r.ignore("tensor_data_layout");
      const max = r.number("attention.max_alibi_bias", numLayers === LAYERS_OF_13B ? 8 : 0);
      if (max === 0) return {};
      r.ignore("rope.dimension_count", "rope.freq_base");
      return { ropes: [], alibiSlopes: alibiSlopes(numHeads, max) };
    },
    write: alibiBias,
  },
};
