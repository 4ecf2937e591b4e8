// Writes a ModelConfig as GGUF metadata and checks that it reads back the same.
import { BaimoError } from "../../errors.ts";
import type { TypedMetadataValue } from "../../formats/gguf/gguf-writer.ts";
import type { ModelConfig, RopeConfig } from "../config/config.ts";
import { f32, type GgufFields, type GgufForm, u32 } from "../families/gguf-forms.ts";
import { yarnTemperature } from "../families/read/rope-fields.ts";
import { dependsOnLength, ropeFrequencies } from "../forward/rope.ts";

/** The keys of a model, with the architecture's prefix. */
export function toGgufFields(config: ModelConfig, form: GgufForm): Map<string, TypedMetadataValue> {
  const { hiddenSize, numHeads, headDim, valueDim, experts, slidingWindow } = config;
  const eps = config.norm === "rms" ? "layer_norm_rms_epsilon" : "layer_norm_epsilon";
  const isUsualHead = headDim * numHeads === hiddenSize && valueDim === headDim;
  const window = Math.max(0, ...slidingWindow);
  const fields: GgufFields = {
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
    "attention.sliding_window": form.window && window > 0 ? u32(window) : undefined,
    ...ropeFields(config.ropes[0], headDim),
  };
  if (experts) {
    if (!form.experts) throw cannot(form, "experts", `${experts.count}`);
    fields.expert_count = u32(experts.count);
    fields.expert_used_count = u32(experts.perToken);
    Object.assign(fields, form.experts(experts, config));
  }
  Object.assign(fields, form.fields?.(config));
  const keys = new Map<string, TypedMetadataValue>();
  for (const [key, value] of Object.entries(fields)) {
    if (value) keys.set(`${form.architecture}.${key}`, value);
  }
  return keys;
}

function ropeFields(rope: RopeConfig | undefined, headDim: number): GgufFields {
  if (!rope) return {};
  const { theta, dims, scaling } = rope;
  const fields: GgufFields = {
    "rope.freq_base": f32(theta),
    "rope.dimension_count": dims === headDim ? undefined : u32(dims),
  };
  const type = (value: string) => ({ type: "STRING", value }) as const;
  switch (scaling.type) {
    case "linear":
      return {
        ...fields,
        "rope.scaling.type": type("linear"),
        "rope.scaling.factor": f32(scaling.factor),
      };
    case "yarn":
      return {
        ...fields,
        "rope.scaling.type": type("yarn"),
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
        ...fields,
        "rope.scaling.type": type("longrope"),
        "rope.scaling.original_context_length": u32(scaling.originalContextLength),
        "rope.scaling.attn_factor": f32(scaling.longFactor),
      };
    default:
      return fields;
  }
}

/** Divisors of RoPE's frequencies that GGUF keeps in tensors, by name. */
export function ropeTensors({ ropes }: ModelConfig): Map<string, Float32Array> {
  const rope = ropes[0];
  const tensors = new Map<string, Float32Array>();
  if (!rope) return tensors;
  const { scaling } = rope;
  if (scaling.type === "llama3" || scaling.type === "factors") {
    const plain = ropeFrequencies({ ...rope, scaling: { type: "none" } }, 1).inverse;
    const scaled = ropeFrequencies(rope, 1).inverse;
    tensors.set(
      "rope_freqs.weight",
      Float32Array.from(plain, (f, i) => f / scaled[i]),
    );
  } else if (scaling.type === "longrope") {
    tensors.set("rope_factors_long.weight", Float32Array.from(scaling.long));
    tensors.set("rope_factors_short.weight", Float32Array.from(scaling.short));
  }
  return tensors;
}

const cannot = (form: GgufForm, knob: string, value: string) =>
  new BaimoError(
    "request",
    `GGUF's architecture "${form.architecture}" has no place for ${knob} (${value}); this checkpoint cannot be converted`,
  );

/** Knobs that are another thing in a file, or show there by the presence of tensors. */
const byTensors = new Set([
  "architecture",
  "eosTokenIds",
  "bosTokenId",
  "decoderStartTokenId",
  "qkvBias",
  "outputBias",
  "mlpBias",
  "headBias",
  "headNormalized",
  "normWeight",
  "ropes",
  "layerRopes",
  "slidingWindow",
  "experts.bias",
  "experts.routerBias",
]);

/**
 * Compares the configuration that a written file has with the one that it was made from.
 *
 * Returns what is lost without harm to texts of moderate length, as sentences.
 * @throws {BaimoError} `request` naming the knobs that GGUF does not hold
 */
export function compareConfigs(source: ModelConfig, written: ModelConfig, form: GgufForm): string[] {
  const lost: string[] = [];
  const compare = (path: string, a: unknown, b: unknown): void => {
    if (byTensors.has(path) || meansNothing(path, source)) return;
    if (typeof a === "number" && typeof b === "number") {
      // Files hold float32.
      if (Math.abs(a - b) > 1e-6 * Math.max(Math.abs(a), Math.abs(b)))
        lost.push(`${path} (${a}, read back ${b})`);
    } else if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        const inner = path === "" ? key : `${path}.${key}`;
        compare(inner, (a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]);
      }
    } else if (a !== b) {
      lost.push(`${path} (${JSON.stringify(a)}, read back ${JSON.stringify(b)})`);
    }
  };
  const { queryScaling } = source;
  const isLogN = queryScaling?.type === "log-n" && !written.queryScaling;
  compare("", isLogN ? { ...source, queryScaling: undefined } : source, written);
  if (source.normWeight !== written.normWeight && source.normWeight !== "one-plus") {
    lost.push(`normWeight (${source.normWeight}, read back ${written.normWeight})`);
  }
  const notes: string[] = [];
  if (isLogN) notes.push("log-n attention: texts past the length of training will differ");
  for (let l = 0; l < source.numLayers; l++) {
    const [from, to] = [source.slidingWindow[l], written.slidingWindow[l]];
    if (from === to || (from >= source.contextLength && to === 0)) continue;
    if (to !== 0) lost.push(`slidingWindow of layer ${l} (${from}, read back ${to})`);
    else if (notes.length === 0) {
      notes.push(
        `the window of ${from} positions, which this architecture does not have: longer texts will differ`,
      );
    }
  }
  const grown = source.ropes.find((rope) => dependsOnLength(rope) && rope.scaling.type !== "longrope");
  if (grown && !written.ropes.some(dependsOnLength)) {
    notes.push(`RoPE scaling "${grown.scaling.type}": texts past the length of training will differ`);
  }
  if (!sameAngles(source, written)) lost.push(`RoPE (${JSON.stringify(source.ropes)})`);
  if (lost.length > 0) throw cannot(form, lost.slice(0, 4).join(", "), "the knobs of its config.json");
  return notes;
}

/** Knobs that others make idle. */
function meansNothing(path: string, config: ModelConfig): boolean {
  if (path === "clipAfterNorm") return config.qkvClip === 0;
  return path === "experts.normalize" && config.experts?.score === "sparsemixer";
}

/** Whether positions turn alike in every layer, for a short and for the longest sequence of training. */
function sameAngles(a: ModelConfig, b: ModelConfig): boolean {
  for (let l = 0; l < a.numLayers; l++) {
    const [one, other] = [a.ropes[a.layerRopes[l]], b.ropes[b.layerRopes[l]]];
    if (!one || !other) {
      if (one || other) return false;
      continue;
    }
    const grows = one.scaling.type === "dynamic" || one.scaling.type === "qwen-ntk";
    const trained = grows ? one.scaling.originalContextLength : a.contextLength;
    for (const length of [1, trained]) {
      const [x, y] = [ropeFrequencies(one, length), ropeFrequencies(other, length)];
      if (x.inverse.length !== y.inverse.length) return false;
      if (Math.abs(x.attentionFactor - y.attentionFactor) > 1e-6 * x.attentionFactor) return false;
      if (x.inverse.some((f, i) => Math.abs(f - y.inverse[i]) > 1e-6 * f)) return false;
    }
  }
  return true;
}
