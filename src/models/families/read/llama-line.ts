// The fields that most families share, in both dialects: sizes, RoPE, norms, ids.
import { BaimoError } from "../../../errors.ts";
import { completeConfig, type ModelConfig, type Pooling } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";
import type { CheckpointFacts, ReadKnobs } from "../family.ts";
import { readActivation } from "./activation.ts";
import { readGgufRope } from "./gguf-rope.ts";
import { ignoreHarmless } from "./ignored-fields.ts";
import { readRope } from "./rope-fields.ts";

/** Reads config.json. `knobs` is called before the fields that it may replace, so that it can read them itself. */
export function readHuggingFaceLine(
  reader: ConfigReader,
  facts: CheckpointFacts,
  knobs: ReadKnobs,
): ModelConfig {
  const numLayers = reader.size("num_hidden_layers", undefined, 1024);
  const hiddenSize = reader.size("hidden_size");
  const numHeads = reader.size("num_attention_heads", undefined, 65_536);
  const headDim = reader.size("head_dim", hiddenSize / numHeads, 4096);
  const contextLength = reader.size("max_position_embeddings", undefined, 1 << 30);
  const [bosTokenId] = reader.ids("bos_token_id");
  ignoreHarmless(reader);
  reader.only("is_encoder_decoder", false);
  const own = knobs(reader, { numLayers, hiddenSize, numHeads, headDim, contextLength }, facts);
  return checkSizes(
    completeConfig({
      numLayers,
      hiddenSize,
      numHeads,
      headDim,
      contextLength,
      bosTokenId,
      architecture: reader.text("model_type"),
      vocabSize: reader.size("vocab_size"),
      activation: own.activation ?? readActivation(reader, "hidden_act", "silu"),
      intermediateSize: own.intermediateSize ?? reader.size("intermediate_size"),
      numKvHeads: own.numKvHeads ?? reader.size("num_key_value_heads", numHeads, 65_536),
      normEps: own.normEps ?? reader.number("rms_norm_eps", 1e-6),
      ropes: own.ropes ?? [readRope(reader, { contextLength, dims: headDim })],
      tiedEmbeddings: own.tiedEmbeddings ?? reader.boolean("tie_word_embeddings", false),
      eosTokenIds: reader.ids("eos_token_id"),
      ...own,
    }),
    reader.where,
  );
}

/** llama.cpp's numbers for poolings: none, mean, the first token's, the last's; 4 stands for a classifier's scores. */
const POOLINGS: readonly (Pooling | undefined)[] = [undefined, "mean", "cls", "last"];

/** Reads GGUF metadata, in the same order. */
export function readGgufLine(reader: ConfigReader, facts: CheckpointFacts, knobs: ReadKnobs): ModelConfig {
  const numLayers = reader.size("block_count", undefined, 1024);
  const hiddenSize = reader.size("embedding_length");
  const numHeads = reader.size("attention.head_count", undefined, 65_536);
  const headDim = reader.size("attention.key_length", hiddenSize / numHeads, 4096);
  const contextLength = reader.size("context_length", undefined, 1 << 30);
  const own = knobs(reader, { numLayers, hiddenSize, numHeads, headDim, contextLength }, facts);
  const rope = () => {
    const dims = reader.size("rope.dimension_count", headDim, 4096);
    return readGgufRope(reader, facts, { contextLength, dims });
  };
  const pooling = POOLINGS[reader.number("pooling_type", 0)];
  reader.ignore("attention.value_length_mla", "attention.key_length_mla");
  const eps = reader.has("attention.layer_norm_rms_epsilon")
    ? "attention.layer_norm_rms_epsilon"
    : "attention.layer_norm_epsilon";
  return checkSizes(
    completeConfig({
      numLayers,
      hiddenSize,
      numHeads,
      headDim,
      contextLength,
      pooling,
      architecture: reader.text("architecture"),
      vocabSize: reader.size("vocab_size"),
      intermediateSize: own.intermediateSize ?? reader.size("feed_forward_length"),
      numKvHeads: own.numKvHeads ?? reader.size("attention.head_count_kv", numHeads, 65_536),
      valueDim: own.valueDim ?? reader.size("attention.value_length", headDim, 4096),
      normEps: own.normEps ?? reader.number(eps),
      ropes: own.ropes ?? [rope()],
      tiedEmbeddings: reader.boolean("tied_embeddings", false),
      bosTokenId: reader.ids("bos_token_id")[0],
      eosTokenIds: reader.ids("eos_token_id"),
      ...own,
    }),
    reader.where,
  );
}

/** Sizes that must divide each other. */
export function checkSizes(config: ModelConfig, where: string): ModelConfig {
  const { numHeads, numKvHeads, headDim, ropes, experts } = config;
  const fail = (text: string): never => {
    throw new BaimoError("config", `${where}: ${text}`);
  };
  if (!Number.isInteger(headDim)) fail(`a head size of ${headDim} is not a whole number`);
  for (const { dims } of ropes) {
    if (!Number.isInteger(dims) || dims % 2 !== 0 || dims > headDim)
      fail(`${dims} of ${headDim} dimensions of a head cannot be rotated in pairs`);
  }
  if (numHeads % numKvHeads !== 0)
    fail(`${numHeads} heads cannot share ${numKvHeads} key-value heads evenly`);
  if (experts && !(experts.perToken >= 1 && experts.perToken <= experts.count))
    fail(`${experts.perToken} experts a token of ${experts.count} experts`);
  if (experts && experts.count % experts.groups !== 0)
    fail(`${experts.count} experts are not ${experts.groups} groups of one size`);
  return config;
}

/** The same window in every layer that `slides` says. */
export function windows(numLayers: number, window: number, slides: (layer: number) => boolean): number[] {
  return Array.from({ length: numLayers }, (_, l) => (slides(l) ? window : 0));
}

/** Which layers slide by GGUF's metadata: a list, or all but every n-th. */
export function readGgufPattern(
  r: ConfigReader,
  numLayers: number,
  every: number,
): (layer: number) => boolean {
  const key = "attention.sliding_window_pattern";
  const listed = r.flags(key, numLayers);
  if (listed) return (l) => listed[l];
  const period = r.number(key, every);
  return (l) => (l + 1) % period !== 0;
}
