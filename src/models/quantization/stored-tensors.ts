// The tensors of a quantised checkpoint while weights are made of several of them.
import { BaimoError } from "../../errors.ts";
import { dequantize } from "../../formats/blocks/dequantize.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { Encoding, Part } from "../../formats/quantized/encoding.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { type DType, isRead } from "../../tensor/dtype.ts";

/** A weight that lies in several tensors, by the name that it would have in one. */
export interface QuantizedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly encoding: Encoding;
}

/** Finds tensors, and remembers which were taken. */
export interface StoredTensors {
  names(): Iterable<string>;
  has(name: string): boolean;
  /** @throws {BaimoError} `format` when there is no such tensor */
  get(name: string): TensorInfo;
  /**
   * The tensor as a matrix of its last size, which is a part of a weight from now on.
   * @throws {BaimoError} `format` when it is missing or of another type, `shape` when its shape is another
   */
  take(name: string, types: readonly DType[], shape: readonly number[]): Part;
  isTaken(name: string): boolean;
  /** The sizes that a tensor of this name holds, where there is one; it is a part of a weight then. */
  shapeIn(name: string): readonly number[] | undefined;
  /** The error of a tensor that is not as it should be. */
  error(name: string, message: string, code?: "format" | "shape"): BaimoError;
}

/** Most values of a tensor that holds sizes. */
const MOST_SIZES = 8;
/** How many of them are read at a time. */
const AT_ONCE = 16;

/** Over a checkpoint's tensors. Sizes that are stored as values are read here, since finding weights does not wait. */
export async function openStoredTensors(opened: Checkpoint): Promise<StoredTensors> {
  const { name: checkpoint, tensors, files } = opened;
  const shapes = await readShapes(opened);
  const taken = new Set<string>();
  const error: StoredTensors["error"] = (name, message, code = "format") => {
    const tensor = tensors.get(name);
    return new BaimoError(
      code,
      `${tensor ? files[tensor.file].name : checkpoint}: tensor "${name}" ${message}`,
    );
  };
  const get = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor) return tensor;
    throw error(name, "is missing, though others of its weight are there; is the checkpoint complete?");
  };
  return {
    names: () => tensors.keys(),
    has: (name) => tensors.has(name),
    get,
    isTaken: (name) => taken.has(name),
    shapeIn(name) {
      taken.add(name);
      return shapes.get(name);
    },
    error,
    take(name, types, shape) {
      const { file, offset, dtype, shape: found } = get(name);
      if (!types.includes(dtype)) throw error(name, `should be ${types.join(" or ")}, found ${dtype}`);
      if (!isSameShape(found, shape)) {
        throw error(name, `should have shape [${shape.join(", ")}], found [${found.join(", ")}]`, "shape");
      }
      taken.add(name);
      const cols = shape.at(-1) ?? 1;
      const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
      return { name, file, offset, dtype, rows, cols };
    },
  };
}

async function readShapes({ tensors, readTensor }: Checkpoint): Promise<Map<string, readonly number[]>> {
  const holders = [...tensors.values()].filter(
    ({ name, shape }) => name.endsWith(".weight_shape") && shape.length === 1 && shape[0] <= MOST_SIZES,
  );
  const shapes = new Map<string, readonly number[]>();
  for (let first = 0; first < holders.length; first += AT_ONCE) {
    const some = holders.slice(first, first + AT_ONCE);
    const read = await Promise.all(some.map(({ name }) => readTensor(name)));
    for (const [i, { name, dtype, shape }] of some.entries()) {
      if (isRead(dtype)) shapes.set(name, [...dequantize(dtype, read[i], shape[0])]);
    }
  }
  return shapes;
}

/** Whether two shapes are one but for sizes of 1. */
export function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  const [first, second] = [a, b].map((shape) => shape.filter((size) => size !== 1).join());
  return first === second;
}
