// float32 values to blocks, for the types whose packing is a plain rounding; leans on half.ts, blocks/fp4.ts and the
// dtype table. The results are those of ggml's reference rows (quantize_row_*_ref of ggml-quants.c), bit for bit,
// hence every float32 step is rounded where C rounds it.
import { BaimoError } from "../errors.ts";
import { byteLength, type DType, dtypes } from "../tensor/dtype.ts";
import { e2m1Doubled, e8m0Half } from "./blocks/fp4.ts";
import { checkDType } from "./dequantize.ts";
import { floatToBfloat, floatToHalf, roundToHalf } from "./half.ts";

const { fround } = Math;

/** Packs `count` blocks from the start of `values` to the start of `blocks`. */
type Pack = (values: Float32Array, blocks: Uint8Array, count: number) => void;

function putHalf(blocks: Uint8Array, at: number, value: number): void {
  const half = roundToHalf(value);
  blocks[at] = half;
  blocks[at + 1] = half >> 8;
}

/** The value of largest size among `length` values from `from`; the first of equals. */
function extreme(values: Float32Array, from: number, length: number): number {
  let size = 0;
  let found = 0;
  for (let i = from; i < from + length; i++) {
    const a = Math.abs(values[i]);
    if (a > size) {
      size = a;
      found = values[i];
    }
  }
  return found;
}

const inverse = (d: number): number => (d === 0 ? 0 : fround(1 / d));

/** To the nearest integer, halves away from zero, as C's roundf. */
const roundAway = (x: number): number => (x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5));

/** A packer of Q4_0 (bits 4) or Q5_0 (bits 5): one scale, the largest value at the lowest level. */
function packSymmetric(bits: 4 | 5): Pack {
  const zero = 1 << (bits - 1);
  const top = 2 * zero - 1;
  const size = dtypes[bits === 4 ? "Q4_0" : "Q5_0"].bytes;
  const levels = new Uint8Array(32);
  return (values, blocks, count) => {
    for (let b = 0, p = 0, o = 0; b < count; b++, p += size, o += 32) {
      const d = fround(extreme(values, o, 32) / -zero);
      const id = inverse(d);
      putHalf(blocks, p, d);
      for (let i = 0; i < 32; i++) {
        const level = fround(fround(values[o + i] * id) + (zero + 0.5));
        levels[i] = Math.min(level, top);
      }
      putLevels(blocks, p + 2, bits, levels);
    }
  };
}

/** A packer of Q4_1 (bits 4) or Q5_1 (bits 5): a scale and a minimum. */
function packAffine(bits: 4 | 5): Pack {
  const top = (1 << bits) - 1;
  const size = dtypes[bits === 4 ? "Q4_1" : "Q5_1"].bytes;
  const levels = new Uint8Array(32);
  return (values, blocks, count) => {
    for (let b = 0, p = 0, o = 0; b < count; b++, p += size, o += 32) {
      let min = values[o];
      let max = values[o];
      for (let i = o + 1; i < o + 32; i++) {
        if (values[i] < min) min = values[i];
        if (values[i] > max) max = values[i];
      }
      const d = fround(fround(max - min) / top);
      const id = inverse(d);
      putHalf(blocks, p, d);
      putHalf(blocks, p + 2, min);
      for (let i = 0; i < 32; i++) {
        const level = fround(fround(fround(values[o + i] - min) * id) + 0.5);
        levels[i] = Math.min(level, top);
      }
      putLevels(blocks, p + 4, bits, levels);
    }
  };
}

/** Writes 32 levels: with 5 bits first the four bytes of fifth bits, then the nibble pairs. */
function putLevels(blocks: Uint8Array, p: number, bits: 4 | 5, levels: Uint8Array): void {
  const nibbles = bits === 5 ? p + 4 : p;
  let high = 0;
  for (let i = 0; i < 16; i++) {
    const a = levels[i];
    const b = levels[16 + i];
    blocks[nibbles + i] = (a & 15) | (b << 4);
    high |= ((a >> 4) << i) | ((b >> 4) << (i + 16));
  }
  if (bits === 5) for (let i = 0; i < 4; i++) blocks[p + i] = high >>> (8 * i);
}

function packQ8_0(values: Float32Array, blocks: Uint8Array, count: number): void {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 34, o += 32) {
    const d = fround(Math.abs(extreme(values, o, 32)) / 127);
    const id = inverse(d);
    putHalf(blocks, p, d);
    for (let i = 0; i < 32; i++) blocks[p + 2 + i] = roundAway(fround(values[o + i] * id));
  }
}

function packTQ1_0(values: Float32Array, blocks: Uint8Array, count: number): void {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 54, o += 256) {
    const d = Math.abs(extreme(values, o, 256));
    const id = inverse(d);
    putHalf(blocks, p + 52, d);
    // Bytes of five digits, strided by 32 then 16; the last four bytes hold four digits, strided by 4.
    for (const [at, from, stride, digits] of [
      [0, 0, 32, 5],
      [32, 160, 16, 5],
      [48, 240, 4, 4],
    ]) {
      for (let i = 0; i < stride; i++) {
        let code = 0;
        for (let n = 0; n < digits; n++) {
          code = code * 3 + roundAway(fround(values[o + from + n * stride + i] * id)) + 1;
        }
        if (digits === 4) code *= 3;
        blocks[p + at + i] = Math.floor((code * 256 + 242) / 243);
      }
    }
  }
}

function packTQ2_0(values: Float32Array, blocks: Uint8Array, count: number): void {
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 66, o += 256) {
    const d = Math.abs(extreme(values, o, 256));
    const id = inverse(d);
    putHalf(blocks, p + 64, d);
    for (let i = 0; i < 64; i++) {
      const from = o + (i >> 5) * 128 + (i & 31);
      let code = 0;
      for (let n = 0; n < 4; n++) code |= (roundAway(fround(values[from + n * 32] * id)) + 1) << (2 * n);
      blocks[p + i] = code;
    }
  }
}

function packMXFP4(values: Float32Array, blocks: Uint8Array, count: number): void {
  const one = new Float32Array(1);
  const bits = new Uint32Array(one.buffer);
  for (let b = 0, p = 0, o = 0; b < count; b++, p += 17, o += 32) {
    one[0] = Math.abs(extreme(values, o, 32));
    const exponent = bits[0] >>> 23; // floor(log2) + 127 of a normal number
    const e = Math.max(0, exponent - 2);
    const d = e8m0Half[e];
    blocks[p] = e;
    const nearest = (value: number) => {
      let best = 0;
      let error = Infinity;
      for (let k = 0; k < 16; k++) {
        const miss = Math.abs(fround(fround(d * e2m1Doubled[k]) - value));
        if (miss < error) {
          error = miss;
          best = k;
        }
      }
      return best;
    };
    for (let i = 0; i < 16; i++)
      blocks[p + 1 + i] = nearest(values[o + i]) | (nearest(values[o + 16 + i]) << 4);
  }
}

/** Packs 16-bit numbers through an aligned array. */
function pack16(convert: (values: Float32Array) => Uint16Array): Pack {
  return (values, blocks, count) => {
    const words = convert(values.subarray(0, count));
    blocks.set(new Uint8Array(words.buffer, words.byteOffset, count * 2));
  };
}

const packers = {
  F32: (values, blocks, count) => blocks.set(new Uint8Array(values.buffer, values.byteOffset, count * 4)),
  F16: pack16((values) => floatToHalf(values)),
  BF16: pack16((values) => floatToBfloat(values)),
  Q8_0: packQ8_0,
  Q4_0: packSymmetric(4),
  Q4_1: packAffine(4),
  Q5_0: packSymmetric(5),
  Q5_1: packAffine(5),
  TQ1_0: packTQ1_0,
  TQ2_0: packTQ2_0,
  MXFP4: packMXFP4,
} satisfies Partial<Record<DType, Pack>>;

/** An element type that `quantize` can write. */
export type QuantizableType = keyof typeof packers;

/** Whether `quantize` can write this type. */
export function isQuantizable(type: string): type is QuantizableType {
  return Object.hasOwn(packers, type);
}

/**
 * Rounds float32 values to blocks of a type.
 *
 * values  a whole number of blocks of finite numbers; rows must be whole blocks too, which is the caller's to see
 * @throws {BaimoError} `request` for a type that cannot be written, `shape` for a part of a block
 */
export function quantize(type: QuantizableType | DType, values: Float32Array): Uint8Array {
  checkDType(type);
  if (!isQuantizable(type)) {
    throw new BaimoError(
      "request",
      `writing ${type} is not supported; these types can be written: ${Object.keys(packers).join(", ")}`,
    );
  }
  const blocks = new Uint8Array(byteLength(type, values.length));
  packers[type](values, blocks, values.length / dtypes[type].elements);
  return blocks;
}
