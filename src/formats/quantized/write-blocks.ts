// Blocks of 32 small integers with one half-precision scale: Q4_0, Q5_0, Q8_0, nothing rounded.
import { BaimoError } from "../../errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import { putHalf } from "../blocks/half.ts";

/** The integers that the types hold, the least type first. */
export const blockRanges = [
  { dtype: "Q4_0", least: -8, most: 7 },
  { dtype: "Q5_0", least: -16, most: 15 },
  { dtype: "Q8_0", least: -128, most: 127 },
] as const satisfies readonly { dtype: DType; least: number; most: number }[];

/** Values of a block. */
export const BLOCK = 32;

/** Writes a row of integers, whole blocks; `scaleAt` says a column's scale, the same within a block. */
export function writeBlocks(
  dtype: DType,
  steps: Float32Array,
  scaleAt: (col: number) => number,
  target: Uint8Array,
): void {
  for (let c = 0, at = 0; c < steps.length; c += BLOCK) {
    putHalf(target, at, scaleAt(c));
    at += 2;
    if (dtype === "Q8_0") {
      for (let i = 0; i < BLOCK; i++) target[at++] = steps[c + i];
      continue;
    }
    if (dtype === "Q5_0") {
      let high = 0;
      for (let i = 0; i < BLOCK; i++) high |= (((steps[c + i] + 16) >> 4) & 1) << i;
      for (let byte = 0; byte < 4; byte++) target[at++] = high >>> (8 * byte);
    } else if (dtype !== "Q4_0") {
      throw new BaimoError("request", `weights in several tensors are not read as ${dtype}`);
    }
    const zero = dtype === "Q4_0" ? 8 : 16;
    for (let i = 0; i < BLOCK / 2; i++)
      target[at++] = ((steps[c + i] + zero) & 15) | (((steps[c + i + 16] + zero) & 15) << 4);
  }
}
