// A configuration as GGUF metadata: the keys that most families share, then a family's own.
import { BaimoError } from "../../../errors.ts";
import type { TypedMetadataValue } from "../../../formats/gguf/gguf-writer.ts";
import type { ModelConfig, RopeConfig } from "../../config/config.ts";
import type { GgufForm, GgufKeys } from "../family.ts";
import { yarnTemperature } from "../read/rope-fields.ts";
import { f32, text, u32 } from "./keys.ts";

/**
 * The keys of a model, with the architecture's prefix.
 * @throws {BaimoError} `request` when there are experts and the family writes none
 */
export function toGgufKeys(
  config: ModelConfig,
  form: GgufForm,
  architecture: string,
): Map<string, TypedMetadataValue> {
  const { hiddenSize, numHeads, headDim, valueDim, experts, slidingWindow } = config;
  const eps = config.norm === "rms" ? "layer_norm_rms_epsilon" : "layer_norm_epsilon";
  const isUsualHead = headDim * numHeads === hiddenSize && valueDim === headDim;
  const window = Math.max(0, ...slidingWindow);
  const keys: GgufKeys = {
    context_length: u32(config.contextLength),
    embedding_length: u32(hiddenSize),
    block_count: u32(config.numLayers),
    feed_forward_length: u32(config.intermediateSize),
    vocab_size: u32(config.vocabSize),
    "attention.head_count": u32(numHeads),
    "attention.head_count_kv": u32(config.numKvHeads),
    [`attention.${eps}`]: f32(config.normEps),
    "attention.key_length": isUsualHead ? undefined : u32(headDim),
    "attention.value_length": isUsualHead ? undefined : u32(valueDim),
    pooling_type: config.pooling && u32({ mean: 1, cls: 2, last: 3 }[config.pooling]),
    "attention.sliding_window": form.window && window > 0 ? u32(window) : undefined,
    ...ropeKeys(config.ropes[0], headDim),
    ...form.write?.(config),
  };
  if (experts && !keys.expert_count) throw hasNoPlace(architecture, "experts", `${experts.count}`);
  const prefixed = new Map<string, TypedMetadataValue>();
  for (const [key, value] of Object.entries(keys)) {
    if (value) prefixed.set(`${architecture}.${key}`, value);
  }
  return prefixed;
}

/** The error for a knob that GGUF does not hold. */
export const hasNoPlace = (architecture: string, knob: string, value: string): BaimoError =>
  new BaimoError(
    "request",
    `GGUF's architecture "${architecture}" has no place for ${knob} (${value}); this checkpoint cannot be converted`,
  );

function ropeKeys(rope: RopeConfig | undefined, headDim: number): GgufKeys {
  if (!rope) return {};
  const { theta, dims } = rope;
  return {
    "rope.freq_base": f32(theta),
    "rope.dimension_count": dims === headDim ? undefined : u32(dims),
    ...scalingKeys(rope),
  };
}

/** Divisors of frequencies are no keys but tensors (`ropeTensors`). */
function scalingKeys({ scaling }: RopeConfig): GgufKeys {
  switch (scaling.type) {
    case "linear":
      return {
        "rope.scaling.type": text("linear"),
        "rope.scaling.factor": f32(scaling.factor),
      };
    case "yarn":
      return {
        "rope.scaling.type": text("yarn"),
        "rope.scaling.factor": f32(scaling.factor),
        "rope.scaling.original_context_length": u32(scaling.originalContextLength),
        "rope.scaling.yarn_beta_fast": scaling.betaFast === 32 ? undefined : f32(scaling.betaFast),
        "rope.scaling.yarn_beta_slow": scaling.betaSlow === 1 ? undefined : f32(scaling.betaSlow),
        // Readers know YaRN's own temperature.
        "rope.scaling.yarn_attn_factor":
          Math.abs(scaling.attentionFactor - yarnTemperature(scaling.factor)) < 1e-6
            ? undefined
            : f32(scaling.attentionFactor),
      };
    case "longrope":
      return {
        "rope.scaling.type": text("longrope"),
        "rope.scaling.original_context_length": u32(scaling.originalContextLength),
        "rope.scaling.attn_factor": f32(scaling.longFactor),
      };
    default:
      return {};
  }
}
