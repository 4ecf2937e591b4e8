// Gemma 1, 2 and 3 (text part): scaled embeddings, norms that add 1 to their weights.
import type { ModelConfig, RopeConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { CheckpointFacts, Family, ModelNames } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import { type ReadKnobs, readGgufPattern, readLlamaLine, type Sizes, windows } from "./read/llama-line.ts";
import { ggufNames, llamaNames } from "./read/llama-names.ts";
import { mediaTensors, textPart, withRoot } from "./read/multimodal.ts";
import { readGgufRope, readRope, readScaling } from "./read/rope-fields.ts";

const common = {
  head_dim: 256,
  hidden_activation: "gelu_pytorch_tanh",
  rms_norm_eps: 1e-6,
  tie_word_embeddings: true,
};

/** GGUF stores norms with the 1 added. */
function gemmaKnobs(r: ConfigReader, { dialect }: CheckpointFacts, { hiddenSize }: Sizes) {
  const gguf = dialect === "gguf";
  const bias = !gguf && r.boolean("attention_bias", false);
  // Old files say "gelu" and mean the tanh form.
  const said = r.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const activation = gguf ? "gelu-tanh" : readActivation(r, said, "gelu_pytorch_tanh");
  r.ignore("hidden_act", "hidden_activation", "cache_implementation");
  r.only("use_bidirectional_attention", false);
  return {
    embeddingScale: Math.sqrt(hiddenSize),
    normWeight: gguf ? "plain" : "one-plus",
    activation: activation === "gelu" ? "gelu-tanh" : activation,
    qkvBias: bias,
    outputBias: bias,
  } satisfies Partial<ModelConfig>;
}

/** A norm at each end of a branch, softcaps, and scores scaled by a size of their own. */
function sandwichKnobs(r: ConfigReader, facts: CheckpointFacts, sizes: Sizes, large: number) {
  const { hiddenSize, numHeads, headDim, numLayers } = sizes;
  const gguf = facts.dialect === "gguf";
  // In GGUF the largest model is known by its depth: it alone scales by another size than a head's.
  const usual = (numLayers === large ? hiddenSize / numHeads : headDim) ** -0.5;
  return {
    ...gemmaKnobs(r, facts, sizes),
    normPlace: "sandwich",
    attentionScale: gguf ? r.number("attention.scale", usual) : r.number("query_pre_attn_scalar") ** -0.5,
    attentionSoftcap: r.number("attn_logit_softcapping", 0),
    logitSoftcap: r.number("final_logit_softcapping", 0),
  } satisfies Partial<ModelConfig>;
}

const sandwichNames = {
  ...llamaNames.huggingface,
  attentionEndNorm: "model.layers.{l}.post_attention_layernorm",
  mlpNorm: "model.layers.{l}.pre_feedforward_layernorm",
  mlpEndNorm: "model.layers.{l}.post_feedforward_layernorm",
};

export const gemma: Family = {
  name: "gemma",
  modelTypes: ["gemma"],
  ggufArchitectures: ["gemma"],
  interleavedRope: [],
  defaults: {
    ...common,
    hidden_activation: undefined,
    max_position_embeddings: 8192,
    num_key_value_heads: 16,
  },
  readConfig: (reader, facts) => readLlamaLine(reader, facts, (r, sizes) => gemmaKnobs(r, facts, sizes)),
};

export const gemma2: Family = {
  name: "gemma2",
  modelTypes: ["gemma2"],
  ggufArchitectures: ["gemma2"],
  interleavedRope: [],
  defaults: {
    ...common,
    max_position_embeddings: 8192,
    num_key_value_heads: 4,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  },
  readConfig: (reader, facts) =>
    readLlamaLine(reader, facts, (r, sizes) => {
      const gguf = facts.dialect === "gguf";
      const types = r.layerTypes(sizes.numLayers);
      const window = gguf ? r.number("attention.sliding_window", 4096) : r.number("sliding_window", 0);
      const other = gguf ? readGgufPattern(r, sizes.numLayers, 2) : (l: number) => l % 2 === 0;
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : other(l));
      return {
        ...sandwichKnobs(r, facts, sizes, 46),
        slidingWindow: windows(sizes.numLayers, window, slides),
      };
    }),
  names: (config, facts) => ({
    decoder: facts.dialect === "gguf" ? ggufNames(config, facts) : sandwichNames,
  }),
};

/** Sliding layers have angles of their own, which are not stretched. */
function gemma3Ropes(r: ConfigReader, { contextLength, headDim }: Sizes): RopeConfig[] {
  const byType = r.record("rope_parameters");
  const [full, sliding] = ["full_attention", "sliding_attention"].map((type) => byType?.record(type));
  if (byType && (full || sliding)) {
    r.ignore("rope_theta", "rope_scaling", "rope_local_base_freq");
    byType.finish();
    const ropeOf = (part: ConfigReader | undefined, theta: number): RopeConfig => ({
      theta: part?.number("rope_theta", theta) ?? theta,
      dims: headDim,
      scaling: part ? readScaling(part, { contextLength, dims: headDim }) : { type: "none" },
    });
    return [ropeOf(full, 1e6), ropeOf(sliding, 10_000)];
  }
  const local = r.number("rope_local_base_freq", 10_000);
  const stretched = readRope(r, { contextLength, dims: headDim, theta: 1e6 });
  return [stretched, { theta: local, dims: headDim, scaling: { type: "none" } }];
}

const gemma3Defaults = {
  ...common,
  vocab_size: 262_208,
  max_position_embeddings: 131_072,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};

export const gemma3: Family = {
  name: "gemma3",
  modelTypes: ["gemma3_text", "gemma3"],
  ggufArchitectures: ["gemma3"],
  interleavedRope: [],
  defaults: gemma3Defaults,
  readConfig(reader, facts) {
    const gguf = facts.dialect === "gguf";
    const knobs: ReadKnobs = (r, sizes) => {
      const { numLayers, contextLength, headDim } = sizes;
      const types = r.layerTypes(numLayers);
      const period = r.size("sliding_window_pattern", 6, 1024);
      const other = gguf ? readGgufPattern(r, numLayers, 6) : (l: number) => (l + 1) % period !== 0;
      r.ignore("_sliding_window_pattern");
      // The published code has no cap here, whatever the field says.
      r.only("attn_logit_softcapping");
      const window = r.number(gguf ? "attention.sliding_window" : "sliding_window", 0);
      const slides = Array.from({ length: numLayers }, (_, l) =>
        types ? types[l] === "sliding_attention" : (!gguf || window > 0) && other(l),
      );
      const ropes = gguf
        ? [
            readGgufRope(r, { contextLength, dims: headDim }),
            {
              theta: r.number("rope.freq_base_swa", 10_000),
              dims: headDim,
              scaling: { type: "none" } as const,
            },
          ]
        : gemma3Ropes(r, sizes);
      return {
        ...sandwichKnobs(r, facts, sizes, 62),
        qkNorm: "head",
        slidingWindow: windows(numLayers, window, (l) => slides[l]),
        ropes,
        layerRopes: slides.map(Number),
      };
    };
    return textPart(reader, gemma3Defaults, (text) => readLlamaLine(text, facts, knobs));
  },
  names(config, facts): ModelNames {
    if (facts.dialect === "gguf") return { decoder: ggufNames(config, facts) };
    return { decoder: withRoot(sandwichNames, facts.has), ignore: mediaTensors };
  },
};
