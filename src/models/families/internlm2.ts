// InternLM2: the Llama line with q, k, v packed group by group and names of its own.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { packedGroups } from "./read/packing.ts";

export const internlm2: Family = {
  name: "internlm2",
  huggingface: {
    types: ["internlm2"],
    defaults: { max_position_embeddings: 2048 },
    knobs(r): Knobs {
      const bias = r.boolean("bias", true);
      return { qkvBias: bias, outputBias: bias };
    },
    names({ hiddenSize, numHeads, numKvHeads, headDim }) {
      const sizes = [(numHeads / numKvHeads) * headDim, headDim, headDim] as const;
      const layer = "model.layers.{l}";
      return {
        decoder: {
          embedding: "model.tok_embeddings",
          finalNorm: "model.norm",
          head: "output",
          attentionNorm: `${layer}.attention_norm`,
          ...packedGroups(`${layer}.attention.wqkv`, numKvHeads, sizes, hiddenSize),
          output: `${layer}.attention.wo`,
          mlpNorm: `${layer}.ffn_norm`,
          gate: `${layer}.feed_forward.w1`,
          up: `${layer}.feed_forward.w3`,
          down: `${layer}.feed_forward.w2`,
        },
      };
    },
  },
  gguf: { architectures: ["internlm2"], interleavedRope: true, write: () => ({}) },
};
