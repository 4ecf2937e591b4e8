// describeModel: from a checkpoint to its config, weight plan and name.
import { BaimoError } from "../errors.ts";
import { dequantize } from "../formats/blocks/dequantize.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { parseJson, recordOf } from "../json.ts";
import type { ModelConfig, RopeScaling } from "./config/config.ts";
import { ConfigReader } from "./config/config-reader.ts";
import type { Dialect } from "./families/family.ts";
import { families } from "./families/index.ts";
import type { WeightPlan } from "./weights/tensor-plan.ts";
import { planWeights } from "./weights/weight-plan.ts";

/** A checkpoint understood: plain data, ready to be sent to workers. */
export interface ModelDescription {
  readonly name: string;
  readonly family: string;
  readonly config: ModelConfig;
  readonly weights: WeightPlan;
}

/** What `describeModel` may be told. */
export interface DescribeOptions {
  /** Unknown fields of the configuration that the caller knows to be harmless. */
  ignoreConfigKeys?: readonly string[];
}

/**
 * Reads the configuration and finds the weights of a checkpoint.
 * @throws {BaimoError} `config` when the family or a field is unknown, `format` or `shape` when weights do not fit
 */
export async function describeModel(
  checkpoint: Checkpoint,
  options: DescribeOptions = {},
): Promise<ModelDescription> {
  const dialect: Dialect = checkpoint.format === "gguf" ? "gguf" : "huggingface";
  const fields = dialect === "gguf" ? ggufFields(checkpoint) : await huggingFaceFields(checkpoint);
  const where = dialect === "gguf" ? `${checkpoint.name}: metadata` : `${checkpoint.name}: config.json`;
  const key = dialect === "gguf" ? "architecture" : "model_type";
  const type = fields.get(key);
  const family = families.find((known) =>
    (dialect === "gguf" ? known.ggufArchitectures : known.modelTypes).includes(String(type)),
  );
  if (!family) {
    const known = families.flatMap((f) => (dialect === "gguf" ? f.ggufArchitectures : f.modelTypes));
    throw new BaimoError(
      "config",
      `${where}: "${key}" should be one of ${known.join(", ")}; found ${type === undefined ? "nothing" : `"${type}"`}`,
    );
  }
  const reader = new ConfigReader(where, fields, options.ignoreConfigKeys);
  if (dialect === "huggingface") {
    reader.spell(family.spellings ?? {});
    reader.assume(family.defaults ?? {});
  }
  const facts = {
    dialect,
    has: (name: string) => checkpoint.tensors.has(name),
    shape: (name: string) => checkpoint.tensors.get(name)?.shape,
  };
  let config = family.readConfig(reader, facts);
  reader.finish();
  if (dialect === "gguf") config = await withStoredFactors(checkpoint, config);
  const weights = planWeights(checkpoint, config, family, facts);
  const title = checkpoint.metadata.get("general.name");
  const name = typeof title === "string" && title !== "" ? title : nameFromPath(checkpoint.name);
  return { name, family: family.name, config, weights };
}

/** The configuration with RoPE's divisors, which GGUF keeps in tensors: one set, or one for short texts and one for long. */
async function withStoredFactors(checkpoint: Checkpoint, config: ModelConfig): Promise<ModelConfig> {
  if (config.ropes.length === 0) return config;
  const [rope, ...others] = config.ropes;
  const pairs = rope.dims / 2;
  const read = async (name: string): Promise<number[] | undefined> => {
    const tensor = checkpoint.tensors.get(name);
    if (!tensor) return undefined;
    if (tensor.shape.length !== 1 || tensor.shape[0] !== pairs) {
      throw new BaimoError(
        "shape",
        `${checkpoint.name}: "${name}" should have ${pairs} values, found [${tensor.shape.join(", ")}]`,
      );
    }
    return [...dequantize(tensor.dtype, await checkpoint.readTensor(name), pairs)];
  };
  const withScaling = (scaling: RopeScaling) => ({ ...config, ropes: [{ ...rope, scaling }, ...others] });
  const factors = await read("rope_freqs.weight");
  if (factors) return withScaling({ type: "factors", factors, attentionFactor: 1 });
  const [long, short] = [await read("rope_factors_long.weight"), await read("rope_factors_short.weight")];
  const field = (key: string) => checkpoint.metadata.get(`${config.architecture}.rope.scaling.${key}`);
  if (!long || !short) {
    if (field("type") !== "longrope") return config;
    throw new BaimoError(
      "format",
      `${checkpoint.name}: tensors "rope_factors_long.weight" and "rope_factors_short.weight" of ${pairs} values are ` +
        "missing, but its RoPE scaling is longrope",
    );
  }
  const stated = (key: string, missing: number) => {
    const value = field(key);
    return typeof value === "number" ? value : missing;
  };
  const originalContextLength = stated("original_context_length", config.contextLength);
  const factor = stated("attn_factor", 1);
  return withScaling({
    type: "longrope",
    long,
    short,
    originalContextLength,
    shortFactor: factor,
    longFactor: factor,
  });
}

/** What a path calls its model: the Hub's owner/name, the file, or the folder of a file with a general name. */
export function nameFromPath(path: string): string {
  const hub = path.match(/models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\]/);
  if (hub) return `${hub[1]}/${hub[2]}`;
  const parts = path.split(/[/\\]/).filter((part) => part !== "");
  const file = parts.at(-1) ?? path;
  if (/^(pytorch_)?model(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?$/.test(file) && parts.length > 1)
    return parts[parts.length - 2];
  return file.replace(/\.(gguf|safetensors|bin|pt|pth)$/, "");
}

/** GGUF metadata of the architecture without its prefix, and what the tensors and the tokenizer say of sizes and ids. */
function ggufFields(checkpoint: Checkpoint): Map<string, unknown> {
  const architecture = checkpoint.metadata.get("general.architecture");
  if (typeof architecture !== "string") {
    throw new BaimoError("format", `${checkpoint.name}: metadata "general.architecture" should be a string`);
  }
  const fields = new Map<string, unknown>([["architecture", architecture]]);
  for (const [key, value] of checkpoint.metadata) {
    if (key.startsWith(`${architecture}.`)) fields.set(key.slice(architecture.length + 1), value);
  }
  const rows = checkpoint.tensors.get("token_embd.weight")?.shape[0];
  if (rows !== undefined) fields.set("vocab_size", rows);
  fields.set("tied_embeddings", !checkpoint.tensors.has("output.weight"));
  fields.set("bos_token_id", checkpoint.metadata.get("tokenizer.ggml.bos_token_id"));
  fields.set("eos_token_id", checkpoint.metadata.get("tokenizer.ggml.eos_token_id"));
  return fields;
}

/** The fields of config.json. */
async function huggingFaceFields(checkpoint: Checkpoint): Promise<Map<string, unknown>> {
  const raw = await checkpoint.folder?.read("config.json");
  if (!raw) {
    throw new BaimoError(
      "config",
      `${checkpoint.name}: there is no config.json beside the weights; open the whole folder`,
    );
  }
  const where = `${checkpoint.name}: config.json`;
  return new Map(Object.entries(recordOf(parseJson(raw, where), where)));
}
