// iFlytekSpark-13B: LayerNorm, biases, a gated GELU, a window in every layer.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { windows } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";

export const spark: Family = {
  name: "spark",
  huggingface: {
    types: ["iflytekspark"],
    spellings: { intermediate_size: ["ffn_hidden_size"] },
    defaults: { tie_word_embeddings: true },
    knobs(r, { numLayers }): Knobs {
      const bias = r.boolean("attention_bias", true);
      return {
        norm: "layer",
        normBias: true,
        qkvBias: bias,
        outputBias: bias,
        mlpBias: r.boolean("mlp_bias", true),
        activation: readActivation(r, "hidden_act", "gelu_pytorch_tanh"),
        normEps: r.number("layernorm_epsilon", 1e-5),
        slidingWindow: windows(numLayers, r.number("sparse_local_size", 0), () => true),
      };
    },
    names: () => ({
      decoder: {
        ...huggingFaceNames,
        gate: "model.layers.{l}.mlp.fc0",
        up: "model.layers.{l}.mlp.fc1",
        down: "model.layers.{l}.mlp.fc2",
      },
    }),
  },
};
