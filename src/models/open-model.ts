// describeModel: from a checkpoint to its config, weight plan and name.
import { BaimoError } from "../errors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { brief, recordOf } from "../json.ts";
import { parsePythonFile } from "../python-json.ts";
import { readFacts } from "./checkpoint-facts.ts";
import type { ModelConfig } from "./config/config.ts";
import { ConfigReader } from "./config/config-reader.ts";
import { type DeclaredLicences, licenceDisagreement, readDeclaredLicences } from "./declared-licences.ts";
import type { DescribeOptions } from "./describe-options.ts";
import { completeForm, type Dialect, findFamily, knownTypes } from "./families/find.ts";
import { ggufFields } from "./gguf/gguf-fields.ts";
import { readQuantized } from "./quantization/read-quantized.ts";
import { readSentenceFiles, type SentenceSettings } from "./sentence-files.ts";
import type { WeightPlan } from "./weights/tensor-plan.ts";
import { hasOwnHead } from "./weights/tied-head.ts";
import { planWeights } from "./weights/weight-plan.ts";

/** A checkpoint understood: plain data, ready to be sent to workers. */
export interface ModelDescription {
  readonly name: string;
  readonly family: string;
  /** Whose names its tensors have. */
  readonly dialect: Dialect;
  readonly config: ModelConfig;
  readonly weights: WeightPlan;
  /** How its publisher makes embeddings. */
  readonly sentence?: SentenceSettings;
  /** What the files say that is not as it should be, and what was made of it. */
  readonly warnings: readonly string[];
  readonly declaredLicences: DeclaredLicences;
}

/**
 * Reads the configuration and finds the weights of a checkpoint.
 * @throws {BaimoError} `config` when the family or a field is unknown, `format` or `shape` when weights do not fit
 */
export async function describeModel(
  opened: Checkpoint,
  options: DescribeOptions = {},
): Promise<ModelDescription> {
  const dialect: Dialect = opened.format === "gguf" ? "gguf" : "huggingface";
  const isGguf = dialect === "gguf";
  const published = isGguf ? undefined : await huggingFaceFields(opened);
  const readable = published && (await readQuantized(opened, published, options.ignoreConfigKeys));
  const checkpoint = readable ? { ...opened, tensors: readable.tensors } : opened;
  const facts = await readFacts(checkpoint);
  const fields = published ?? ggufFields(checkpoint.name, checkpoint.metadata, facts);
  const where = `${checkpoint.name}: ${isGguf ? "metadata" : "config.json"}`;
  const key = isGguf ? "architecture" : "model_type";
  const type = fields.get(key);
  const family = findFamily(dialect, type);
  const form = family && completeForm(family, dialect);
  if (!form) {
    throw new BaimoError(
      "config",
      `${where}: "${key}" should be one of ${knownTypes(dialect).join(", ")}; found ${type === undefined ? "nothing" : brief(type)}`,
    );
  }
  const reader = new ConfigReader(where, fields, options.ignoreConfigKeys);
  let config = form.readConfig(reader, facts);
  reader.finish();
  const warnings = [...(readable?.warnings ?? [])];
  if (config.tiedEmbeddings && !config.headBias) {
    const { decoder } = form.names(config, facts);
    if (await hasOwnHead(checkpoint, decoder)) {
      config = { ...config, tiedEmbeddings: false };
      warnings.push(
        `${where}: the head is said to be the embedding, but "${String(decoder.head)}.weight" has weights of its own; they are used`,
      );
    }
  }
  const sentence = await readSentenceFiles(checkpoint.folder);
  if (sentence?.pooling) config = { ...config, pooling: sentence.pooling };
  const weights = planWeights(checkpoint, config, form, facts);
  const title = checkpoint.metadata.get("general.name");
  const name = typeof title === "string" && title !== "" ? title : nameFromPath(checkpoint.name);
  const declaredLicences = await readDeclaredLicences(checkpoint);
  const disagreement = licenceDisagreement(checkpoint.name, declaredLicences);
  if (disagreement) warnings.push(disagreement);
  return { name, family: family.name, dialect, config, weights, sentence, warnings, declaredLicences };
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
  return new Map(Object.entries(recordOf(parsePythonFile(raw, where), where)));
}
