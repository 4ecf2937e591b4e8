// Heads of packed blocks (4 rows, 32 columns): scales and minimums of six weight types, and how a block's sums are added
// with them; leans on the small SIMD pieces.
import { HALF_MASK, HALF_SCALE, halfAt, loadHalves, madd, zero } from "./simd.as";

/** HALF_SCALE / -128. */
const HALF_MINIMUM: v128 = i32x4.splat(<i32>0xf4000000 + zero);
/** -16 / 128. */
const EIGHTH: v128 = i32x4.splat(<i32>0xbe000000 + zero);
/** Moves 4 times 3 bytes to the upper bytes of the lanes; what lies beyond a table is 0. */
const UPPER_BYTES: v128 = i32x4.add(i32x4(0x020100ff, 0x050403ff, 0x080706ff, 0x0b0a09ff), i32x4.splat(zero));

/**
 * What stands before a block's quants, named for generic code: offsetof<H>() is where the quants begin.
 *   Powers       4 scales of a byte e: 2^(e - 127), 0 where e is 0 (MXFP4)
 *   Halves       4 scales of half precision (Q5_0)
 *   Floats24     4 scales, the upper 24 bits of an f32: they hold a half times a 6-bit scale (IQ4_NL, IQ4_XS)
 *   HalvesPairs  4 scales and 4 minimums of half precision (Q4_1, Q5_1)
 */
@unmanaged export class Powers {
  scales: u32;
}
@unmanaged export class Halves {
  scales: u64;
}
@unmanaged export class Floats24 {
  scales0: u32;
  scales1: u32;
  scales2: u32;
}
@unmanaged export class HalvesPairs {
  scales: u64;
  minimums: u64;
}

/** The quants after a head, named likewise: offsetof<Q>() is their size. */
@unmanaged export class Fours {
  q0: u64;
  q1: u64;
  q2: u64;
  q3: u64;
  q4: u64;
  q5: u64;
  q6: u64;
  q7: u64;
}
@unmanaged export class Fives extends Fours {
  q8: u64;
  q9: u64;
}

/** Whether weights are scale * q + minimum. */
// @ts-ignore: decorator
@inline
export function hasMinimums<H>(): bool {
  return offsetof<H>() == 16;
}

/** The scales of the block at `p`. */
// @ts-ignore: decorator
@inline
export function scalesAt<H>(p: usize): v128 {
  if (offsetof<H>() == 4) {
    return i32x4.shl(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(p))), 23);
  }
  if (offsetof<H>() == 12) return i8x16.swizzle(v128.load(p), UPPER_BYTES);
  return loadHalves(p, HALF_MASK, HALF_SCALE);
}

/**
 * The minimums of the block at `p` whose scales are d, for weights that are multiplied 16 too low (minimum + 16 d) and
 * for activations whose sum is stored times -128: -(minimum + 16 d) / 128.
 */
// @ts-ignore: decorator
@inline
export function minimumsAt(p: usize, d: v128): v128 {
  return madd(d, EIGHTH, loadHalves(p + 8, HALF_MASK, HALF_MINIMUM));
}

/** -128 * the sum of a token's block, with its scale, exactly: 12 bits of a sum times 11 of a scale. */
// @ts-ignore: decorator
@inline
export function blockSum(x: usize): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(v128.load32_splat(x, 40)), v128.load32_splat(x, 32));
}

/** sums + what the block at `p` adds. whole: its integer sums; x: the token's block; sum: its blockSum. */
// @ts-ignore: decorator
@inline
export function addBlock<H>(sums: v128, p: usize, whole: v128, x: usize, sum: v128): v128 {
  const d = scalesAt<H>(p);
  const f = madd(f32x4.convert_i32x4_s(whole), f32x4.mul(d, v128.load32_splat(x, 32)), sums);
  return hasMinimums<H>() ? madd(minimumsAt(p, d), sum, f) : f;
}

/** The scale of one row. */
// @ts-ignore: decorator
@inline
export function scaleOf<H>(p: usize, lane: usize): f32 {
  if (offsetof<H>() == 4) return reinterpret<f32>(<u32>load<u8>(p + lane) << 23);
  if (offsetof<H>() == 12) return reinterpret<f32>(load<u32>(p + 3 * lane) << 8);
  return halfAt(p + 2 * lane);
}

/** The minimum of one row, 0 where the type has none. */
// @ts-ignore: decorator
@inline
export function minimumOf<H>(p: usize, lane: usize): f32 {
  return hasMinimums<H>() ? halfAt(p + 8 + 2 * lane) : 0;
}
