// Products of K-quants with one token, straight from the packed form; leans on how they are packed and on their products.
import { less } from "./k-products.as";
import { SCALE, SUMS_16, SUMS_32, SUMS_8 } from "./quantize-q8k.as";
import {
  addUnit, blockBytes, chunkBytes, First, hasMinimums, hasScalesOf16, headBytes, lowBits, minimumsOf, Second,
} from "./k-weights.as";
import { HALF_MASK, HALF_SCALE, loadHalves, madd } from "./simd.as";
import { streamGroups } from "./streams.as";

/** A matrix times one token, whose blocks are `next` bytes apart. Reads four distant row groups at once: hardware prefetch stops at 4 KiB pages. */
export function oneToken<T>(w: usize, rowGroups: i32, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const group = <usize>blocks * blockBytes<T>();
  const part = streamGroups(rowGroups, group);
  const stride = <usize>part * group;
  const yPart = <usize>part << 4;
  for (let g = 0; g < part; g++) {
    fourGroups<T>(w, stride, blocks, x, next, y, yPart, scale);
    w += group;
    y += 16;
  }
  w += 3 * stride;
  y += 3 * yPart;
  for (let g = part << 2; g < rowGroups; g++) {
    oneGroup<T>(w, blocks, x, next, y, scale);
    w += group;
    y += 16;
  }
}

/** Four rows' halves at `p`, times d. */
// @ts-ignore: decorator
@inline
function unit(p: usize, d: v128): v128 {
  return f32x4.mul(loadHalves(p, HALF_MASK, HALF_SCALE), d);
}

/** f - what the minimums of the block at `p` take of the token's block at `x`. */
// @ts-ignore: decorator
@inline
function lessMinimums<T>(f: v128, p: usize, x: usize, d: v128): v128 {
  let sums = i32x4.splat(0);
  if (!hasMinimums<T>()) return f;
  if (hasScalesOf16<T>()) {
    for (let k: usize = 0; k < 4; k++) {
      const at = p + chunkBytes<T>() * k + 16, q = x + 8 * k;
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(minimumsOf<T, First>(at), v128.load32_splat(q, SUMS_16)));
      sums = i32x4.add(sums, i32x4.dot_i16x8_s(minimumsOf<T, Second>(at), v128.load32_splat(q, SUMS_16 + 4)));
    }
  } else {
    sums = i32x4.add(
      i32x4.add(
        i32x4.dot_i16x8_s(v128.load8x8_u(p, 16), v128.load32_splat(x, SUMS_32)),
        i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + chunkBytes<T>()), v128.load32_splat(x, SUMS_32 + 4)),
      ),
      i32x4.add(
        i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + 2 * chunkBytes<T>()), v128.load32_splat(x, SUMS_32 + 8)),
        i32x4.dot_i16x8_s(v128.load8x8_u(p, 16 + 3 * chunkBytes<T>()), v128.load32_splat(x, SUMS_32 + 12)),
      ),
    );
  }
  return less(f, sums, unit(p + 8, d));
}

/** What takes the offset of the weights out of a unit's sums: for the token's unit at x; e: its sums of 8 or of 16. */
// @ts-ignore: decorator
@inline
function offset<T>(e: usize): v128 {
  const sums = v128.load32_splat(e);
  return offsetof<T>() == 3 ? i16x8.neg(i16x8.shl(sums, 2)) : sums;
}

// @ts-ignore: decorator
@inline
function fourGroups<T>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  const m = lowBits<T>();
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    const d = v128.load32_splat(x, SCALE);
    const d0 = unit(p0, d), d1 = unit(p1, d), d2 = unit(p2, d), d3 = unit(p3, d);
    p0 += headBytes<T>();
    p1 += headBytes<T>();
    p2 += headBytes<T>();
    p3 += headBytes<T>();
    let i0 = i32x4.splat(0), i1 = i0, i2 = i0, i3 = i0;
    let q = x, e = x + (offsetof<T>() == 6 ? SUMS_8 : SUMS_16);
    for (const end = x + 256; q < end; q += 64) {
      let s0 = v128.load32_splat(q, 0), s1 = v128.load32_splat(q, 4);
      let s2 = v128.load32_splat(q, 8), s3 = v128.load32_splat(q, 12);
      let s4 = v128.load32_splat(q, 16), s5 = v128.load32_splat(q, 20);
      let s6 = v128.load32_splat(q, 24), s7 = v128.load32_splat(q, 28);
      let e0 = hasMinimums<T>() ? m : offset<T>(e), e1 = offsetof<T>() == 6 ? offset<T>(e + 4) : e0;
      i0 = addUnit<T, First>(i0, p0, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i1 = addUnit<T, First>(i1, p1, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i2 = addUnit<T, First>(i2, p2, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i3 = addUnit<T, First>(i3, p3, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      s0 = v128.load32_splat(q, 32);
      s1 = v128.load32_splat(q, 36);
      s2 = v128.load32_splat(q, 40);
      s3 = v128.load32_splat(q, 44);
      s4 = v128.load32_splat(q, 48);
      s5 = v128.load32_splat(q, 52);
      s6 = v128.load32_splat(q, 56);
      s7 = v128.load32_splat(q, 60);
      e0 = hasMinimums<T>() ? m : offset<T>(e + (offsetof<T>() == 6 ? 8 : 4));
      e1 = offsetof<T>() == 6 ? offset<T>(e + 12) : e0;
      i0 = addUnit<T, Second>(i0, p0, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i1 = addUnit<T, Second>(i1, p1, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i2 = addUnit<T, Second>(i2, p2, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      i3 = addUnit<T, Second>(i3, p3, m, s0, s1, s2, s3, s4, s5, s6, s7, e0, e1);
      p0 += chunkBytes<T>();
      p1 += chunkBytes<T>();
      p2 += chunkBytes<T>();
      p3 += chunkBytes<T>();
      e += offsetof<T>() == 6 ? 16 : 8;
    }
    // only now, so that memory is read in one direction: looking ahead cost a tenth to a fifth
    f0 = lessMinimums<T>(f0, p0 - blockBytes<T>(), x, d);
    f1 = lessMinimums<T>(f1, p1 - blockBytes<T>(), x, d);
    f2 = lessMinimums<T>(f2, p2 - blockBytes<T>(), x, d);
    f3 = lessMinimums<T>(f3, p3 - blockBytes<T>(), x, d);
    f0 = madd(f32x4.convert_i32x4_s(i0), d0, f0);
    f1 = madd(f32x4.convert_i32x4_s(i1), d1, f1);
    f2 = madd(f32x4.convert_i32x4_s(i2), d2, f2);
    f3 = madd(f32x4.convert_i32x4_s(i3), d3, f3);
    x += next;
  }
  const s = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f0, s));
  v128.store(y + yPart, f32x4.mul(f1, s));
  v128.store(y + 2 * yPart, f32x4.mul(f2, s));
  v128.store(y + 3 * yPart, f32x4.mul(f3, s));
}

function oneGroup<T>(p: usize, blocks: i32, x: usize, next: usize, y: usize, scale: f32): void {
  const m = lowBits<T>();
  let f = f32x4.splat(0);
  for (let b = 0; b < blocks; b++) {
    const d = v128.load32_splat(x, SCALE);
    f = lessMinimums<T>(f, p, x, d);
    const d0 = unit(p, d);
    p += headBytes<T>();
    let sums = i32x4.splat(0);
    let e = x + (offsetof<T>() == 6 ? SUMS_8 : SUMS_16);
    for (let q = x; q < x + 256; q += 64) {
      let e0 = hasMinimums<T>() ? m : offset<T>(e), e1 = offsetof<T>() == 6 ? offset<T>(e + 4) : e0;
      sums = addUnit<T, First>(
        sums, p, m, v128.load32_splat(q, 0), v128.load32_splat(q, 4), v128.load32_splat(q, 8), v128.load32_splat(q, 12),
        v128.load32_splat(q, 16), v128.load32_splat(q, 20), v128.load32_splat(q, 24), v128.load32_splat(q, 28), e0, e1,
      );
      e0 = hasMinimums<T>() ? m : offset<T>(e + (offsetof<T>() == 6 ? 8 : 4));
      e1 = offsetof<T>() == 6 ? offset<T>(e + 12) : e0;
      sums = addUnit<T, Second>(
        sums, p, m, v128.load32_splat(q, 32), v128.load32_splat(q, 36), v128.load32_splat(q, 40), v128.load32_splat(q, 44),
        v128.load32_splat(q, 48), v128.load32_splat(q, 52), v128.load32_splat(q, 56), v128.load32_splat(q, 60), e0, e1,
      );
      p += chunkBytes<T>();
      e += offsetof<T>() == 6 ? 16 : 8;
    }
    f = madd(f32x4.convert_i32x4_s(sums), d0, f);
    x += next;
  }
  v128.store(y, f32x4.mul(f, f32x4.splat(scale)));
}
