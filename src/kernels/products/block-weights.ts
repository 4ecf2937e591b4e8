// Test matrices of the 4- and 5-bit block types, in file form and as values; leans on the halves of matmul.ts.
import type { Random } from "../../random.ts";
import { halfToFloat, type TestWeights } from "./matmul.ts";

/** A block of 32 columns of a file: how many bytes of head stand before the nibbles, and whether fifth bits do. */
const layouts = {
  q4_1: { head: 4, fifths: false },
  q5_0: { head: 2, fifths: true },
  q5_1: { head: 4, fifths: true },
  iq4_nl: { head: 2, fifths: false },
  mxfp4: { head: 1, fifths: false },
} as const;

export type BlockType = keyof typeof layouts | "iq4_xs";

/** All of them. */
export const blockTypes = ["q4_1", "q5_0", "q5_1", "iq4_nl", "iq4_xs", "mxfp4"] as const;

/** What the nibbles of IQ4 stand for. */
export const iq4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** What those of MXFP4 stand for. */
export const e2m1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** `count` random weights (a multiple of 32, of 256 for iq4_xs), every bit pattern of a quant among them. */
export function makeBlockWeights(type: BlockType, count: number, random: Random): TestWeights {
  if (type === "iq4_xs") return makeIq4Xs(count, random);
  const { head, fifths } = layouts[type];
  const size = head + (fifths ? 20 : 16);
  const bytes = new Uint8Array((count / 32) * size);
  const values = new Float32Array(count);
  for (let block = 0; block < count / 32; block++) {
    const at = block * size;
    for (let i = at; i < at + size; i++) bytes[i] = random.integer(256);
    const scale =
      type === "mxfp4" ? 2 ** ((bytes[at] = 117 + random.integer(8)) - 127) : putHalf(bytes, at, random);
    const minimum = head === 4 ? putHalf(bytes, at + 2, random) : -0; // -0 leaves a zero's sign alone
    for (let i = 0; i < 32; i++) {
      const byte = bytes[at + size - 16 + (i % 16)];
      const nibble = i < 16 ? byte & 15 : byte >> 4;
      const fifth = fifths ? (bytes[at + head + (i >> 3)] >> (i & 7)) & 1 : 0;
      values[32 * block + i] = scale * meaning(type, nibble + 16 * fifth) + minimum;
    }
  }
  return { bytes, values };
}

/** What a quant stands for, before scale and minimum. */
function meaning(type: keyof typeof layouts, quant: number): number {
  if (type === "iq4_nl") return iq4[quant];
  if (type === "mxfp4") return e2m1[quant];
  return type === "q5_0" ? quant - 16 : quant;
}

/** Blocks of 256: a half, 8 scales of 6 bits (2 high ones first), then 8 times 16 bytes of nibbles. */
function makeIq4Xs(count: number, random: Random): TestWeights {
  const bytes = new Uint8Array((count / 256) * 136);
  const values = new Float32Array(count);
  for (let block = 0; block < count / 256; block++) {
    const at = block * 136;
    for (let i = at; i < at + 136; i++) bytes[i] = random.integer(256);
    const d = putHalf(bytes, at, random);
    for (let i = 0; i < 256; i++) {
      const sub = i >> 5;
      const high = ((bytes[at + 2] | (bytes[at + 3] << 8)) >> (2 * sub)) & 3;
      const low = (bytes[at + 4 + (sub >> 1)] >> (4 * (sub & 1))) & 15;
      const byte = bytes[at + 8 + 16 * sub + (i % 16)];
      values[256 * block + i] = d * (low + 16 * high - 32) * iq4[i % 32 < 16 ? byte & 15 : byte >> 4];
    }
  }
  return { bytes, values };
}

/** Writes a random half of 2^-8 to 2^-6, of either sign, and returns its value. */
function putHalf(bytes: Uint8Array, at: number, random: Random): number {
  const half = (random.integer(2) << 15) | (0x1c00 + random.integer(0x800));
  bytes[at] = half & 255;
  bytes[at + 1] = half >> 8;
  return halfToFloat(half);
}
