// Reads an adapter as PEFT writes it: adapter_config.json beside safetensors or a PyTorch file.
import { BaimoError } from "../../errors.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { AdapterFile } from "./adapter.ts";
import { type Half, pairUp } from "./pairs.ts";
import { readPeftConfig } from "./peft-config.ts";

/** The configuration's name. */
export const PEFT_CONFIG = "adapter_config.json";

/** What other tensors of an adapter's file are, by their names. */
const others: readonly (readonly [RegExp, string])[] = [
  [/\.lora_magnitude_vector(\.|$)/, "is DoRA's magnitude, which is not read"],
  [/\.lora_embedding_[AB](\.|$)/, "changes the embedding, which is not done here"],
  [/\.lora_[AB]\..*bias$/, "is an adapter's bias, which is not read"],
];

/**
 * Understands the tensors of a PEFT adapter.
 * @throws {BaimoError} `config`, `format` or `shape` for what is not LoRA's two halves of modules
 */
export function readPeft(checkpoint: Checkpoint, config: Uint8Array): AdapterFile {
  const where = checkpoint.name;
  const read = readPeftConfig(config, `${where}: ${PEFT_CONFIG}`);
  const pairs = pairUp(
    checkpoint,
    (tensor) => halfOf(tensor, where),
    (module, rank) => {
      if (!read.targets(module)) {
        throw new BaimoError(
          "format",
          `${where}: has an adapter of "${module}", which target_modules does not name`,
        );
      }
      if (rank !== read.rankOf(module)) {
        throw new BaimoError(
          "shape",
          `${where}: the adapter of "${module}" should have rank ${read.rankOf(module)} by its config, found ${rank}`,
        );
      }
      return read.factorOf(module);
    },
  );
  return { checkpoint, dialect: "huggingface", pairs, base: read.base };
}

/** "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", with the adapter's own name after the half or not. */
function halfOf(tensor: string, where: string): Half {
  const [, module, half] =
    /^(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/.exec(tensor) ?? [];
  if (module !== undefined) return { module, half: half === "A" ? "a" : "b" };
  const known = others.find(([pattern]) => pattern.test(tensor));
  const what =
    known?.[1] ?? "is no lora_A or lora_B; whole modules beside an adapter (modules_to_save) are not read";
  throw new BaimoError("format", `${where}: tensor "${tensor}" ${what}`);
}
