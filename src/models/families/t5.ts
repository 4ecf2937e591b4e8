// The T5 line, encoder and decoder: T5, T5 v1.1, FLAN-T5, T0, UL2 and mT5.
import { completeConfig, type ModelConfig } from "../config/config.ts";
import type { ConfigReader } from "../config/config-reader.ts";
import type { CheckpointFacts, Family, GgufKeys, TensorNames } from "./family.ts";
import { ignoreHarmless } from "./read/ignored-fields.ts";
import { u32 } from "./write/keys.ts";

/** What `feed_forward_proj` and `dense_act_fn` call activations. */
const activations = {
  relu: "relu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  silu: "silu",
  swish: "silu",
} as const;

function readHuggingFace(reader: ConfigReader): ModelConfig {
  ignoreHarmless(reader);
  reader.ignore(
    "dropout_rate",
    "classifier_dropout",
    "initializer_factor",
    "output_past",
    "task_specific_params",
  );
  reader.ignore("is_decoder", "gradient_checkpointing", "n_positions", "max_new_tokens", "bos_token_id");
  reader.only("is_encoder_decoder", true);
  const encoderLayers = reader.size("num_layers", 6, 1024);
  const hiddenSize = reader.size("d_model", 512);
  const numHeads = reader.size("num_heads", 8, 65_536);
  // "gated-gelu" is gated and, by a habit of the first checkpoints, gelu_new.
  const project = reader.text("feed_forward_proj", "relu");
  const gatedMlp = project.startsWith("gated-");
  const said = project.replace(/^gated-/, "");
  reader.only("is_gated_act", gatedMlp);
  const activation = reader.choice("dense_act_fn", activations, project === "gated-gelu" ? "gelu_new" : said);
  const architecture = reader.text("model_type");
  const tiedEmbeddings = reader.boolean("tie_word_embeddings", true);
  // mT5 never scales; transformers 5 writes for every T5 that its embeddings are tied.
  const scales = architecture !== "mt5" && tiedEmbeddings;
  return completeConfig({
    architecture,
    vocabSize: reader.size("vocab_size"),
    hiddenSize,
    numHeads,
    encoderLayers,
    gatedMlp,
    activation,
    tiedEmbeddings,
    numLayers: reader.size("num_decoder_layers", encoderLayers, 1024),
    headDim: reader.size("d_kv", 64, 4096),
    intermediateSize: reader.size("d_ff", 2048),
    ...positionless,
    relativeBuckets: reader.size("relative_attention_num_buckets", 32, 4096),
    relativeMaxDistance: reader.size("relative_attention_max_distance", 128, 65_536),
    normEps: reader.number("layer_norm_epsilon", 1e-6),
    logitScale: reader.boolean("scale_decoder_outputs", scales) ? hiddenSize ** -0.5 : 1,
    decoderStartTokenId: reader.number("decoder_start_token_id", 0),
    eosTokenIds: reader.ids("eos_token_id"),
  });
}

/** Scores are not scaled, and a position is known by its distance alone, so that no length is too long. */
const positionless = { attentionScale: 1, contextLength: 1 << 20 } as const;

function readGguf(reader: ConfigReader, facts: CheckpointFacts): ModelConfig {
  const encoderLayers = reader.size("block_count", undefined, 1024);
  const hiddenSize = reader.size("embedding_length");
  const gatedMlp = facts.has("dec.blk.0.ffn_gate.weight");
  const tiedEmbeddings = reader.boolean("tied_embeddings", false);
  const headDim = reader.size("attention.key_length", undefined, 4096);
  reader.only("attention.value_length", headDim);
  reader.ignore("context_length", "attention.layer_norm_epsilon", "attention.head_count_kv", "bos_token_id");
  return completeConfig({
    architecture: reader.text("architecture"),
    vocabSize: reader.size("vocab_size"),
    hiddenSize,
    encoderLayers,
    gatedMlp,
    tiedEmbeddings,
    headDim,
    numLayers: reader.size("decoder_block_count", encoderLayers, 1024),
    numHeads: reader.size("attention.head_count", undefined, 65_536),
    intermediateSize: reader.size("feed_forward_length"),
    ...positionless,
    activation: gatedMlp ? "gelu-tanh" : "relu",
    relativeBuckets: reader.size("attention.relative_buckets_count", undefined, 4096),
    relativeMaxDistance: 128,
    normEps: reader.number("attention.layer_norm_rms_epsilon"),
    logitScale: reader.boolean("scale_decoder_outputs", tiedEmbeddings) ? hiddenSize ** -0.5 : 1,
    decoderStartTokenId: reader.number("decoder_start_token_id", 0),
    eosTokenIds: reader.ids("eos_token_id"),
  });
}

/** Names of a stack; `mlp` is the number of the last sub-layer. */
function stackNames(stack: "encoder" | "decoder", mlp: number, gated: boolean): Partial<TensorNames> {
  const layer = `${stack}.block.{l}.layer`;
  return {
    embedding: "shared",
    head: "lm_head",
    finalNorm: `${stack}.final_layer_norm`,
    relativeBias: `${stack}.block.{l}.layer.0.SelfAttention.relative_attention_bias`,
    attentionNorm: `${layer}.0.layer_norm`,
    query: `${layer}.0.SelfAttention.q`,
    key: `${layer}.0.SelfAttention.k`,
    value: `${layer}.0.SelfAttention.v`,
    output: `${layer}.0.SelfAttention.o`,
    crossNorm: `${layer}.1.layer_norm`,
    crossQuery: `${layer}.1.EncDecAttention.q`,
    crossKey: `${layer}.1.EncDecAttention.k`,
    crossValue: `${layer}.1.EncDecAttention.v`,
    crossOutput: `${layer}.1.EncDecAttention.o`,
    mlpNorm: `${layer}.${mlp}.layer_norm`,
    gate: `${layer}.${mlp}.DenseReluDense.wi_0`,
    up: `${layer}.${mlp}.DenseReluDense.${gated ? "wi_1" : "wi"}`,
    down: `${layer}.${mlp}.DenseReluDense.wo`,
  };
}

function ggufStackNames(stack: "enc" | "dec"): Partial<TensorNames> {
  const block = `${stack}.blk.{l}`;
  return {
    embedding: "token_embd",
    head: "output",
    finalNorm: `${stack}.output_norm`,
    relativeBias: `${block}.attn_rel_b`,
    attentionNorm: `${block}.attn_norm`,
    query: `${block}.attn_q`,
    key: `${block}.attn_k`,
    value: `${block}.attn_v`,
    output: `${block}.attn_o`,
    crossNorm: `${block}.cross_attn_norm`,
    crossQuery: `${block}.cross_attn_q`,
    crossKey: `${block}.cross_attn_k`,
    crossValue: `${block}.cross_attn_v`,
    crossOutput: `${block}.cross_attn_o`,
    mlpNorm: `${block}.ffn_norm`,
    gate: `${block}.ffn_gate`,
    up: `${block}.ffn_up`,
    down: `${block}.ffn_down`,
  };
}

function write(config: ModelConfig): GgufKeys {
  return {
    // Positions are known by their distance: llama.cpp only wants a number.
    context_length: u32(512),
    block_count: u32(config.encoderLayers),
    decoder_block_count: u32(config.numLayers),
    decoder_start_token_id: u32(config.decoderStartTokenId ?? 0),
    "attention.relative_buckets_count": u32(config.relativeBuckets),
    "attention.key_length": u32(config.headDim),
    "attention.value_length": u32(config.valueDim),
  };
}

export const t5: Family = {
  name: "t5",
  huggingface: {
    types: ["t5", "mt5"],
    read: readHuggingFace,
    names: ({ gatedMlp }) => ({
      encoder: stackNames("encoder", 1, gatedMlp),
      decoder: stackNames("decoder", 2, gatedMlp),
      // The embedding once more, and a bias by distance that attention over the encoder's answer does not use.
      ignore: /^(en|de)coder\.embed_tokens\.weight$|EncDecAttention\.relative_attention_bias\.weight$/,
    }),
  },
  gguf: {
    architectures: ["t5"],
    read: readGguf,
    names: () => ({
      encoder: ggufStackNames("enc"),
      decoder: ggufStackNames("dec"),
      ignore: /cross_attn_rel_b/,
    }),
    write,
    marks: ({ gatedMlp }) => (gatedMlp ? ["dec.blk.0.ffn_gate.weight"] : []),
  },
};
