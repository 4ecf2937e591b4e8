// StarCoder2: the Llama line with LayerNorm, biases, a plain MLP and a window in every layer.
import type { Knobs } from "../config/config.ts";
import type { Family } from "./family.ts";
import { layerNormKnobs } from "./gpt2.ts";
import { readActivation } from "./read/activation.ts";
import { windows } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";

export const starcoder2: Family = {
  name: "starcoder2",
  huggingface: {
    types: ["starcoder2"],
    defaults: { max_position_embeddings: 4096, num_key_value_heads: 2, tie_word_embeddings: true },
    knobs(r, { numLayers }): Knobs {
      r.ignore("activation_function", "layer_norm_epsilon", "attention_softmax_in_fp32");
      r.ignore("scale_attention_softmax_in_fp32");
      r.only("scale_attn_weights", true);
      r.only("mlp_type", "default");
      r.only("norm_type", "layer_norm");
      const bias = r.boolean("use_bias", true);
      return {
        ...layerNormKnobs,
        qkvBias: bias,
        outputBias: bias,
        mlpBias: bias,
        activation: readActivation(r, "hidden_act", "gelu_pytorch_tanh"),
        normEps: r.number("norm_epsilon", 1e-5),
        slidingWindow: windows(numLayers, r.number("sliding_window", 0), () => true),
      };
    },
    names: () => ({
      decoder: {
        ...huggingFaceNames,
        up: "model.layers.{l}.mlp.c_fc",
        down: "model.layers.{l}.mlp.c_proj",
      },
    }),
  },
  gguf: {
    architectures: ["starcoder2"],
    knobs: (r, { numLayers }): Knobs => ({
      ...layerNormKnobs,
      activation: "gelu-tanh",
      // llama.cpp has no window here; baimo's converter writes the key.
      slidingWindow: windows(numLayers, r.number("attention.sliding_window", 0), () => true),
    }),
    window: "here",
    write: () => ({}),
  },
};
