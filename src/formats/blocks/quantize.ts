// Quantises float32 values to blocks, plainly or weighted by an importance matrix.
import { BaimoError } from "../../errors.ts";
import { choice, instance, text } from "../../option-kinds.ts";
import { call, readOptions, type TableOf } from "../../options.ts";
import { byteLength, type DType, dtypes } from "../../tensor/dtype.ts";
import { extreme, type Pack } from "./fit.ts";
import { e2m1Doubled, e8m0Half } from "./fp4.ts";
import { floatToBfloat, floatToHalf, putHalf } from "./half.ts";
import { packIQ4_NL, packIQ4_XS } from "./pack-iq4.ts";
import { packQ2_K, packQ3_K, packQ4_K, packQ5_K, packQ6_K } from "./pack-k-quants.ts";
import { packQ4_0, packQ4_1, packQ5_0, packQ5_1, packQ8_0, roundAway } from "./pack-legacy.ts";

const { fround } = Math;

const inverse = (d: number): number => (d === 0 ? 0 : fround(1 / d));

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
  Q4_0: packQ4_0,
  Q4_1: packQ4_1,
  Q5_0: packQ5_0,
  Q5_1: packQ5_1,
  Q2_K: packQ2_K,
  Q3_K: packQ3_K,
  Q4_K: packQ4_K,
  Q5_K: packQ5_K,
  Q6_K: packQ6_K,
  IQ4_NL: packIQ4_NL,
  IQ4_XS: packIQ4_XS,
  TQ1_0: packTQ1_0,
  TQ2_0: packTQ2_0,
  MXFP4: packMXFP4,
} satisfies Partial<Record<DType, Pack>>;

/** An element type that `quantize` can write. */
export type QuantizableType = keyof typeof packers;

/** Whether `quantize` can write this type. */
export function isQuantizable(type: string): type is QuantizableType {
  return Object.hasOwn(packers, text({ least: 0 }).read(type, "type", call("isQuantizable")));
}

/** Options of `quantize`. */
export interface QuantizeOptions {
  /**
   * A weight for each column of a row, none negative: the mean of the squares that the column is multiplied by. `values`
   * are then whole rows of that length. Types of more than six bits, and those with a set scale, make no use of it.
   */
  importance?: Float32Array;
}

const floats = instance("a Float32Array", Float32Array);
const writableType = choice(...(Object.keys(packers) as QuantizableType[]));

/** The same, declared. */
export const quantizeTable = { importance: floats } satisfies TableOf<QuantizeOptions>;

/**
 * Rounds float32 values to blocks of a type. Q4_0 to Q8_0, the ternary types and MXFP4 are those of ggml's reference rows
 * bit for bit unless an importance is given; k-quants and IQ4 err as little as ggml's (`quantize.test.ts`).
 *
 * values  a whole number of blocks of finite numbers; rows must be whole blocks too, which is the caller's to see
 * @throws {BaimoError} `request` for a type that cannot be written, `shape` for a part of a block or a row
 */
export function quantize(
  asked: QuantizableType | DType,
  values: Float32Array,
  options: QuantizeOptions = {},
): Uint8Array {
  const door = call("quantize");
  const { importance } = readOptions(options, quantizeTable, door);
  const type = writableType.read(asked, "type", door);
  floats.read(values, "values", door);
  const blocks = new Uint8Array(byteLength(type, values.length));
  const { elements } = dtypes[type];
  if (importance && (importance.length % elements !== 0 || values.length % importance.length !== 0)) {
    throw new BaimoError(
      "shape",
      `${type}: an importance of ${importance.length} columns does not fit ${values.length} values in blocks of ${elements}`,
    );
  }
  packers[type](values, blocks, values.length / elements, importance);
  return blocks;
}
