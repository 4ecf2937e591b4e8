// Half precision and bfloat16 to float32 and back, for whole arrays.
import { BaimoError } from "../../errors.ts";
import { instance } from "../../option-kinds.ts";
import { call } from "../../options.ts";

/**
 * The float32 value of each of the 65,536 half-precision patterns (IEEE 754 binary16), so that a scale inside a block
 * costs one look-up, subnormal or not.
 */
export function halfTable(): Float32Array {
  return (table ??= makeHalfTable());
}

/** Made when first asked for: a thread that meets no half precision does without. */
let table: Float32Array | undefined;

function makeHalfTable(): Float32Array {
  const table = new Float32Array(65536);
  const bits = new Uint32Array(table.buffer);
  for (let exponent = 1; exponent < 31; exponent++) {
    for (let m = 0; m < 1024; m++) bits[(exponent << 10) | m] = ((exponent + 112) << 23) | (m << 13);
  }
  for (let m = 0; m < 1024; m++) {
    table[m] = m * 2 ** -24;
    bits[0x7c00 | m] = 0x7f800000 | (m << 13);
  }
  for (let i = 0; i < 32768; i++) bits[0x8000 | i] = bits[i] | 0x80000000;
  return table;
}

const words = instance("a Uint16Array", Uint16Array);
const floats = instance("a Float32Array", Float32Array);
const sides = {
  halfToFloat: { from: words, to: floats },
  floatToHalf: { from: floats, to: words },
  bfloatToFloat: { from: words, to: floats },
  floatToBfloat: { from: floats, to: words },
};

/** Sees to it that there is something to convert, and room for it. */
function check(where: keyof typeof sides, source: ArrayLike<number>, target?: ArrayLike<number>): void {
  const { from, to } = sides[where];
  const { length } = from.read(source, "values", call(where));
  if (target === undefined) return;
  const room = to.read(target, "target", call(where)).length;
  if (room < length)
    throw new BaimoError("shape", `${where}: target has room for ${room} of ${length} values`);
}

/** Converts half-precision patterns to float32, exactly. Fills and returns `target`, of at least the same length. */
export function halfToFloat(halves: Uint16Array, given?: Float32Array): Float32Array {
  check("halfToFloat", halves, given);
  const target = given ?? new Float32Array(halves.length);
  const table = halfTable();
  for (let i = 0; i < halves.length; i++) target[i] = table[halves[i]];
  return target;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * The half-precision pattern of a float32 pattern, to nearest, ties to even (the branches follow F. Giesen's
 * float_to_half_fast3_rtne, public domain).
 */
function roundBits(bits: number): number {
  const magnitude = bits & 0x7fffffff;
  const sign = (bits >>> 16) & 0x8000;
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude < 0x38800000) {
    // Adding 0.5 lets the float adder shift and round the subnormal.
    scratchBits[0] = magnitude;
    scratch[0] += 0.5;
    return sign | (scratchBits[0] - 0x3f000000);
  }
  return sign | ((magnitude + 0xc8000fff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The half-precision pattern nearest to a float32 value. */
export function roundToHalf(value: number): number {
  scratch[0] = value;
  return roundBits(scratchBits[0]);
}

/** Writes a float32 value as half precision, little-endian; returns the value that the half holds. */
export function putHalf(bytes: Uint8Array, at: number, value: number): number {
  const half = roundToHalf(value);
  bytes[at] = half;
  bytes[at + 1] = half >> 8;
  return halfTable()[half];
}

/**
 * Rounds float32 to half precision, to nearest, ties to even; from 65,520 on it is infinity. Fills and returns
 * `target`, of at least the same length.
 */
export function floatToHalf(values: Float32Array, given?: Uint16Array): Uint16Array {
  check("floatToHalf", values, given);
  const target = given ?? new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) target[i] = roundBits(bits[i]);
  return target;
}

/** Converts bfloat16 patterns to float32, exactly. Fills and returns `target`, of at least the same length. */
export function bfloatToFloat(halves: Uint16Array, given?: Float32Array): Float32Array {
  check("bfloatToFloat", halves, given);
  const target = given ?? new Float32Array(halves.length);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return target;
}

/** Rounds float32 to bfloat16, to nearest, ties to even; NaN stays NaN. Fills and returns `target`. */
export function floatToBfloat(values: Float32Array, given?: Uint16Array): Uint16Array {
  check("floatToBfloat", values, given);
  const target = given ?? new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i];
    target[i] = (b & 0x7fffffff) > 0x7f800000 ? (b >>> 16) | 64 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return target;
}
