// Gemma 1, 2 and 3 (text part): scaled embeddings, norms that add 1 to their weights.
import type { Knobs, ModelConfig, RopeConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { Family, GgufKeys, Sizes } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { readGgufRope } from "./read/gguf-rope.ts";
import { readGgufPattern, windows } from "./read/llama-line.ts";
import { huggingFaceNames } from "./read/llama-names.ts";
import { readRopesByType } from "./read/rope-fields.ts";
import { f32, softcaps, u32 } from "./write/keys.ts";

const defaults = {
  head_dim: 256,
  hidden_activation: "gelu_pytorch_tanh",
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};

function plainKnobs(r: ConfigReader, { hiddenSize }: Sizes): Knobs {
  const bias = r.boolean("attention_bias", false);
  // Old files say "gelu" and mean the tanh form.
  const said = r.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const activation = readActivation(r, said, "gelu_pytorch_tanh");
  r.ignore("hidden_act", "hidden_activation", "cache_implementation");
  r.only("use_bidirectional_attention", false);
  return {
    embeddingScale: Math.sqrt(hiddenSize),
    normWeight: "one-plus",
    activation: activation === "gelu" ? "gelu-tanh" : activation,
    qkvBias: bias,
    outputBias: bias,
  };
}

/** A norm at each end of a branch, softcaps, and scores scaled by a size of their own. */
const sandwichKnobs = (r: ConfigReader, sizes: Sizes): Knobs => ({
  ...plainKnobs(r, sizes),
  normPlace: "sandwich",
  attentionScale: r.number("query_pre_attn_scalar") ** -0.5,
  attentionSoftcap: r.number("attn_logit_softcapping", 0),
  logitSoftcap: r.number("final_logit_softcapping", 0),
});

/** GGUF stores norms with the 1 added. */
const plainGgufKnobs = ({ hiddenSize }: Sizes): Knobs => ({
  embeddingScale: Math.sqrt(hiddenSize),
  activation: "gelu-tanh",
});

/** `large`: the layers of the largest model, the only one that scales by another size than a head's. */
function sandwichGgufKnobs(r: ConfigReader, sizes: Sizes, large: number): Knobs {
  const { hiddenSize, numHeads, headDim, numLayers } = sizes;
  const usual = (numLayers === large ? hiddenSize / numHeads : headDim) ** -0.5;
  return {
    ...plainGgufKnobs(sizes),
    normPlace: "sandwich",
    attentionScale: r.number("attention.scale", usual),
    attentionSoftcap: r.number("attn_logit_softcapping", 0),
    logitSoftcap: r.number("final_logit_softcapping", 0),
  };
}

const sandwichNames = {
  ...huggingFaceNames,
  attentionEndNorm: "model.layers.{l}.post_attention_layernorm",
  mlpNorm: "model.layers.{l}.pre_feedforward_layernorm",
  mlpEndNorm: "model.layers.{l}.post_feedforward_layernorm",
};

export const gemma: Family = {
  name: "gemma",
  huggingface: {
    types: ["gemma"],
    defaults: {
      ...defaults,
      hidden_activation: undefined,
      max_position_embeddings: 8192,
      num_key_value_heads: 16,
    },
    knobs: (r, sizes): Knobs => plainKnobs(r, sizes),
  },
  gguf: {
    architectures: ["gemma"],
    knobs: (_, sizes): Knobs => plainGgufKnobs(sizes),
    write: () => ({}),
  },
};

export const gemma2: Family = {
  name: "gemma2",
  huggingface: {
    types: ["gemma2"],
    defaults: {
      ...defaults,
      max_position_embeddings: 8192,
      num_key_value_heads: 4,
      query_pre_attn_scalar: 256,
      sliding_window: 4096,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
    },
    knobs(r, sizes): Knobs {
      const types = r.layerTypes(sizes.numLayers);
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : l % 2 === 0);
      return {
        ...sandwichKnobs(r, sizes),
        slidingWindow: windows(sizes.numLayers, r.number("sliding_window", 0), slides),
      };
    },
    names: () => ({ decoder: sandwichNames }),
  },
  gguf: {
    architectures: ["gemma2"],
    knobs(r, sizes): Knobs {
      const window = r.number("attention.sliding_window", 4096);
      return {
        ...sandwichGgufKnobs(r, sizes, 46),
        slidingWindow: windows(sizes.numLayers, window, readGgufPattern(r, sizes.numLayers, 2)),
      };
    },
    window: "everywhere",
    write: softcaps,
  },
};

/** Sliding layers have angles of their own, which are not stretched. */
function gemma3Ropes(r: ConfigReader, { contextLength, headDim }: Sizes): readonly RopeConfig[] {
  const local = r.number("rope_local_base_freq", 10_000);
  return readRopesByType(r, { contextLength, dims: headDim, theta: 1e6 }, local);
}

/** What follows from the layers that slide. */
function slidingKnobs(slides: readonly boolean[], window: number, ropes: readonly RopeConfig[]): Knobs {
  return {
    qkNorm: "head",
    slidingWindow: windows(slides.length, window, (l) => slides[l]),
    ropes,
    layerRopes: slides.map(Number),
  };
}

/** Every how many layers one does not slide. */
function slidingPeriod({ slidingWindow }: ModelConfig): GgufKeys {
  const full = slidingWindow.indexOf(0);
  return full > 0 ? { "attention.sliding_window_pattern": u32(full + 1) } : {};
}

export const gemma3: Family = {
  name: "gemma3",
  huggingface: {
    types: ["gemma3_text", "gemma3"],
    textPart: true,
    defaults: {
      ...defaults,
      vocab_size: 262_208,
      max_position_embeddings: 131_072,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      query_pre_attn_scalar: 256,
      sliding_window: 4096,
    },
    knobs(r, sizes): Knobs {
      const { numLayers } = sizes;
      const types = r.layerTypes(numLayers);
      const period = r.size("sliding_window_pattern", 6, 1024);
      r.ignore("_sliding_window_pattern");
      // The published code has no cap here, whatever the field says.
      r.only("attn_logit_softcapping");
      const slides = Array.from({ length: numLayers }, (_, l) =>
        types ? types[l] === "sliding_attention" : (l + 1) % period !== 0,
      );
      return {
        ...sandwichKnobs(r, sizes),
        ...slidingKnobs(slides, r.number("sliding_window", 0), gemma3Ropes(r, sizes)),
      };
    },
    names: () => ({ decoder: sandwichNames }),
  },
  gguf: {
    architectures: ["gemma3"],
    knobs(r, sizes, facts): Knobs {
      const { numLayers, contextLength, headDim } = sizes;
      const pattern = readGgufPattern(r, numLayers, 6);
      const window = r.number("attention.sliding_window", 0);
      const slides = Array.from({ length: numLayers }, (_, l) => window > 0 && pattern(l));
      const full = readGgufRope(r, facts, { contextLength, dims: headDim });
      const local = r.number("rope.freq_base_swa", 10_000);
      return {
        ...sandwichGgufKnobs(r, sizes, 62),
        ...slidingKnobs(slides, window, [full, { theta: local, dims: headDim, scaling: { type: "none" } }]),
      };
    },
    window: "everywhere",
    write: (config) => ({
      ...softcaps(config),
      ...slidingPeriod(config),
      "rope.freq_base_swa": config.ropes[1] && f32(config.ropes[1].theta),
    }),
  },
};
