// GGUF metadata as families read it: keys without a prefix, and what tensors and tokenizer say.
import { BaimoError } from "../../errors.ts";
import type { MetadataValue } from "../../formats/gguf/metadata.ts";
import type { CheckpointFacts } from "../families/family.ts";

/**
 * The fields of a file's architecture, which is a field itself.
 *
 * where  for messages: the file
 * @throws {BaimoError} `format` when the metadata name no architecture
 */
export function ggufFields(
  where: string,
  metadata: ReadonlyMap<string, MetadataValue>,
  facts: CheckpointFacts,
): Map<string, unknown> {
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string")
    throw new BaimoError("format", `${where}: metadata "general.architecture" should be a string`);
  const fields = new Map<string, unknown>([["architecture", architecture]]);
  const prefix = `${architecture}.`;
  for (const [name, value] of metadata) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    fields.set(key, layerSizes.has(key) ? oneForAll(value, metadata.get(`${prefix}block_count`)) : value);
  }
  const rows = facts.shape?.("token_embd.weight")?.[0];
  if (rows !== undefined) fields.set("vocab_size", rows);
  fields.set("tied_embeddings", !facts.has("output.weight"));
  fields.set("token_type_count", metadata.get("tokenizer.ggml.token_type_count"));
  const labels = fields.get("classifier.output_labels");
  if (Array.isArray(labels)) fields.set("classifier.output_labels", labels.length);
  fields.set("bos_token_id", metadata.get("tokenizer.ggml.bos_token_id"));
  fields.set("eos_token_id", metadata.get("tokenizer.ggml.eos_token_id"));
  return fields;
}

/** Sizes that a file may say for each layer. */
const layerSizes: ReadonlySet<string> = new Set([
  "attention.head_count",
  "attention.head_count_kv",
  "feed_forward_length",
]);

/** A size that is the same for every layer is one size; other lists stay lists, which nobody takes for a size. */
function oneForAll(value: MetadataValue, layers: MetadataValue | undefined): MetadataValue {
  if (!(value instanceof Int32Array || value instanceof Uint32Array) || value.length !== layers) return value;
  return value.every((size) => size === value[0]) ? value[0] : value;
}
