// The fields that the Llama line of families shares, in both dialects: sizes, RoPE, norms. Leans on ConfigReader.
import { BaimoError } from "../../errors.ts";
import type { ModelConfig, RopeScaling } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Dialect } from "./family.ts";

/** What differs within the line; a family sets these. */
export type LlamaKnobs = Pick<ModelConfig, "qkvBias" | "outputBias" | "mlpBias" | "qkNorm" | "slidingWindow">;

/** Reads a configuration of the Llama line. `knobs` is called first, so that it can read its own fields. */
export function readLlamaLine(
  reader: ConfigReader,
  dialect: Dialect,
  knobs: (reader: ConfigReader, numLayers: number) => LlamaKnobs,
): ModelConfig {
  return dialect === "gguf" ? readGguf(reader, knobs) : readHuggingFace(reader, knobs);
}

function readHuggingFace(
  reader: ConfigReader,
  knobs: (reader: ConfigReader, numLayers: number) => LlamaKnobs,
): ModelConfig {
  const numLayers = reader.size("num_hidden_layers", undefined, 1024);
  const hiddenSize = reader.size("hidden_size");
  const numHeads = reader.size("num_attention_heads", undefined, 65_536);
  const contextLength = reader.size("max_position_embeddings", undefined, 1 << 30);
  reader.only("hidden_act", "silu", "swish");
  const [bosTokenId] = reader.ids("bos_token_id");
  // What concerns training, other programs or the file itself.
  reader.ignore(
    ...["architectures", "auto_map", "initializer_range", "pretraining_tp", "torch_dtype", "dtype"],
    ...[
      "transformers_version",
      "use_cache",
      "pad_token_id",
      "unk_token_id",
      "attention_dropout",
      "_name_or_path",
    ],
    ...["output_attentions", "output_hidden_states", "return_dict", "id2label", "label2id"],
  );
  // Weights of other quantisers than ggml's are not read.
  reader.only("quantization_config");
  const { theta, scaling } = readRope(reader, contextLength);
  const config: ModelConfig = {
    architecture: reader.text("model_type"),
    vocabSize: reader.size("vocab_size"),
    hiddenSize,
    intermediateSize: reader.size("intermediate_size"),
    numLayers,
    numHeads,
    numKvHeads: reader.size("num_key_value_heads", numHeads, 65_536),
    headDim: reader.size("head_dim", hiddenSize / numHeads, 4096),
    contextLength,
    normEps: reader.number("rms_norm_eps", 1e-6),
    ropeTheta: theta,
    ropeScaling: scaling,
    tiedEmbeddings: reader.boolean("tie_word_embeddings", false),
    numExperts: 0,
    numExpertsPerToken: 0,
    bosTokenId,
    eosTokenIds: reader.ids("eos_token_id"),
    ...knobs(reader, numLayers),
  };
  return checkSizes(config, reader.where);
}

/** RoPE's base and scaling, from the old fields or from `rope_parameters` of transformers 5. */
function readRope(reader: ConfigReader, contextLength: number): { theta: number; scaling: RopeScaling } {
  const nested = reader.record("rope_parameters");
  const old = reader.record("rope_scaling");
  const scaling = nested ?? old;
  const theta = nested?.has("rope_theta") ? nested.number("rope_theta") : reader.number("rope_theta", 10_000);
  if (nested) reader.ignore("rope_theta");
  if (!scaling) return { theta, scaling: { type: "none" } };
  scaling.ignore("rope_theta");
  const key = scaling.has("rope_type") ? "rope_type" : "type";
  scaling.ignore("type");
  const type = scaling.text(key);
  const result = readScaling(scaling, type, contextLength);
  scaling.finish();
  return { theta, scaling: result };
}

function readScaling(scaling: ConfigReader, type: string, contextLength: number): RopeScaling {
  switch (type) {
    case "default":
      return { type: "none" };
    case "linear":
      return { type: "linear", factor: scaling.number("factor") };
    case "llama3":
      return {
        type: "llama3",
        factor: scaling.number("factor"),
        lowFreqFactor: scaling.number("low_freq_factor"),
        highFreqFactor: scaling.number("high_freq_factor"),
        originalContextLength: scaling.size("original_max_position_embeddings"),
      };
    case "yarn": {
      const factor = scaling.number("factor");
      const originalContextLength = scaling.size("original_max_position_embeddings", contextLength);
      return {
        type: "yarn",
        factor,
        originalContextLength,
        betaFast: scaling.number("beta_fast", 32),
        betaSlow: scaling.number("beta_slow", 1),
        attentionFactor: scaling.number("attention_factor", yarnAttentionFactor(factor)),
      };
    }
    default:
      throw new BaimoError(
        "config",
        `${scaling.where}: RoPE scaling "${type}" is not one of default, linear, llama3, yarn`,
      );
  }
}

/** 0.1 ln(factor) + 1 (arXiv:2309.00071 §3.4). */
function yarnAttentionFactor(factor: number): number {
  return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
}

function readGguf(
  reader: ConfigReader,
  knobs: (reader: ConfigReader, numLayers: number) => LlamaKnobs,
): ModelConfig {
  const numLayers = reader.size("block_count", undefined, 1024);
  const hiddenSize = reader.size("embedding_length");
  const numHeads = reader.size("attention.head_count", undefined, 65_536);
  const headDim = reader.size("attention.key_length", hiddenSize / numHeads, 4096);
  const contextLength = reader.size("context_length", undefined, 1 << 30);
  reader.only("attention.value_length", headDim);
  reader.only("rope.dimension_count", headDim);
  reader.ignore("attention.value_length_mla", "attention.key_length_mla");
  const numExperts = reader.number("expert_count", 0);
  const numExpertsPerToken = reader.number("expert_used_count", 0);
  const config: ModelConfig = {
    architecture: reader.text("architecture"),
    vocabSize: reader.size("vocab_size"),
    hiddenSize,
    intermediateSize: reader.size("feed_forward_length"),
    numLayers,
    numHeads,
    numKvHeads: reader.size("attention.head_count_kv", numHeads, 65_536),
    headDim,
    contextLength,
    normEps: reader.number("attention.layer_norm_rms_epsilon"),
    ropeTheta: reader.number("rope.freq_base", 10_000),
    ropeScaling: readGgufScaling(reader, contextLength),
    tiedEmbeddings: reader.boolean("tied_embeddings", false),
    numExperts,
    numExpertsPerToken,
    bosTokenId: reader.ids("bos_token_id")[0],
    eosTokenIds: reader.ids("eos_token_id"),
    ...knobs(reader, numLayers),
  };
  return checkSizes(config, reader.where);
}

function readGgufScaling(reader: ConfigReader, contextLength: number): RopeScaling {
  const type = reader.text("rope.scaling.type", reader.has("rope.scale_linear") ? "linear" : "none");
  const factor = reader.number("rope.scaling.factor", reader.number("rope.scale_linear", 1));
  const original = reader.size("rope.scaling.original_context_length", contextLength, 1 << 30);
  reader.ignore("rope.scaling.finetuned");
  switch (type) {
    case "none":
      return { type: "none" };
    case "linear":
      return { type: "linear", factor };
    case "yarn":
      return {
        type: "yarn",
        factor,
        originalContextLength: original,
        betaFast: reader.number("rope.scaling.yarn_beta_fast", 32),
        betaSlow: reader.number("rope.scaling.yarn_beta_slow", 1),
        attentionFactor: reader.number("rope.scaling.attn_factor", 1) * yarnAttentionFactor(factor),
      };
    default:
      throw new BaimoError(
        "config",
        `${reader.where}: RoPE scaling "${type}" is not one of none, linear, yarn`,
      );
  }
}

/** Sizes that must divide each other. */
function checkSizes(config: ModelConfig, where: string): ModelConfig {
  const { numHeads, numKvHeads, headDim, numExperts, numExpertsPerToken } = config;
  const fail = (text: string): never => {
    throw new BaimoError("config", `${where}: ${text}`);
  };
  if (!Number.isInteger(headDim) || headDim % 2 !== 0)
    fail(`a head size of ${headDim} cannot be rotated in pairs`);
  if (numHeads % numKvHeads !== 0)
    fail(`${numHeads} heads cannot share ${numKvHeads} key-value heads evenly`);
  if (numExperts > 0 && !(numExpertsPerToken >= 1 && numExpertsPerToken <= numExperts)) {
    fail(`${numExpertsPerToken} experts a token of ${numExperts} experts`);
  }
  return config;
}
