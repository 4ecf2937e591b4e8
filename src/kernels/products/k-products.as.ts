// Steps that all products of K-quants share, each exact or with one stated rounding.
//
// Words of weights meet words of activations as pairs in i16 lanes, A's sum low and B's high (quantize-q8k.as.ts); one
// i32x4.dot_i16x8 applies both sub-blocks' scales and adds the two. A block of 256 ends with one floating step for its
// minimums and one for its sums.

/** i16 lanes: x . w over two bytes, x signed, w of 7 bits. */
@inline
export function dot2(x: v128, w: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(x, w);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(x, 8), 8), v128.and(w, i16x8.splat(255)));
  return i16x8.add(even, i16x8.mul(i16x8.shr_s(x, 8), i16x8.shr_u(w, 8)));
}

/** sums + the pairs, each times its scale. */
@inline
export function scaled(sums: v128, pairs: v128, scales: v128): v128 {
  return i32x4.add(sums, i32x4.dot_i16x8_s(pairs, scales));
}

/** f - sums times their unit, rounded once where the machine has it (relaxed build). */
@inline
export function less(f: v128, sums: v128, unit: v128): v128 {
  const whole = f32x4.convert_i32x4_s(sums);
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(whole, unit, f);
  return f32x4.sub(f, f32x4.mul(whole, unit));
}
