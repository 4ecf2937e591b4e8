// ModernBERT: an encoder alone with RoPE, norms before branches, a gated MLP and local attention.
import type { Knobs, ModelConfig, RopeConfig } from "../config/config.ts";
import type { Family, GgufKeys } from "./family.ts";
import { readActivation } from "./read/activation.ts";
import {
  classesOf,
  classifierMarks,
  encoderKnobs,
  ggufClassifier,
  ggufEncoderNames,
  writeEncoder,
} from "./read/encoder.ts";
import { windows } from "./read/llama-line.ts";
import { ggufNames } from "./read/llama-names.ts";
import { packedGateUp, packedThirds } from "./read/packing.ts";
import { readRopesByType } from "./read/rope-fields.ts";
import { f32, text, u32 } from "./write/keys.ts";

const modernKnobs = {
  ...encoderKnobs,
  norm: "layer",
  embeddingNorm: true,
  firstNorm: false,
} as const satisfies Knobs;

/** Layers with a window of `local` positions around a token, its own in the middle, turn by angles of their own. */
function localLayers(
  numLayers: number,
  local: number,
  ropes: readonly [full: RopeConfig, sliding: RopeConfig],
  slides: (layer: number) => boolean,
): Knobs {
  return {
    ropes,
    layerRopes: Array.from({ length: numLayers }, (_, l) => (slides(l) ? 1 : 0)),
    slidingWindow: windows(numLayers, Math.floor(local / 2) + 1, slides),
  };
}

const BASE = "model.embeddings.tok_embeddings.weight";

export const modernbert: Family = {
  name: "modernbert",
  huggingface: {
    types: ["modernbert"],
    spellings: { rope_theta: ["global_rope_theta"] },
    defaults: { max_position_embeddings: 8192 },
    knobs(r, { numLayers, headDim, contextLength }, facts): Knobs {
      r.ignore("decoder_bias", "sparse_prediction", "sparse_pred_ignore_index", "reference_compile");
      r.ignore(
        "repad_logits_with_grad",
        "deterministic_flash_attn",
        "mlp_dropout",
        "initializer_cutoff_factor",
      );
      r.ignore("layer_norm_eps", "position_embedding_type", "tie_word_embeddings", "sliding_window");
      const bias = r.boolean("attention_bias", false);
      const classes = classesOf(facts, "classifier");
      const dense = {
        bias: r.boolean("classifier_bias", false),
        activation: readActivation(r, "classifier_activation", "gelu"),
        norm: true,
      };
      const pooling = r.choice("classifier_pooling", { cls: "cls", mean: "mean" } as const, "cls");
      const every = r.number("global_attn_every_n_layers", 3);
      const types = r.layerTypes(numLayers);
      const slides = (l: number) => (types ? types[l] === "sliding_attention" : l % every !== 0);
      const defaults = { dims: headDim, contextLength, theta: 160_000 };
      const ropes = readRopesByType(r, defaults, r.number("local_rope_theta", 10_000));
      return {
        ...modernKnobs,
        ...localLayers(numLayers, r.size("local_attention", 128), ropes, slides),
        normBias: r.boolean("norm_bias", false),
        normEps: r.number("norm_eps", 1e-5),
        qkvBias: bias,
        outputBias: bias,
        mlpBias: r.boolean("mlp_bias", false),
        activation: readActivation(r, "hidden_activation", "gelu"),
        classifier: classes > 0 ? { classes, pooling, dense } : undefined,
      };
    },
    names({ hiddenSize: hidden, intermediateSize }, { has }) {
      const base = has(BASE) ? "model." : "";
      const layer = `${base}layers.{l}`;
      return {
        decoder: {
          embedding: `${base}embeddings.tok_embeddings`,
          embeddingNorm: `${base}embeddings.norm`,
          finalNorm: `${base}final_norm`,
          attentionNorm: `${layer}.attn_norm`,
          ...packedThirds(`${layer}.attn.Wqkv`, [hidden, hidden, hidden], hidden),
          output: `${layer}.attn.Wo`,
          mlpNorm: `${layer}.mlp_norm`,
          ...packedGateUp(`${layer}.mlp.Wi`, intermediateSize, hidden),
          down: `${layer}.mlp.Wo`,
          classifierDense: "head.dense",
          classifierNorm: "head.norm",
          classifier: "classifier",
        },
        // The head of pre-training.
        ignore: has("classifier.weight") ? undefined : /^head\.|^decoder\./,
      };
    },
  },
  gguf: {
    architectures: ["modern-bert"],
    knobs(r, { numLayers, headDim }, facts): Knobs {
      r.only("attention.causal", false);
      r.only("rope.scaling.type", "none");
      const every = r.number("attention.sliding_window_pattern", 3);
      const ropeOf = (key: string): RopeConfig => ({
        theta: r.number(key, 10_000),
        dims: r.size("rope.dimension_count", headDim, 4096),
        scaling: { type: "none" },
      });
      const local = r.size("attention.sliding_window", 128);
      const ropes = [ropeOf("rope.freq_base"), ropeOf("rope.freq_base_swa")] as const;
      const dense = { bias: false, activation: "gelu", norm: true } as const;
      return {
        ...modernKnobs,
        ...localLayers(numLayers, local, ropes, (l) => l % every !== 0),
        normBias: facts.has("output_norm.bias"),
        activation: readActivation(r, "hidden_act", "gelu"),
        classifier: ggufClassifier(r, facts, dense),
      };
    },
    names: (config, facts) => ({
      decoder: {
        ...ggufNames(config, facts),
        ...ggufEncoderNames,
        ...packedGateUp("blk.{l}.ffn_up", config.intermediateSize, config.hiddenSize),
      },
    }),
    packed: true,
    write: (config) => ({ ...writeEncoder(config), ...localKeys(config) }),
    marks: (config) => [...classifierMarks(config), ...(config.normBias ? ["output_norm.bias"] : [])],
  },
};

/** The activation, the window and the period of layers without one, the first of which is the first. */
function localKeys({ slidingWindow, ropes, activation }: ModelConfig): GgufKeys {
  const window = Math.max(1, ...slidingWindow);
  const next = slidingWindow.indexOf(0, 1);
  return {
    hidden_act: activation === "silu" ? text("silu") : undefined,
    "attention.sliding_window": u32(2 * (window - 1)),
    "attention.sliding_window_pattern": u32(next < 0 ? slidingWindow.length : next),
    "rope.freq_base_swa": ropes[1] && f32(ropes[1].theta),
  };
}
