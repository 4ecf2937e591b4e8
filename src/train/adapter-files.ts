// An adapter as PEFT's two files: its weights in safetensors, its configuration.

import { writeSafetensors } from "../formats/safetensors/safetensors-writer.ts";
import type { TensorToWrite, WriteTarget } from "../formats/sources/file-sink.ts";
import type { Adapter } from "./adapter.ts";

/** Names of PEFT's files. */
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";
export const ADAPTER_CONFIG = "adapter_config.json";

/** Writes the weights. */
export async function writeAdapterWeights(adapter: Adapter, target: WriteTarget): Promise<void> {
  const tensors = adapter.values().map(
    ({ name, shape, values }): TensorToWrite => ({
      name: `base_model.model.${name}`,
      dtype: "F32",
      shape,
      data: new Uint8Array(values.buffer),
    }),
  );
  await writeSafetensors(target, { metadata: { format: "pt" }, tensors });
}

/**
 * The configuration.
 *
 * base  the path or name of the model that it was trained beside
 */
export function adapterConfig({ options }: Adapter, base: string): Record<string, unknown> {
  const { r, alpha, rs, dora, targets } = options;
  return {
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
}
