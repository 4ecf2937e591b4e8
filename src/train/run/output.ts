// What a run leaves: a model's folder, or an adapter as PEFT has it, with what belongs to it.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { parseJson, recordOf } from "../../json.ts";
import type { Adapter } from "../adapter.ts";
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

/** Writes the trained weights as the model's own files have them, in float32. */
export async function writeModelFolder(
  parameters: Parameters,
  checkpoint: Checkpoint,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  mkdirSync(to, { recursive: true });
  await writeSafetensors(join(to, "model.safetensors"), {
    metadata: { format: "pt" },
    tensors: parameters.values().map(({ name, rows, cols, values }) => ({
      name,
      dtype: "F32" as const,
      shape: checkpoint.tensors.get(name)?.shape ?? [rows, cols],
      data: new Uint8Array(values.buffer),
    })),
  });
  const where = join(from, "config.json");
  const config = recordOf(parseJson(readFileSync(where, "utf8"), where), where);
  // Both names are read: the first by transformers from 5 on.
  const { torch_dtype: _, dtype: __, quantization_config: ___, ...rest } = config;
  const written = { ...rest, dtype: "float32" };
  writeFileSync(join(to, "config.json"), `${JSON.stringify(written, undefined, 2)}\n`);
  copyBeside(from, to);
}

/** Writes adapter_config.json and adapter_model.safetensors. */
export async function writeAdapterFolder(adapter: Adapter, base: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  const { r, alpha, rs, dora, targets } = adapter.options;
  await writeSafetensors(join(to, "adapter_model.safetensors"), {
    metadata: { format: "pt" },
    tensors: adapter.values().map(({ name, shape, values }) => ({
      name: `base_model.model.${name}`,
      dtype: "F32" as const,
      shape,
      data: new Uint8Array(values.buffer),
    })),
  });
  const config = {
    base_model_name_or_path: base,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: "LORA",
    r,
    target_modules: targets,
    task_type: "CAUSAL_LM",
    use_dora: dora,
    use_rslora: rs,
  };
  writeFileSync(join(to, "adapter_config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
}
