// Small SIMD pieces that several kernels share: multiply-add, half-precision conversion, exponential; leans on nothing.

/** a * b + c, rounded once where the machine has it (relaxed build). */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Four halves in the low 16 bits of each lane, sign extended -> f32. Finite values only; subnormals are right but slow. */
// @ts-ignore: decorator
@inline
export function halfToFloat(h: v128): v128 {
  const bits = v128.and(i32x4.shl(h, 13), i32x4.splat(0x8fffe000));
  return f32x4.mul(bits, f32x4.splat(reinterpret<f32>(0x77800000))); // 2^112: the difference of the exponent biases
}

/** Four consecutive halves at `p` -> f32. */
// @ts-ignore: decorator
@inline
export function loadHalves(p: usize, offset: usize = 0): v128 {
  return halfToFloat(v128.load16x4_s(p + offset));
}

/** One half -> f32. */
// @ts-ignore: decorator
@inline
export function halfAt(p: usize): f32 {
  const h = <u32>load<u16>(p);
  return reinterpret<f32>((h & 0x7fff) << 13) * reinterpret<f32>(0x77800000) * ((h & 0x8000) != 0 ? -1.0 : 1.0);
}

/** Element `index` of an array of f32, f16 (u16) or bf16 (i16): the element type's stand-in is T. */
// @ts-ignore: decorator
@inline
export function floatAt<T>(p: usize): f32 {
  if (isFloat<T>()) return load<f32>(p);
  if (isSigned<T>()) return reinterpret<f32>((<u32>load<u16>(p)) << 16);
  return halfAt(p);
}

/** Four elements at `p` + `offset` elements -> f32x4; T as in floatAt. */
// @ts-ignore: decorator
@inline
export function loadFour<T>(p: usize): v128 {
  if (isFloat<T>()) return v128.load(p);
  if (isSigned<T>()) return i32x4.shl(v128.load16x4_u(p), 16);
  return loadHalves(p);
}

/** The sum of the four lanes, in one order. */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** The largest of the four lanes. */
// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/**
 * e^x of four lanes, within 2 ulp; exactly 0 below -87.33 (where f32 turns subnormal), infinity above 88.72.
 * Cody-Waite reduction and Cephes' polynomial (expf.c).
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const lo = f32x4.splat(-87.33);
  const hi = f32x4.splat(88.7228);
  const t = f32x4.pmin(f32x4.pmax(x, lo), hi);
  const n = f32x4.nearest(f32x4.mul(t, f32x4.splat(1.44269504088896341)));
  let r = madd(n, f32x4.splat(-0.693359375), t);
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let p = madd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1.0));
  // 2^n in two steps, because n reaches 128
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  const one = i32x4.splat(127);
  const a = i32x4.shl(i32x4.add(half, one), 23);
  const b = i32x4.shl(i32x4.add(i32x4.sub(i, half), one), 23);
  const y = f32x4.mul(f32x4.mul(p, a), b);
  const above = v128.bitselect(f32x4.splat(Infinity), y, f32x4.gt(x, hi));
  return v128.andnot(above, f32x4.lt(x, lo));
}
