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
  for (const [key, value] of metadata) {
    if (key.startsWith(prefix)) fields.set(key.slice(prefix.length), value);
  }
  const rows = facts.shape?.("token_embd.weight")?.[0];
  if (rows !== undefined) fields.set("vocab_size", rows);
  fields.set("tied_embeddings", !facts.has("output.weight"));
  fields.set("bos_token_id", metadata.get("tokenizer.ggml.bos_token_id"));
  fields.set("eos_token_id", metadata.get("tokenizer.ggml.eos_token_id"));
  return fields;
}
