// SIMD pieces that kernels share: multiply-add, half-precision conversion, exponential.

/** a * b + c, rounded once where the machine has it (relaxed build). */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// Vector constants are splats of globals that the optimiser cannot see through: V8 builds a literal anew wherever it is
// used, three instructions each time, where a local copy of a splat is a register. (A global vector would do, too, but V8
// joins no neighbours that meet one.)

/** Always 0: a module has at most 65,536 pages. */
export const zero: i32 = memory.size() >>> 20;

const nibble: i32 = 0x0f0f0f0f + zero;
const nibbleWord: i32 = 0x000f000f + zero;
const oneWord: i32 = 0x00010001 + zero;
const upperHalf: i32 = 0xffff0000 + zero;
const upperByte: i32 = 0xff00ff00 + zero;
const halfMaskBits: i32 = 0x8fffe000 + zero;
const halfScaleBits: i32 = 0x77800000 + zero;

/** Zeros, to start sums from: where two sums start from one literal and two others share another, V8 does not join them. */
@inline
export function zeros(): v128 {
  return i32x4.splat(zero);
}

/** 15 in every byte. */
@inline
export function nibbles(): v128 {
  return i32x4.splat(nibble);
}

/** 15 in every 16-bit lane. */
@inline
export function nibbleWords(): v128 {
  return i32x4.splat(nibbleWord);
}

/** 1 in every 16-bit lane. */
@inline
export function oneWords(): v128 {
  return i32x4.splat(oneWord);
}

/** The upper byte of every 16-bit lane. */
@inline
export function upperBytes(): v128 {
  return i32x4.splat(upperByte);
}

/** The upper half of every 32-bit lane. */
@inline
export function upperHalves(): v128 {
  return i32x4.splat(upperHalf);
}

/** The bits of a half's value after it is sign extended and shifted left by 13. */
@inline
export function halfMask(): v128 {
  return i32x4.splat(halfMaskBits);
}

/** 2^112: the difference of the exponent biases of f32 and f16. */
@inline
export function halfScale(): v128 {
  return i32x4.splat(halfScaleBits);
}

/** Four halves in the low 16 bits of each lane, sign extended -> f32. Finite values only; subnormals are right but slow. */
@inline
export function halfToFloat(h: v128, mask: v128, scale: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(h, 13), mask), scale);
}

/** sums + what a block adds, but for minimums. d: its scales; whole: its integer sums; s: the token's scale. */
@inline
export function addBlock(sums: v128, d: v128, whole: v128, s: v128): v128 {
  return madd(f32x4.convert_i32x4_s(whole), f32x4.mul(d, s), sums);
}

/** addBlock with scales that are halves, as halfToFloat takes them. */
@inline
export function addHalves(sums: v128, d: v128, whole: v128, s: v128, mask: v128, scale: v128): v128 {
  return addBlock(sums, halfToFloat(d, mask, scale), whole, s);
}

/** Four consecutive halves at `p` -> f32; mask and scale: halfMask() and halfScale(). */
@inline
export function loadHalves(p: usize, mask: v128, scale: v128): v128 {
  return halfToFloat(v128.load16x4_s(p), mask, scale);
}

/** The sums of a row group, of rows 0-3 and of rows 4-7, times `by` -> y. */
@inline
export function storeRows(y: usize, first: v128, second: v128, by: v128): void {
  v128.store(y, f32x4.mul(first, by), 0);
  v128.store(y, f32x4.mul(second, by), 16);
}

/** The sums of two row groups, the second's `apart` bytes on, times `by` -> y. */
@inline
export function storeGroups(
  y: usize, apart: usize, first0: v128, second0: v128, first1: v128, second1: v128, by: v128,
): void {
  storeRows(y, first0, second0, by);
  storeRows(y + apart, first1, second1, by);
}

/** One half -> f32. */
@inline
export function halfAt(p: usize): f32 {
  const h = <u32>load<u16>(p);
  return reinterpret<f32>((h & 0x7fff) << 13) * reinterpret<f32>(0x77800000) * ((h & 0x8000) != 0 ? -1.0 : 1.0);
}

/** Element `index` of an array of f32, f16 (u16) or bf16 (i16): the element type's stand-in is T. */
@inline
export function floatAt<T>(p: usize): f32 {
  if (isFloat<T>()) return load<f32>(p);
  if (isSigned<T>()) return reinterpret<f32>((<u32>load<u16>(p)) << 16);
  return halfAt(p);
}

/** Four elements at `p` -> f32x4; T as in floatAt; mask and scale: halfMask() and halfScale(). */
@inline
export function loadFour<T>(p: usize, mask: v128, scale: v128): v128 {
  if (isFloat<T>()) return v128.load(p);
  if (isSigned<T>()) return i32x4.shl(v128.load16x4_u(p), 16);
  return loadHalves(p, mask, scale);
}

/** The sum of the four lanes, in one order. */
@inline
export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

const EXP_LOW: v128 = i32x4.splat(reinterpret<i32>(<f32>-87.33) + zero);
const EXP_HIGH: v128 = i32x4.splat(reinterpret<i32>(<f32>88.37) + zero);
const LOG2_E: v128 = i32x4.splat(0x3fb8aa3b + zero);
const ROUND: v128 = i32x4.splat(0x4b400000 + zero); // 1.5 * 2^23: adding it leaves a whole number in the low bits
const LN2_HIGH: v128 = i32x4.splat(<i32>0xbf317200 + zero); // -0x1.62e4p-1
const LN2_LOW: v128 = i32x4.splat(<i32>0xb5bfbe8e + zero); // -0x1.7f7d1cp-20
export const ONE: v128 = i32x4.splat(0x3f800000 + zero);
const EXP_1: v128 = i32x4.splat(0x3f7ffff6 + zero); // 0x1.ffffecp-1
const EXP_2: v128 = i32x4.splat(0x3efffedb + zero); // 0x1.fffdb6p-2
const EXP_3: v128 = i32x4.splat(0x3e2aaf33 + zero); // 0x1.555e66p-3
const EXP_4: v128 = i32x4.splat(0x3d2b9f17 + zero); // 0x1.573e2ep-5
const EXP_5: v128 = i32x4.splat(0x3c072010 + zero); // 0x1.0e4020p-7

/**
 * e^x of four lanes, within 2 ulp; exactly 0 below -87.33 (where f32 turns subnormal), e^88.37 above 88.37.
 * Reduction and polynomial of Arm's optimized-routines (expf), as llama.cpp has them.
 */
@inline
export function exp4(x: v128): v128 {
  return exp4Times(x, ONE);
}

/** e^x times a power of two, `one`. */
@inline
export function exp4Times(x: v128, one: v128): v128 {
  const t = f32x4.pmin(EXP_HIGH, f32x4.pmax(EXP_LOW, x));
  const z = madd(t, LOG2_E, ROUND);
  const n = f32x4.sub(z, ROUND);
  const r = madd(n, LN2_LOW, madd(n, LN2_HIGH, t));
  const power = i32x4.add(i32x4.shl(z, 23), one);
  const u = f32x4.mul(r, r);
  const high = madd(madd(EXP_5, r, EXP_4), u, madd(EXP_3, r, EXP_2));
  const p = madd(high, u, f32x4.mul(EXP_1, r));
  return v128.andnot(madd(power, p, power), f32x4.lt(x, EXP_LOW));
}

/** 1 / (1 + e^-x) of four lanes. */
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(ONE, f32x4.add(ONE, exp4(f32x4.neg(x))));
}

/** tanh of four lanes, within 2e-7 of itself: a polynomial (Cephes) below 0.625, by e^2x beyond. */
@inline
export function tanh4(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = madd(f32x4.splat(-5.70498872745e-3), z, f32x4.splat(2.06390887954e-2));
  p = madd(p, z, f32x4.splat(-5.37397155531e-2));
  p = madd(p, z, f32x4.splat(1.33314422036e-1));
  p = madd(p, z, f32x4.splat(-3.33332819422e-1));
  const small = madd(f32x4.mul(p, z), x, x);
  const large = f32x4.sub(ONE, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(x, x)), ONE)));
  return v128.bitselect(small, large, f32x4.lt(f32x4.abs(x), f32x4.splat(0.625)));
}
