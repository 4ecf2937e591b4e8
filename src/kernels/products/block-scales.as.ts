// Layouts of a packed block's scales and minimums (8 rows, 32 columns), and adding block sums.
import { halfAt, halfMask, halfScale, halfToFloat, madd, zero } from "../module/simd.as";

const halfMinimumBits: i32 = <i32>0xf4000000 + zero;
const eighthBits: i32 = <i32>0xbe000000 + zero;
/** Moves 4 times 3 bytes, from the fifth on, to the upper bytes of the lanes; what lies beyond a table is 0. */
const UPPER_BYTES: v128 = i32x4.add(i32x4(0x060504ff, 0x090807ff, 0x0c0b0aff, 0x0f0e0dff), i32x4.splat(zero));

/**
 * Layouts of a packed block's scales and minimums, row after row. The size of each class, offsetof<H>(), tags the layout.
 *   Powers       8 scales of a byte e: 2^(e - 127), 0 where e is 0 (MXFP4)
 *   Halves       8 scales of half precision (Q5_0)
 *   Floats24     8 scales, the upper 24 bits of an f32: they hold a half times a 6-bit scale (IQ4_NL, IQ4_XS)
 *   HalvesPairs  8 scales, then 8 minimums, of half precision (Q4_1, Q5_1)
 */
@unmanaged export class Powers {
  scales: u64;
}
@unmanaged export class Halves {
  scales0: u64;
  scales1: u64;
}
@unmanaged export class Floats24 extends Halves {
  scales2: u64;
}
@unmanaged export class HalvesPairs extends Halves {
  minimums0: u64;
  minimums1: u64;
}

/** The quants before a head, named likewise: offsetof<Q>() is where the head begins. */
@unmanaged export class Fours {
  q0: u64;
  q1: u64;
  q2: u64;
  q3: u64;
  q4: u64;
  q5: u64;
  q6: u64;
  q7: u64;
  q8: u64;
  q9: u64;
  q10: u64;
  q11: u64;
  q12: u64;
  q13: u64;
  q14: u64;
  q15: u64;
}
@unmanaged export class Fives extends Fours {
  q16: u64;
  q17: u64;
  q18: u64;
  q19: u64;
}

/** Whether weights are scale * q + minimum. */
@inline
export function hasMinimums<H>(): bool {
  return offsetof<H>() == 32;
}

/** halfScale() / -128. */
@inline
export function halfMinimum(): v128 {
  return i32x4.splat(halfMinimumBits);
}

/** -16 / 128. */
@inline
export function eighth(): v128 {
  return i32x4.splat(eighthBits);
}

/** The scales of rows 0-3 of the block at `p`; mask and scale: halfMask() and halfScale(), for halves. */
@inline
export function firstScales<H, Q>(p: usize, mask: v128, scale: v128): v128 {
  if (offsetof<H>() == 8) return i32x4.shl(i32x4.extend_low_i16x8_u(v128.load8x8_u(p, offsetof<Q>())), 23);
  if (offsetof<H>() == 24) return i8x16.swizzle(v128.load(p, offsetof<Q>() - 4), UPPER_BYTES);
  return halfToFloat(v128.load16x4_s(p, offsetof<Q>()), mask, scale);
}

/** Those of rows 4-7. */
@inline
export function secondScales<H, Q>(p: usize, mask: v128, scale: v128): v128 {
  if (offsetof<H>() == 8) return i32x4.shl(i32x4.extend_high_i16x8_u(v128.load8x8_u(p, offsetof<Q>())), 23);
  if (offsetof<H>() == 24) return i8x16.swizzle(v128.load(p, offsetof<Q>() + 8), UPPER_BYTES);
  return halfToFloat(v128.load16x4_s(p, offsetof<Q>() + 8), mask, scale);
}

/**
 * The minimums of rows 0-3 of the block at `p`, whose scales are d, for weights that are multiplied 16 too low
 * (minimum + 16 d) and for activations whose sum is stored times -128: -(minimum + 16 d) / 128. mask, scale and by:
 * halfMask(), halfMinimum() and eighth().
 */
@inline
export function firstMinimums<Q>(p: usize, d: v128, mask: v128, scale: v128, by: v128): v128 {
  return madd(d, by, halfToFloat(v128.load16x4_s(p, offsetof<Q>() + 16), mask, scale));
}

/** Those of rows 4-7. */
@inline
export function secondMinimums<Q>(p: usize, d: v128, mask: v128, scale: v128, by: v128): v128 {
  return madd(d, by, halfToFloat(v128.load16x4_s(p, offsetof<Q>() + 24), mask, scale));
}

/** The scales of the block at `p`, and what minimums there are, -> f32 at `o`. */
@inline
export function unpackHead<H, Q>(p: usize, o: usize): void {
  const mask = halfMask(), scale = halfScale();
  // each load beside its store: where the second of two joined loads that widen comes first, V8 13 reads from there
  v128.store(o, firstScales<H, Q>(p, mask, scale), 0);
  v128.store(o, secondScales<H, Q>(p, mask, scale), 16);
  if (hasMinimums<H>()) {
    const d = v128.load(o, 0), e = v128.load(o, 16), minimumScale = halfMinimum(), by = eighth();
    v128.store(o, firstMinimums<Q>(p, d, mask, minimumScale, by), 32);
    v128.store(o, secondMinimums<Q>(p, e, mask, minimumScale, by), 48);
  }
}

/** -128 * the sum of a token's block, with its scale, exactly: 12 bits of a sum times 11 of a scale. */
@inline
export function blockSum(x: usize): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(v128.load32_splat(x, 40)), v128.load32_splat(x, 32));
}

/** The scale of one row of 8, from the head at `p`. */
@inline
export function scaleOf<H>(p: usize, row: usize): f32 {
  if (offsetof<H>() == 8) return reinterpret<f32>(<u32>load<u8>(p + row) << 23);
  // the lowest of four bytes is not the scale's
  if (offsetof<H>() == 24) return reinterpret<f32>(load<u32>(p + 3 * row - 1) & 0xffffff00);
  return halfAt(p + 2 * row);
}

/** The minimum of one row, 0 where the type has none. */
@inline
export function minimumOf<H>(p: usize, row: usize): f32 {
  return hasMinimums<H>() ? halfAt(p + 16 + 2 * row) : 0;
}
