// What families may ask of a checkpoint beside its fields: its tensors, and small ones' values.
import { BaimoError } from "../errors.ts";
import { dequantize } from "../formats/blocks/dequantize.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import type { CheckpointFacts } from "./families/family.ts";
import { ropeDivisors } from "./families/read/gguf-rope.ts";

/** Settings are a few values a dimension of a head: more are read of no file. */
const MOST_VALUES = 4096;

/** The facts of a checkpoint. Tensors that hold settings are read here, since reading a configuration does not wait. */
export async function readFacts(checkpoint: Checkpoint): Promise<CheckpointFacts> {
  const { tensors, name: file } = checkpoint;
  const read = new Map<string, readonly number[]>();
  for (const name of checkpoint.format === "gguf" ? Object.values(ropeDivisors) : []) {
    const tensor = tensors.get(name);
    if (tensor?.shape.length !== 1 || tensor.shape[0] > MOST_VALUES) continue;
    read.set(name, [...dequantize(tensor.dtype, await checkpoint.readTensor(name), tensor.shape[0])]);
  }
  return {
    has: (name) => tensors.has(name),
    shape: (name) => tensors.get(name)?.shape,
    values(name, count) {
      const tensor = tensors.get(name);
      const values = read.get(name);
      if (!tensor || values?.length === count) return values;
      const found = tensor.shape.join(", ");
      throw new BaimoError("shape", `${file}: "${name}" should have ${count} values, found [${found}]`);
    },
  };
}
