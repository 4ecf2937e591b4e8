// Pairs up the two halves of an adapter's matrices, and checks that their shapes fit each other.
import { BaimoError } from "../../errors.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { TensorInfo } from "../../formats/tensor-info.ts";
import { isRead } from "../../tensor/dtype.ts";
import type { LoraPair } from "./adapter.ts";

/** Ranks in use are 4 to 256; more columns than this are no thin matrix. */
const MOST_RANK = 4096;

/** The half that a tensor is, and of which module. */
export interface Half {
  readonly module: string;
  readonly half: "a" | "b";
}

/**
 * Finds the two halves of every module.
 *
 * halfOf    what a tensor's name says; throws for a name that is no half of a pair
 * factorOf  what the product of a module is multiplied with, by its rank
 * @throws {BaimoError} `format` when a half is missing, `shape` when two halves do not fit
 */
export function pairUp(
  { name: where, tensors }: Checkpoint,
  halfOf: (tensor: string) => Half,
  factorOf: (module: string, rank: number) => number,
): LoraPair[] {
  const halves = new Map<string, { a?: TensorInfo; b?: TensorInfo }>();
  for (const tensor of tensors.values()) {
    const { module, half } = halfOf(tensor.name);
    const known = halves.get(module) ?? {};
    if (known[half]) {
      throw new BaimoError(
        "format",
        `${where}: "${tensor.name}" and "${known[half].name}" are the same half`,
      );
    }
    known[half] = tensor;
    halves.set(module, known);
  }
  if (halves.size === 0) throw new BaimoError("format", `${where}: holds no tensor of an adapter`);
  return Array.from(halves, ([module, { a, b }]) => {
    if (!a || !b) {
      const [there, missing] = a ? [a, "B"] : [b, "A"];
      throw new BaimoError(
        "format",
        `${where}: "${there?.name}" is there, but the half ${missing} of it is missing`,
      );
    }
    const rank = checkHalves(where, a, b);
    return { module, a, b, rank, factor: factorOf(module, rank) };
  });
}

function checkHalves(where: string, a: TensorInfo, b: TensorInfo): number {
  for (const { name, shape, dtype } of [a, b]) {
    if (shape.length !== 2) {
      throw new BaimoError(
        "shape",
        `${where}: "${name}" should be a matrix, found shape [${shape.join(", ")}]`,
      );
    }
    if (!isRead(dtype))
      throw new BaimoError("format", `${where}: "${name}" has type ${dtype}, which is not read`);
  }
  const [rank] = a.shape;
  if (rank < 1 || rank > MOST_RANK) {
    throw new BaimoError(
      "shape",
      `${where}: "${a.name}" has rank ${rank}; ranks from 1 to ${MOST_RANK} are read`,
    );
  }
  if (b.shape[1] === rank) return rank;
  throw new BaimoError(
    "shape",
    `${where}: "${b.name}" should have shape [out, ${rank}] as "${a.name}" has rank ${rank}, found [${b.shape.join(", ")}]`,
  );
}
