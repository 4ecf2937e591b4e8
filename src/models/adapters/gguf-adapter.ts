// Reads an adapter as GGUF has it: tensors with .lora_a and .lora_b after the weight's name.
import { BaimoError } from "../../errors.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import { brief } from "../../json.ts";
import { findFamily } from "../families/find.ts";
import type { AdapterFile } from "./adapter.ts";
import { pairUp } from "./pairs.ts";

/**
 * Understands a GGUF adapter (llama.cpp, convert_lora_to_gguf.py and llama-adapter.cpp).
 *
 * family  the base model's
 * @throws {BaimoError} `config` when it is no LoRA or of another architecture, `format` or `shape` for wrong tensors
 */
export function readGgufAdapter(checkpoint: Checkpoint, family: string): AdapterFile {
  const { name: where, metadata } = checkpoint;
  const expect = (key: string, expected: string) => {
    const found = metadata.get(key);
    if (found === expected) return;
    throw new BaimoError(
      "config",
      `${where}: "${key}" should be "${expected}", found ${brief(found ?? null)}`,
    );
  };
  expect("general.type", "adapter");
  expect("adapter.type", "lora");
  if (metadata.has("adapter.alora.invocation_tokens")) {
    throw new BaimoError(
      "config",
      `${where}: is an activated LoRA (adapter.alora.*), which is not done here`,
    );
  }
  const architecture = metadata.get("general.architecture");
  if (findFamily("gguf", architecture)?.name !== family) {
    throw new BaimoError(
      "config",
      `${where}: is an adapter for architecture ${brief(architecture ?? null)}, but the model is of the family "${family}"`,
    );
  }
  const alpha = metadata.get("adapter.lora.alpha");
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) {
    throw new BaimoError(
      "format",
      `${where}: "adapter.lora.alpha" should be a number, found ${brief(alpha ?? null)}`,
    );
  }
  const pairs = pairUp(
    checkpoint,
    (tensor) => {
      const [, module, half] = /^(.+)\.weight\.lora_([ab])$/.exec(tensor) ?? [];
      if (module !== undefined) return { module, half: half as "a" | "b" };
      throw new BaimoError("format", `${where}: tensor "${tensor}" is no .lora_a or .lora_b of a weight`);
    },
    // As llama.cpp: no alpha is no scale.
    (_module, rank) => (alpha === 0 ? 1 : alpha / rank),
  );
  return { checkpoint, dialect: "gguf", pairs };
}
