// RoPE's keys in GGUF metadata, and the divisors of its frequencies that GGUF keeps in tensors.
import { BaimoError } from "../../../errors.ts";
import type { RopeConfig, RopeScaling } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";
import type { CheckpointFacts } from "../family.ts";
import { yarnTemperature } from "./rope-fields.ts";

/** Tensors that hold divisors: one set, or one for long texts and one for short. They are read before the metadata. */
export const ropeDivisors = {
  all: "rope_freqs.weight",
  long: "rope_factors_long.weight",
  short: "rope_factors_short.weight",
} as const;

/** What is known beside the keys. */
export interface GgufRopeDefaults {
  /** Dimensions of a head that turn. */
  readonly dims: number;
  readonly contextLength: number;
  /** Whether YaRN's ramp begins and ends at whole dimensions, of which no key tells. */
  readonly truncate?: boolean;
}

/** RoPE of a model. Divisors that are stored go before whatever scaling the keys name. */
export function readGgufRope(
  reader: ConfigReader,
  facts: CheckpointFacts,
  defaults: GgufRopeDefaults,
): RopeConfig {
  const { dims } = defaults;
  const theta = reader.number("rope.freq_base", 10_000);
  reader.ignore("rope.scaling.finetuned", "rope.dimension_sections");
  const scaling = readScaling(reader, defaults);
  const factors = facts.values(ropeDivisors.all, dims / 2);
  if (factors) return { theta, dims, scaling: { type: "factors", factors, attentionFactor: 1 } };
  return { theta, dims, scaling: readLongRope(reader, facts, defaults) ?? scaling };
}

/** The scaling that is in keys alone. */
function readScaling(
  reader: ConfigReader,
  { contextLength, truncate = true }: GgufRopeDefaults,
): RopeScaling {
  const type = reader.text("rope.scaling.type", reader.has("rope.scale_linear") ? "linear" : "none");
  // llama.cpp takes 0 for none.
  const factor = reader.number("rope.scaling.factor", reader.number("rope.scale_linear", 1)) || 1;
  if (factor < 0) {
    throw new BaimoError(
      "config",
      `${reader.where}: "rope.scaling.factor" should be above 0, found ${factor}`,
    );
  }
  const original = reader.size("rope.scaling.original_context_length", contextLength, 1 << 30);
  const attention = reader.number("rope.scaling.attn_factor", 1);
  const shared = reader.number("rope.scaling.yarn_log_multiplier", 0);
  switch (type) {
    case "none":
    case "longrope":
      return { type: "none" };
    case "linear":
      return { type: "linear", factor };
    case "yarn":
      return {
        type: "yarn",
        factor,
        originalContextLength: original,
        truncate,
        betaFast: reader.number("rope.scaling.yarn_beta_fast", 32),
        betaSlow: reader.number("rope.scaling.yarn_beta_slow", 1),
        attentionFactor: reader.number(
          "rope.scaling.yarn_attn_factor",
          attention * (yarnTemperature(factor) / (shared === 0 ? 1 : yarnTemperature(factor, shared))),
        ),
      };
    default:
      throw new BaimoError(
        "config",
        `${reader.where}: RoPE scaling "${type}" is not one of none, linear, yarn, longrope`,
      );
  }
}

/** LongRoPE, where both sets of divisors are stored. */
function readLongRope(
  reader: ConfigReader,
  facts: CheckpointFacts,
  { dims, contextLength }: GgufRopeDefaults,
): RopeScaling | undefined {
  const pairs = dims / 2;
  const [long, short] = [facts.values(ropeDivisors.long, pairs), facts.values(ropeDivisors.short, pairs)];
  if (long && short) {
    const factor = reader.number("rope.scaling.attn_factor", 1);
    return {
      type: "longrope",
      long,
      short,
      originalContextLength: reader.number("rope.scaling.original_context_length", contextLength),
      shortFactor: factor,
      longFactor: factor,
    };
  }
  if (reader.text("rope.scaling.type", "none") !== "longrope") return undefined;
  throw new BaimoError(
    "format",
    `${reader.where}: tensors "${ropeDivisors.long}" and "${ropeDivisors.short}" of ${pairs} values are ` +
      "missing, but its RoPE scaling is longrope",
  );
}

/** What scores of latent attention are multiplied by, beside the head's size; the multiplier is stored times 0.1. */
export function readGgufScoreTemperature(reader: ConfigReader): number {
  const scale = reader.number("rope.scaling.yarn_log_multiplier", 0) / 0.1;
  return scale === 0 ? 1 : yarnTemperature(reader.number("rope.scaling.factor", 1), scale) ** 2;
}
