// Blocks of 32 codes with one scale, Q4_0, Q5_0, Q8_0 and E4M3_32: written, nothing rounded.
import { BaimoError } from "../../errors.ts";
import { type DType, dtypes } from "../../tensor/dtype.ts";
import { putHalf } from "../blocks/half.ts";

/** The integers that the types hold, the least type first. */
export const blockRanges = [
  { dtype: "Q4_0", least: -8, most: 7 },
  { dtype: "Q5_0", least: -16, most: 15 },
  { dtype: "Q8_0", least: -128, most: 127 },
] as const satisfies readonly { dtype: DType; least: number; most: number }[];

/** Values of a block. */
export const BLOCK = 32;

/** Writes BLOCK integers from `from` on after the scale of their block. */
type WriteBlock = (steps: Float32Array, from: number, target: Uint8Array, at: number) => void;

const writers: Partial<Record<DType, WriteBlock>> = {
  Q8_0(steps, from, target, at) {
    for (let i = 0; i < BLOCK; i++) target[at + i] = steps[from + i];
  },
  Q5_0(steps, from, target, at) {
    let high = 0;
    for (let i = 0; i < BLOCK; i++) high |= (((steps[from + i] + 16) >> 4) & 1) << i;
    for (let byte = 0; byte < 4; byte++) target[at + byte] = high >>> (8 * byte);
    // An offset of 16 leaves the low four bits as they are.
    for (let i = 0; i < BLOCK / 2; i++)
      target[at + 4 + i] = (steps[from + i] & 15) | ((steps[from + i + BLOCK / 2] & 15) << 4);
  },
  Q4_0(steps, from, target, at) {
    for (let i = 0; i < BLOCK / 2; i++)
      target[at + i] = (steps[from + i] + 8) | ((steps[from + i + BLOCK / 2] + 8) << 4);
  },
};

/** Writes a row of integers, whole blocks; `scaleAt` says a column's scale, the same within a block. */
export function writeBlocks(
  dtype: DType,
  steps: Float32Array,
  scaleAt: (col: number) => number,
  target: Uint8Array,
): void {
  const write = writers[dtype];
  if (!write) throw new BaimoError("request", `weights in several tensors are not read as ${dtype}`);
  const { bytes } = dtypes[dtype];
  for (let c = 0, at = 0; c < steps.length; c += BLOCK, at += bytes) {
    putHalf(target, at, scaleAt(c));
    write(steps, c, target, at + 2);
  }
}

/** The same for codes that E4M3 holds, with a float32 scale: a row of E4M3_32. `steps` is overwritten. */
export function writeFloat8(steps: Float32Array, scaleAt: (col: number) => number, target: Uint8Array): void {
  // 2^-120 of such a value has its exponent and mantissa where an f32 has its own lowest.
  for (let c = 0; c < steps.length; c++) steps[c] *= 2 ** -120;
  const bits = new Uint32Array(steps.buffer, steps.byteOffset, steps.length);
  const scale = new Float32Array(1);
  const scaleBytes = new Uint8Array(scale.buffer);
  for (let c = 0, at = 0; c < bits.length; c += BLOCK) {
    scale[0] = scaleAt(c);
    target.set(scaleBytes, at);
    at += 4;
    for (let i = 0; i < BLOCK; i++) {
      const word = bits[c + i];
      target[at++] = ((word >>> 24) & 128) | ((word >>> 20) & 127);
    }
  }
}
