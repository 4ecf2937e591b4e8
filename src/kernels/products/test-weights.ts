// Test matrices of every weight type but K-quants, in file form and as the values they stand for.
import type { Random } from "../../random.ts";
import type { WeightType } from "../module/module.ts";

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

/** A random matrix in file form and as the values that it stands for. */
export interface TestWeights {
  readonly bytes: Uint8Array;
  readonly values: Float32Array;
}

/** Makes a test matrix: normal values of about 1/sqrt(cols), some zero; every nibble or byte occurs, -128 too. */
export function makeWeights(type: WeightType, rows: number, cols: number, random: Random): TestWeights {
  if (type === "q4_0" || type === "q8_0") return makeBlocks(type, rows * cols, random);
  if (type === "f8") return makeFloat8(rows * cols, random);
  const block = blockTypes.find((one) => one === type);
  if (block) return makeBlockWeights(block, rows * cols, random);
  const values = Float32Array.from({ length: rows * cols }, () =>
    random.integer(16) === 0 ? 0 : random.normal() / Math.sqrt(cols),
  );
  if (type === "f32") return { bytes: new Uint8Array(values.buffer.slice(0)), values };
  const bits = new Int32Array(values.buffer);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    halves[i] = type === "bf16" ? bits[i] >>> 16 : halfOf(bits[i]);
    if (type === "f16" && random.integer(64) === 0) halves[i] = random.integer(0x400); // subnormal
    if (type === "bf16") bits[i] = halves[i] << 16;
    else values[i] = halfToFloat(halves[i]);
  }
  return { bytes: new Uint8Array(halves.buffer), values };
}

/** Blocks of a float32 scale and 32 values of E4M3, subnormal ones too, of which none is not a number. */
function makeFloat8(count: number, random: Random): TestWeights {
  const bytes = new Uint8Array((count / 32) * 36);
  const values = new Float32Array(count);
  const scales = new DataView(bytes.buffer);
  for (let at = 0, o = 0; at < bytes.length; at += 36) {
    const scale = Math.fround((0.5 + random.uniform()) / 4096);
    scales.setFloat32(at, scale, true);
    for (let i = 4; i < 36; i++) {
      const code = random.integer(127);
      const sign = random.integer(2);
      bytes[at + i] = (sign << 7) | code;
      const [exponent, eighths] = [code >> 3, code & 7];
      const size = exponent === 0 ? eighths * 2 ** -9 : (8 + eighths) * 2 ** (exponent - 10);
      values[o++] = (sign ? -size : size) * scale;
    }
  }
  return { bytes, values };
}

/** Blocks of 32 as in a file: f16 scale, then 16 bytes of nibbles (i and i + 16) less 8, or 32 signed bytes. */
function makeBlocks(type: "q4_0" | "q8_0", count: number, random: Random): TestWeights {
  const size = type === "q4_0" ? 18 : 34;
  const bytes = new Uint8Array((count / 32) * size);
  const values = new Float32Array(count);
  for (let block = 0; block < count / 32; block++) {
    const at = block * size;
    const half = (random.integer(2) << 15) | (0x1c00 + random.integer(0x800));
    const scale = halfToFloat(half);
    bytes[at] = half & 255;
    bytes[at + 1] = half >> 8;
    for (let i = at + 2; i < at + size; i++) bytes[i] = random.integer(256);
    for (let i = 0; i < 32; i++) {
      const byte = bytes[at + 2 + (type === "q4_0" ? i % 16 : i)];
      const whole = type === "q8_0" ? (byte << 24) >> 24 : (i < 16 ? byte & 15 : byte >> 4) - 8;
      values[32 * block + i] = scale * whole;
    }
  }
  return { bytes, values };
}

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

/** IQ4_XS: blocks of 256: a half, 8 scales of 6 bits (2 high ones first), then 8 times 16 bytes of nibbles. */
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

/** The half with this value, from its 16 bits. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return half & 0x8000 ? -size : size;
}

/** A half near a float given by its bits: cut, not rounded; small ones become 0. */
function halfOf(bits: number): number {
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return 0;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 1023);
}
