// GPT-OSS: attention sinks, alternating windows, biases everywhere, clipped SwiGLU experts.
import type { ExpertsConfig, Knobs, ModelConfig } from "../config/config.ts";
import type { CheckpointFacts, Family, ModelNames, StoredPart } from "./family.ts";
import { plainExperts, readGgufExperts } from "./read/experts.ts";
import { readGgufRope } from "./read/gguf-rope.ts";
import { readGgufPattern, windows } from "./read/llama-line.ts";
import { ggufNames, huggingFaceNames } from "./read/llama-names.ts";
import { expertSizes } from "./write/expert-keys.ts";
import { slidingPattern } from "./write/keys.ts";

const plain = {
  qkvBias: true,
  outputBias: true,
  attentionSinks: true,
  activation: "clipped-swiglu",
  activationLimit: 7,
} as const satisfies Knobs;
const router = { routerBias: true, bias: true } as const satisfies Partial<ExpertsConfig>;

/** Gate and up take turns among the outputs. As numbers they are stored [experts, in, out], as MXFP4 [experts, out, in]. */
function names({ hiddenSize: hidden, numHeads, experts }: ModelConfig, facts: CheckpointFacts): ModelNames {
  const { count = 0, intermediateSize: width = 0 } = experts ?? {};
  const layer = "model.layers.{l}";
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
      ...huggingFaceNames,
      sinks: { name: `${layer}.self_attn.sinks`, suffix: "", shape: [numHeads] },
      router: `${layer}.mlp.router`,
      expertGate: stacked("gate_up_proj", [2 * width, hidden], turns(0)),
      expertUp: stacked("gate_up_proj", [2 * width, hidden], turns(1)),
      expertDown: stacked("down_proj", [hidden, width]),
    },
  };
}

export const gptOss: Family = {
  name: "gpt_oss",
  huggingface: {
    types: ["gpt_oss"],
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
    knobs(r, { numLayers }): Knobs {
      const types = r.layerTypes(numLayers);
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : l % 2 === 0);
      const bias = r.boolean("attention_bias", true);
      // Says again what other fields say.
      r.ignore("initial_context_length", "experts_per_token", "hidden_act");
      const intermediateSize = r.size("intermediate_size");
      const count = r.size("num_local_experts", undefined, 4096);
      const perToken = r.size("num_experts_per_tok", undefined, 4096);
      return {
        ...plain,
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), slides),
        qkvBias: bias,
        outputBias: bias,
        intermediateSize,
        activationLimit: r.number("swiglu_limit", 7),
        experts: { ...plainExperts({ count, perToken, intermediateSize, numLayers }), ...router },
      };
    },
    names,
  },
  gguf: {
    architectures: ["gpt-oss"],
    knobs(r, { numLayers, contextLength, headDim }, facts): Knobs {
      const window = r.number("attention.sliding_window", 0);
      const dims = r.size("rope.dimension_count", headDim, 4096);
      const experts = readGgufExperts(r, numLayers, router);
      return {
        ...plain,
        slidingWindow: windows(numLayers, window, readGgufPattern(r, numLayers, 2)),
        ropes: [readGgufRope(r, facts, { contextLength, dims, truncate: false })],
        experts,
        intermediateSize: experts.intermediateSize,
      };
    },
    names: (config, facts) => ({
      decoder: { ...ggufNames(config, facts), mlpNorm: "blk.{l}.post_attention_norm" },
    }),
    window: "everywhere",
    write: (config) => ({ ...expertSizes(config), ...slidingPattern(config) }),
  },
};
