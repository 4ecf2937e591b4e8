// A model that has learned nothing: the weights that a config.json asks for, drawn at random.
import { BaimoError } from "../errors.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { writeSafetensors } from "../formats/safetensors/safetensors-writer.ts";
import type { TensorInfo } from "../formats/tensor-info.ts";
import { recordOf } from "../json.ts";
import { describeModel } from "../models/open-model.ts";
import { isTensorPlan, type MatrixPlan, type VectorPlan } from "../models/weights/tensor-plan.ts";
import { leavesOf } from "../models/weights/weights.ts";
import { createRandom, type Random } from "../random.ts";

/** The deviation of weights where a config names none, as transformers has it. */
const DEVIATION = 0.02;

/** Tensors that are there as soon as they are asked for, of the shape that they should have. */
class AskedTensors extends Map<string, TensorInfo> {
  override get(name: string, shape?: readonly number[]): TensorInfo | undefined {
    const known = super.get(name);
    if (known || !shape || shape.length === 0) return known;
    const byteLength = 4 * shape.reduce((product, size) => product * size, 1);
    const made = { name, dtype: "F32" as const, shape, file: 0, offset: 0, byteLength };
    this.set(name, made);
    return made;
  }
}

/**
 * Writes model.safetensors for a config.json: matrices normal with the config's `initializer_range`, gains 1, biases 0.
 * @throws {BaimoError} `config` as `describeModel`
 */
export async function writeInitialModel(
  config: Uint8Array,
  path: string,
  { seed }: { readonly seed: number },
): Promise<void> {
  const tensors = new AskedTensors();
  const blank: Checkpoint = {
    format: "safetensors",
    name: "a model to be trained",
    files: [],
    metadata: new Map(),
    tensors,
    folder: { read: async (name) => (name === "config.json" ? config : undefined) },
    readTensor: () => Promise.reject(new BaimoError("request", "a model without weights was read")),
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const { weights } = await describeModel(blank);
  const fields = recordOf(JSON.parse(new TextDecoder().decode(config)), "config.json");
  const deviation = typeof fields.initializer_range === "number" ? fields.initializer_range : DEVIATION;
  const gains = new Map<string, number>();
  for (const { leaf } of leavesOf(weights, isTensorPlan)) {
    const bias = leaf.kind === "matrix" ? leaf.bias : undefined;
    if (bias) gains.set(bias.stored.name, 0);
    const gain = gainOf(leaf);
    if (gain !== undefined) gains.set(leaf.stored.name, gain);
  }
  const random = createRandom(seed);
  await writeSafetensors(path, {
    metadata: { format: "pt" },
    tensors: [...tensors.values()].map(({ name, dtype, shape, byteLength }) => ({
      name,
      dtype,
      shape,
      data: () => draw(byteLength / 4, gains.get(name), { random, deviation }),
    })),
  });
}

/** What all values of a vector are; undefined for matrices, which are drawn. */
function gainOf(leaf: MatrixPlan | VectorPlan): number | undefined {
  if (leaf.kind === "matrix") return undefined;
  return leaf.onePlus || leaf.name.endsWith(".bias") ? 0 : 1;
}

function* draw(
  count: number,
  gain: number | undefined,
  { random, deviation }: { random: Random; deviation: number },
): Generator<Uint8Array> {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = gain ?? deviation * random.normal();
  yield new Uint8Array(values.buffer);
}
