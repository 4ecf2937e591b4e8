// RoPE's fields in config.json and in GGUF metadata, old and new spellings.
import { BaimoError } from "../../../errors.ts";
import type { RopeConfig, RopeScaling } from "../../config/config.ts";
import type { ConfigReader } from "../../config/config-reader.ts";

/** What a family knows beside the fields. */
export interface RopeDefaults {
  /** Dimensions of a head that turn. */
  readonly dims: number;
  readonly contextLength: number;
  /** Default 10,000. */
  readonly theta?: number;
  /** Where it is given, `partial_rotary_factor` is read, with this default: the share of `dims` that turns. */
  readonly partial?: number;
  /** The context length of pre-training, where it stands beside the record of scaling fields: it counts before the record's. */
  readonly original?: number;
}

/**
 * The record of scaling fields: `rope_scaling`, or `rope_parameters` of transformers 5. Of both the first counts, since it
 * was set by hand in a file of the second form (transformers 5, convert_rope_params_to_dict).
 */
function readRecord(reader: ConfigReader): ConfigReader | undefined {
  const [older, newer] = [reader.record("rope_scaling"), reader.record("rope_parameters")];
  // What a family assumes counts only where the file has neither.
  return reader.has("rope_scaling") ? older : (newer ?? older);
}

/** RoPE from `rope_theta` and the record of scaling fields. */
export function readRope(reader: ConfigReader, defaults: RopeDefaults): RopeConfig {
  const scaling = readRecord(reader);
  reader.ignore("rope_theta");
  const own = scaling?.has("rope_theta") ? scaling.number("rope_theta") : undefined;
  const theta = own ?? reader.number("rope_theta", defaults.theta ?? 10_000);
  const dims = Math.trunc(defaults.dims * readPartial(reader, scaling, defaults.partial));
  return { theta, dims, scaling: scaling ? readScaling(scaling, { ...defaults, dims }) : { type: "none" } };
}

/**
 * RoPE of layers of full attention and of sliding ones. In a file of transformers 5 `rope_parameters` holds a record for
 * each, and a `rope_scaling` beside it, set by hand, goes over that of full attention. In an older one sliding layers are
 * not stretched.
 *
 * slidingTheta  of sliding layers, where no record says it; default that of full ones
 */
export function readRopesByType(
  reader: ConfigReader,
  defaults: RopeDefaults & { readonly dims: number; readonly theta: number },
  slidingTheta?: number,
): [full: RopeConfig, sliding: RopeConfig] {
  const byType = reader.record("rope_parameters");
  const [full, sliding] = ["full_attention", "sliding_attention"].map((type) => byType?.record(type));
  const { dims, theta } = defaults;
  const plain = { dims, scaling: { type: "none" } } as const;
  if (!byType || !(full || sliding)) {
    const stretched = readRope(reader, defaults);
    return [stretched, { ...plain, theta: slidingTheta ?? stretched.theta }];
  }
  byType.finish();
  const usual = reader.number("rope_theta", theta);
  const added = reader.record("rope_scaling");
  const ropeOf = (part: ConfigReader | undefined, missing: number): RopeConfig =>
    part
      ? { dims, theta: part.number("rope_theta", missing), scaling: readScaling(part, defaults) }
      : { ...plain, theta: missing };
  return [
    ropeOf(full && added ? full.with(added) : (full ?? added), usual),
    ropeOf(sliding, slidingTheta ?? usual),
  ];
}

function readPartial(
  reader: ConfigReader,
  nested: ConfigReader | undefined,
  missing: number | undefined,
): number {
  if (missing === undefined) return 1;
  const outside = reader.number("partial_rotary_factor", missing);
  return nested?.number("partial_rotary_factor", outside) ?? outside;
}

/** One record of scaling fields. */
export function readScaling(scaling: ConfigReader, defaults: RopeDefaults): RopeScaling {
  const type = scaling.text(scaling.has("rope_type") ? "rope_type" : "type", "default");
  // What is read elsewhere, or says again what the config says.
  scaling.ignore("type", "rope_type", "rope_theta", "partial_rotary_factor", "llama_4_scaling_beta");
  // For images and films; a text's positions are the same along all axes.
  scaling.ignore("mrope_section", "mrope_interleaved", "max_position_embeddings");
  // Transformers warns of these and goes on without them.
  scaling.ignore("finetuned", "attn_factor");
  const result = scalingOf(scaling, type, defaults);
  scaling.finish();
  return result;
}

/** How many times the context is stretched. */
function factorOf(scaling: ConfigReader, missing?: number): number {
  const factor = scaling.number("factor", missing);
  if (factor > 0) return factor;
  throw new BaimoError("config", `${scaling.where}: "factor" should be a number above 0, found ${factor}`);
}

function scalingOf(scaling: ConfigReader, type: string, defaults: RopeDefaults): RopeScaling {
  const { dims, contextLength } = defaults;
  const original = () => {
    const inside = scaling.size("original_max_position_embeddings", contextLength, 1 << 30);
    return defaults.original ?? inside;
  };
  switch (type) {
    case "default":
      return { type: "none" };
    case "linear":
      return { type: "linear", factor: factorOf(scaling) };
    case "dynamic":
      // The published code grows from `max_position_embeddings`, whatever the record says of an original length.
      scaling.ignore("original_max_position_embeddings");
      return { type: "dynamic", factor: factorOf(scaling), originalContextLength: contextLength };
    case "llama3":
      return {
        type: "llama3",
        factor: factorOf(scaling),
        lowFreqFactor: scaling.number("low_freq_factor"),
        highFreqFactor: scaling.number("high_freq_factor"),
        originalContextLength: original(),
      };
    case "yarn": {
      const factor = factorOf(scaling, contextLength / original());
      const [mscale, mscaleAll] = [scaling.number("mscale", 0), scaling.number("mscale_all_dim", 0)];
      const temperature =
        mscale !== 0 && mscaleAll !== 0
          ? yarnTemperature(factor, mscale) / yarnTemperature(factor, mscaleAll)
          : yarnTemperature(factor);
      return {
        type: "yarn",
        factor,
        originalContextLength: original(),
        betaFast: scaling.number("beta_fast", 32),
        betaSlow: scaling.number("beta_slow", 1),
        truncate: scaling.boolean("truncate", true),
        attentionFactor: scaling.number("attention_factor", temperature),
      };
    }
    case "longrope":
    case "su": {
      const short = scaling.numbers("short_factor", dims / 2);
      const long = scaling.numbers("long_factor", dims / 2);
      const originalContextLength = original();
      const factor = factorOf(scaling, contextLength / originalContextLength);
      const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalContextLength));
      const attention = scaling.number("attention_factor", grown);
      return {
        type: "longrope",
        short,
        long,
        originalContextLength,
        shortFactor: scaling.number("short_mscale", attention),
        longFactor: scaling.number("long_mscale", attention),
      };
    }
    default:
      throw new BaimoError(
        "config",
        `${scaling.where}: RoPE scaling "${type}" is not one of default, linear, dynamic, llama3, yarn, longrope`,
      );
  }
}

/** 0.1 scale ln(factor) + 1 (arXiv:2309.00071 §3.4; DeepSeek's `yarn_get_mscale`). */
export function yarnTemperature(factor: number, scale = 1): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}

/** What scores of latent attention are multiplied by beside the head's size: the square of YaRN's temperature. */
export function readScoreTemperature(reader: ConfigReader, contextLength: number): number {
  const scaling = readRecord(reader);
  const scale = scaling?.number("mscale_all_dim", 0) ?? 0;
  if (!scaling || scale === 0 || !(scaling.has("rope_type") || scaling.has("type"))) return 1;
  if (scaling.text(scaling.has("rope_type") ? "rope_type" : "type") === "default") return 1;
  const original = scaling.number("original_max_position_embeddings", contextLength);
  return yarnTemperature(scaling.number("factor", contextLength / original), scale) ** 2;
}
