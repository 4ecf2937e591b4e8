// What a run leaves: a model's folder, or an adapter as PEFT has it, with what belongs to it.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { parseJson, recordOf } from "../../json.ts";
import type { Adapter } from "../adapter.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, adapterConfig, writeAdapterWeights } from "../adapter-files.ts";
import type { Parameters } from "../parameters.ts";

/** Files that belong to a model beside its weights and config.json. */
const BESIDE = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "tokenizer.model",
  "vocab.json",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
  "generation_config.json",
];

/** Copies what belongs to a model. */
export function copyBeside(from: string, to: string): void {
  for (const name of BESIDE) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}

/**
 * Writes the trained weights as the model's own files have them, in float32.
 *
 * endTokens  which end an answer: config.json and generation_config.json both name them
 */
export async function writeModelFolder(
  parameters: Parameters,
  checkpoint: Checkpoint,
  {
    from,
    to,
    endTokens,
  }: { readonly from: string; readonly to: string; readonly endTokens: readonly number[] },
): Promise<void> {
  mkdirSync(to, { recursive: true });
  await writeSafetensors(join(to, "model.safetensors"), {
    metadata: { format: "pt" },
    tensors: parameters.values().map((tensor) => ({
      name: tensor.name,
      dtype: "F32" as const,
      shape: checkpoint.tensors.get(tensor.name)?.shape ?? [tensor.rows, tensor.cols],
      data: function* () {
        yield new Uint8Array(tensor.values.buffer);
      },
    })),
  });
  copyBeside(from, to);
  const ends = endTokens.length > 0 && { eos_token_id: endTokens.length > 1 ? endTokens : endTokens[0] };
  // Both names are read: the first by transformers from 5 on.
  const {
    torch_dtype: _,
    dtype: __,
    quantization_config: ___,
    ...rest
  } = readObject(join(from, "config.json"));
  writeObject(join(to, "config.json"), { ...rest, ...ends, dtype: "float32" });
  const generation = join(from, "generation_config.json");
  const known = existsSync(generation) ? readObject(generation) : {};
  if (ends) writeObject(join(to, "generation_config.json"), { ...known, ...ends });
}

const readObject = (path: string) => recordOf(parseJson(readFileSync(path, "utf8"), path), path);
const writeObject = (path: string, value: object) =>
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);

/** Writes adapter_config.json and adapter_model.safetensors. */
export async function writeAdapterFolder(adapter: Adapter, base: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await writeAdapterWeights(adapter, join(to, ADAPTER_WEIGHTS));
  writeObject(join(to, ADAPTER_CONFIG), adapterConfig(adapter, base));
}
