// InternLM2: the Llama line with q, k, v packed group by group and names of its own. Data only.
import type { Family } from "./family.ts";
import { readLlamaLine } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedGroups } from "./read/packing.ts";

export const internlm2: Family = {
  name: "internlm2",
  modelTypes: ["internlm2"],
  ggufArchitectures: ["internlm2"],
  defaults: { max_position_embeddings: 2048 },
  interleavedRope: ["gguf"],
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r) => {
      if (facts.dialect === "gguf") return {};
      const bias = r.boolean("bias", true);
      return { qkvBias: bias, outputBias: bias };
    }),
  names(config, facts) {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    const { hiddenSize, numHeads, numKvHeads, headDim } = config;
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
};
