// K-quants times one token, straight from the packed form.
import { less, scaled } from "./k-products.as";
import { SCALE, SUMS_16, SUMS_32, SUMS_8 } from "./quantize-q8k.as";
import {
  addUnit, blockBytes, chunkBytes, First, halvesAt, hasMinimums, hasScalesOf16, lowBits, moreBits, Second, unitBytes,
} from "./k-weights.as";
import { halfMask, halfScale, halfToFloat, madd, storeGroups } from "../module/simd.as";
import { streamGroups } from "./streams.as";

/** A matrix times one token, whose blocks are `next` bytes apart. Reads two distant row groups at once: hardware prefetch stops at 4 KiB pages. */
export function oneToken<T>(w: usize, rowGroups: i32, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const group = <usize>blocks * blockBytes<T>();
  const part = streamGroups(rowGroups, group);
  const apart = <usize>(rowGroups - part);
  for (let g = 0; g < part; g++) {
    twoGroups<T>(w, apart * group, blocks, x, next, y, apart << 5, scale);
    w += group;
    y += 32;
  }
}

/** Side S of the d of the block at `p`, times d. */
@inline
function unit<T, S>(p: usize, d: v128, sign: v128, size: v128): v128 {
  return f32x4.mul(halfToFloat(v128.load16x4_s(p, halvesAt<T>() + 8 * offsetof<S>()), sign, size), d);
}

/** Products of side S of the minimums of the block at `p` with a token's sums, of 32 (4 pairs) or of 16 (8), added up. */
@inline
function minimumSums<T, S>(
  p: usize, s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128,
): v128 {
  const at = unitBytes<T>() + 8 * offsetof<S>(), next = chunkBytes<T>();
  if (!hasScalesOf16<T>()) {
    return i32x4.add(
      scaled(i32x4.dot_i16x8_s(v128.load8x8_u(p, at), s0), v128.load8x8_u(p, at + next), s1),
      scaled(i32x4.dot_i16x8_s(v128.load8x8_u(p, at + 2 * next), s2), v128.load8x8_u(p, at + 3 * next), s3),
    );
  }
  let sums = i32x4.dot_i16x8_s(i16x8.shr_u(v128.load8x8_u(p, at), 4), s0);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + 16), 4), s1);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + next), 4), s2);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + next + 16), 4), s3);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + 2 * next), 4), s4);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + 2 * next + 16), 4), s5);
  sums = scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + 3 * next), 4), s6);
  return scaled(sums, i16x8.shr_u(v128.load8x8_u(p, at + 3 * next + 16), 4), s7);
}

/** Side S of the dmin of the block at `p`, times d. */
@inline
function minimumUnit<T, S>(p: usize, d: v128, sign: v128, size: v128): v128 {
  return f32x4.mul(halfToFloat(v128.load16x4_s(p, halvesAt<T>() + 16 + 8 * offsetof<S>()), sign, size), d);
}

/** What takes the offset of the weights out of a unit's sums; e: the token's sums of 8 or of 16 for it. */
@inline
function offset<T>(e: usize): v128 {
  const sums = v128.load32_splat(e);
  return offsetof<T>() == 3 ? i16x8.neg(i16x8.shl(sums, 2)) : sums;
}

/**
 * Two row groups, `stride` bytes apart, times a token -> y, `yStride` bytes apart. f0, f1: the sides of the first; g0, g1:
 * of the second. First sides come first: of two widening loads that V8 joins it takes the address of the earlier one.
 */
@inline
function twoGroups<T>(
  p: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yStride: usize, scale: f32,
): void {
  let q = p + stride;
  const m = lowBits<T>(), n = moreBits<T>(), sign = halfMask(), size = halfScale();
  let f0 = f32x4.splat(0), f1 = f0, g0 = f0, g1 = f0;
  for (let b = 0; b < blocks; b++) {
    let i0 = i32x4.splat(0), i1 = i0, j0 = i0, j1 = i0;
    let t = x, e = x + (offsetof<T>() == 6 ? SUMS_8 : SUMS_16);
    for (const end = x + 256; t < end; t += 64) {
      let s0 = v128.load32_splat(t, 0), s1 = v128.load32_splat(t, 4);
      let s2 = v128.load32_splat(t, 8), s3 = v128.load32_splat(t, 12);
      let s4 = v128.load32_splat(t, 16), s5 = v128.load32_splat(t, 20);
      let s6 = v128.load32_splat(t, 24), s7 = v128.load32_splat(t, 28);
      let e0 = hasMinimums<T>() ? m : offset<T>(e), e1 = offsetof<T>() == 6 ? offset<T>(e + 4) : e0;
      i0 = addUnit<T, First, First>(i0, p, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i1 = addUnit<T, First, Second>(i1, p, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      j0 = addUnit<T, First, First>(j0, q, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      j1 = addUnit<T, First, Second>(j1, q, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      s0 = v128.load32_splat(t, 32);
      s1 = v128.load32_splat(t, 36);
      s2 = v128.load32_splat(t, 40);
      s3 = v128.load32_splat(t, 44);
      s4 = v128.load32_splat(t, 48);
      s5 = v128.load32_splat(t, 52);
      s6 = v128.load32_splat(t, 56);
      s7 = v128.load32_splat(t, 60);
      e0 = hasMinimums<T>() ? m : offset<T>(e + (offsetof<T>() == 6 ? 8 : 4));
      e1 = offsetof<T>() == 6 ? offset<T>(e + 12) : e0;
      i0 = addUnit<T, Second, First>(i0, p, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i1 = addUnit<T, Second, Second>(i1, p, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      j0 = addUnit<T, Second, First>(j0, q, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      j1 = addUnit<T, Second, Second>(j1, q, m, n, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      p += chunkBytes<T>();
      q += chunkBytes<T>();
      e += offsetof<T>() == 6 ? 16 : 8;
    }
    // only now, so that memory is read in one direction: looking ahead cost a tenth to a fifth
    p -= halvesAt<T>();
    q -= halvesAt<T>();
    const d = v128.load32_splat(x, SCALE);
    if (hasMinimums<T>()) {
      const at = x + (hasScalesOf16<T>() ? SUMS_16 : SUMS_32);
      const s0 = v128.load32_splat(at, 0), s1 = v128.load32_splat(at, 4), s2 = v128.load32_splat(at, 8);
      const s3 = v128.load32_splat(at, 12), s4 = hasScalesOf16<T>() ? v128.load32_splat(at, 16) : s0;
      const s5 = hasScalesOf16<T>() ? v128.load32_splat(at, 20) : s0;
      const s6 = hasScalesOf16<T>() ? v128.load32_splat(at, 24) : s0;
      const s7 = hasScalesOf16<T>() ? v128.load32_splat(at, 28) : s0;
      f0 = less(f0, minimumSums<T, First>(p, s0, s1, s2, s3, s4, s5, s6, s7), minimumUnit<T, First>(p, d, sign, size));
      f1 = less(f1, minimumSums<T, Second>(p, s0, s1, s2, s3, s4, s5, s6, s7), minimumUnit<T, Second>(p, d, sign, size));
      g0 = less(g0, minimumSums<T, First>(q, s0, s1, s2, s3, s4, s5, s6, s7), minimumUnit<T, First>(q, d, sign, size));
      g1 = less(g1, minimumSums<T, Second>(q, s0, s1, s2, s3, s4, s5, s6, s7), minimumUnit<T, Second>(q, d, sign, size));
    }
    f0 = madd(f32x4.convert_i32x4_s(i0), unit<T, First>(p, d, sign, size), f0);
    f1 = madd(f32x4.convert_i32x4_s(i1), unit<T, Second>(p, d, sign, size), f1);
    g0 = madd(f32x4.convert_i32x4_s(j0), unit<T, First>(q, d, sign, size), g0);
    g1 = madd(f32x4.convert_i32x4_s(j1), unit<T, Second>(q, d, sign, size), g1);
    p += blockBytes<T>();
    q += blockBytes<T>();
    x += next;
  }
  const by = f32x4.splat(scale);
  storeGroups(y, yStride, f0, f1, g0, g1, by);
}
