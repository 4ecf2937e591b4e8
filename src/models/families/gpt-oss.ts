// GPT-OSS: attention sinks, alternating windows, biases everywhere, clipped SwiGLU experts.

import type { Family, StoredPart } from "./family.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { readGgufPattern, readLlamaLine, windows } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { readGgufRope } from "./read/rope-fields.ts";

const attention = { qkvBias: true, outputBias: true, attentionSinks: true } as const;
const mixture = { activation: "clipped-swiglu", activationLimit: 7 } as const;
const router = { routerBias: true, bias: true } as const;

export const gptOss: Family = {
  name: "gpt_oss",
  modelTypes: ["gpt_oss"],
  ggufArchitectures: ["gpt-oss"],
  interleavedRope: [],
  defaults: {
    max_position_embeddings: 131_072,
    num_key_value_heads: 8,
    head_dim: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 150_000,
    rope_scaling: {
      rope_type: "yarn",
      factor: 32,
      beta_fast: 32,
      beta_slow: 1,
      truncate: false,
      original_max_position_embeddings: 4096,
    },
    sliding_window: 128,
    num_local_experts: 128,
    num_experts_per_tok: 4,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, { numLayers, contextLength, headDim }) => {
      const gguf = facts.dialect === "gguf";
      const types = r.layerTypes(numLayers);
      const window = r.number(gguf ? "attention.sliding_window" : "sliding_window", 0);
      const other = gguf ? readGgufPattern(r, numLayers, 2) : (l: number) => l % 2 === 0;
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : other(l));
      const knobs = { ...attention, ...mixture, slidingWindow: windows(numLayers, window, slides) };
      if (gguf) {
        // The file does not say that the ramp of the published configuration is not cut to whole dimensions.
        const dims = r.size("rope.dimension_count", headDim, 4096);
        const ropes = [readGgufRope(r, { contextLength, dims }, { truncate: false })];
        const experts = readGgufExperts(r, numLayers, router);
        return { ...knobs, ropes, experts, intermediateSize: experts.intermediateSize };
      }
      const bias = r.boolean("attention_bias", true);
      // Says again what other fields say.
      r.ignore("initial_context_length", "experts_per_token", "hidden_act");
      const intermediateSize = r.size("intermediate_size");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      return {
        ...knobs,
        qkvBias: bias,
        outputBias: bias,
        intermediateSize,
        activationLimit: r.number("swiglu_limit", 7),
        experts: { ...plainExperts({ count, perToken, intermediateSize, numLayers }), ...router },
      };
    }),
  names(config, facts) {
    const { hiddenSize: hidden, numHeads, experts } = config;
    const { count = 0, intermediateSize: width = 0 } = experts ?? {};
    if (facts.dialect === "gguf") {
      return { decoder: { ...ggufNames(config, facts), mlpNorm: "blk.{l}.post_attention_norm" } };
    }
    const layer = "model.layers.{l}";
    // Gate and up take turns among the outputs. As numbers they are stored [experts, in, out], as MXFP4 [experts, out, in].
    const turns = (first: number) => Int32Array.from({ length: width }, (_, row) => 2 * row + first);
    const packed = facts.has("model.layers.0.mlp.experts.down_proj_blocks");
    const stacked = (name: string, [outputs, inputs]: [number, number], order?: Int32Array) => {
      const part = { name: `${layer}.mlp.experts.${name}`, biasSuffix: "_bias", order };
      return (expert: number): StoredPart =>
        packed
          ? {
              ...part,
              suffix: "_blocks",
              scaleSuffix: "_scales",
              shape: [count, outputs, inputs],
              first: expert * outputs,
            }
          : {
              ...part,
              suffix: "",
              transposed: true,
              shape: [count, inputs, outputs],
              first: expert * inputs,
            };
    };
    return {
      decoder: {
        ...llamaNames.huggingface,
        sinks: { name: `${layer}.self_attn.sinks`, suffix: "", shape: [numHeads] },
        router: `${layer}.mlp.router`,
        expertGate: stacked("gate_up_proj", [2 * width, hidden], turns(0)),
        expertUp: stacked("gate_up_proj", [2 * width, hidden], turns(1)),
        expertDown: stacked("down_proj", [hidden, width]),
      },
    };
  },
};
