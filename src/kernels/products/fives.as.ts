// 5-bit quants of packed blocks: products of two row groups with a token, and unpacking to panels.
//
// Quants: 5 pairs i of vectors of 16 bytes, for rows 0-3 and 4-7. A block of 4 rows has 8 vectors k of weights 0..31
// (bytes 4r..4r+3: columns 4k..4k+3 of row r). The lower 5 bits of bytes i are vector i; the other three vectors lie in
// the upper 3 bits: 5 in those of 0 and, its lower two bits, of 1; 6 in those of 2 and 3; 7 in those of 4 and in the top
// bits of 1 and 3. That is 2.9 operations a vector, where nibbles and a vector of fifth bits take 4.4.
import {
  blockSum, eighth, firstMinimums, firstScales, Fives, halfMinimum, hasMinimums, secondMinimums,
  secondScales, unpackHead,
} from "./block-scales.as";
import { panelBlock } from "./panel.as";
import { start, step, total } from "./dot8.as";
import { addBlock, halfMask, halfScale, madd, oneWords, storeGroups, zero } from "../module/simd.as";

const bits01234: i32 = 0x1f1f1f1f + zero;
const bits234: i32 = 0x1c1c1c1c + zero;
const bits01: i32 = 0x03030303 + zero;
const bit0: i32 = 0x01010101 + zero;
const bit1: i32 = 0x02020202 + zero;

/** Vector i < 5, from the bytes that hold it; five: splats of bits01234, high: of bits234, and so on. */
@inline
function lower(bytes: v128, five: v128): v128 {
  return v128.and(bytes, five);
}

/** Vector 5 from bytes 0 and 1, or vector 6 from bytes 2 and 3. */
@inline
function upper(a: v128, b: v128, high: v128, low: v128): v128 {
  return v128.or(v128.and(i16x8.shr_u(a, 3), high), v128.and(i16x8.shr_u(b, 5), low));
}

/** Vector 7 from bytes 4, 1 and 3. */
@inline
function last(a: v128, b: v128, c: v128, high: v128, first: v128, second: v128): v128 {
  const low = v128.or(v128.and(i16x8.shr_u(b, 7), first), v128.and(i16x8.shr_u(c, 6), second));
  return v128.or(v128.and(i16x8.shr_u(a, 3), high), low);
}

/** The 8 vectors of weights of 4 rows -> 5 vectors at `o`, 32 bytes apart. */
@inline
export function packFives(
  v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128, o: usize,
): void {
  const high = i32x4.splat(bits234), low = i32x4.splat(bits01);
  v128.store(o, v128.or(v0, i16x8.shl(v128.and(v5, high), 3)), 0);
  const b = i16x8.shl(v128.and(v7, i32x4.splat(bit0)), 7), d = i16x8.shl(v128.and(v7, i32x4.splat(bit1)), 6);
  v128.store(o, v128.or(v1, v128.or(i16x8.shl(v128.and(v5, low), 5), b)), 32);
  v128.store(o, v128.or(v2, i16x8.shl(v128.and(v6, high), 3)), 64);
  v128.store(o, v128.or(v3, v128.or(i16x8.shl(v128.and(v6, low), 5), d)), 96);
  v128.store(o, v128.or(v4, i16x8.shl(v128.and(v7, high), 3)), 128);
}

/**
 * Two row groups, `stride` bytes apart, times a token whose blocks are `next` bytes apart -> y, `yPart` bytes apart.
 * Sums a and f are of rows 0-3, c and g of rows 4-7.
 */
export function twoGroupsOfFives<P, H>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride;
  const five = i32x4.splat(bits01234), high = i32x4.splat(bits234), low = i32x4.splat(bits01);
  const first = i32x4.splat(bit0), second = i32x4.splat(bit1);
  const half = halfMask(), by = halfScale(), minimumBy = halfMinimum(), sixteen = eighth(), ones = oneWords();
  let f0 = f32x4.splat(0), f1 = f0, g0 = f0, g1 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, 16), a1 = a0, c0 = a0, c1 = a0;
    let s = a0, u = a0, v = a0, w = a0;
    s = v128.load32_splat(x, 0);
    a0 = step<P>(a0, s, lower(v128.load(p0, 0), five));
    c0 = step<P>(c0, s, lower(v128.load(p0, 16), five));
    a1 = step<P>(a1, s, lower(v128.load(p1, 0), five));
    c1 = step<P>(c1, s, lower(v128.load(p1, 16), five));
    s = v128.load32_splat(x, 4);
    a0 = step<P>(a0, s, lower(v128.load(p0, 32), five));
    c0 = step<P>(c0, s, lower(v128.load(p0, 48), five));
    a1 = step<P>(a1, s, lower(v128.load(p1, 32), five));
    c1 = step<P>(c1, s, lower(v128.load(p1, 48), five));
    s = v128.load32_splat(x, 20);
    a0 = step<P>(a0, s, upper(v128.load(p0, 0), v128.load(p0, 32), high, low));
    c0 = step<P>(c0, s, upper(v128.load(p0, 16), v128.load(p0, 48), high, low));
    a1 = step<P>(a1, s, upper(v128.load(p1, 0), v128.load(p1, 32), high, low));
    c1 = step<P>(c1, s, upper(v128.load(p1, 16), v128.load(p1, 48), high, low));
    s = v128.load32_splat(x, 8);
    a0 = step<P>(a0, s, lower(v128.load(p0, 64), five));
    c0 = step<P>(c0, s, lower(v128.load(p0, 80), five));
    a1 = step<P>(a1, s, lower(v128.load(p1, 64), five));
    c1 = step<P>(c1, s, lower(v128.load(p1, 80), five));
    s = v128.load32_splat(x, 12);
    a0 = step<P>(a0, s, lower(v128.load(p0, 96), five));
    c0 = step<P>(c0, s, lower(v128.load(p0, 112), five));
    a1 = step<P>(a1, s, lower(v128.load(p1, 96), five));
    c1 = step<P>(c1, s, lower(v128.load(p1, 112), five));
    s = v128.load32_splat(x, 24);
    a0 = step<P>(a0, s, upper(v128.load(p0, 64), v128.load(p0, 96), high, low));
    c0 = step<P>(c0, s, upper(v128.load(p0, 80), v128.load(p0, 112), high, low));
    a1 = step<P>(a1, s, upper(v128.load(p1, 64), v128.load(p1, 96), high, low));
    c1 = step<P>(c1, s, upper(v128.load(p1, 80), v128.load(p1, 112), high, low));
    s = v128.load32_splat(x, 16);
    a0 = step<P>(a0, s, lower(v128.load(p0, 128), five));
    c0 = step<P>(c0, s, lower(v128.load(p0, 144), five));
    a1 = step<P>(a1, s, lower(v128.load(p1, 128), five));
    c1 = step<P>(c1, s, lower(v128.load(p1, 144), five));
    s = v128.load32_splat(x, 28);
    v = last(v128.load(p0, 128), v128.load(p0, 32), v128.load(p0, 96), high, first, second);
    a0 = step<P>(a0, s, v);
    v = last(v128.load(p0, 144), v128.load(p0, 48), v128.load(p0, 112), high, first, second);
    c0 = step<P>(c0, s, v);
    v = last(v128.load(p1, 128), v128.load(p1, 32), v128.load(p1, 96), high, first, second);
    a1 = step<P>(a1, s, v);
    v = last(v128.load(p1, 144), v128.load(p1, 48), v128.load(p1, 112), high, first, second);
    c1 = step<P>(c1, s, v);
    s = v128.load32_splat(x, 32);
    v = firstScales<H, Fives>(p0, half, by);
    w = secondScales<H, Fives>(p0, half, by);
    f0 = addBlock(f0, v, total<P>(a0, ones), s);
    g0 = addBlock(g0, w, total<P>(c0, ones), s);
    if (hasMinimums<H>()) {
      u = blockSum(x);
      f0 = madd(firstMinimums<Fives>(p0, v, half, minimumBy, sixteen), u, f0);
      g0 = madd(secondMinimums<Fives>(p0, w, half, minimumBy, sixteen), u, g0);
    }
    v = firstScales<H, Fives>(p1, half, by);
    w = secondScales<H, Fives>(p1, half, by);
    f1 = addBlock(f1, v, total<P>(a1, ones), s);
    g1 = addBlock(g1, w, total<P>(c1, ones), s);
    if (hasMinimums<H>()) {
      f1 = madd(firstMinimums<Fives>(p1, v, half, minimumBy, sixteen), u, f1);
      g1 = madd(secondMinimums<Fives>(p1, w, half, minimumBy, sixteen), u, g1);
    }
    p0 += offsetof<Fives>() + offsetof<H>();
    p1 += offsetof<Fives>() + offsetof<H>();
    x += next;
  }
  const all = f32x4.splat(scale);
  storeGroups(y, yPart, f0, g0, f1, g1, all);
}

/** A row group -> a panel of bytes, 16 too high, with scales and what minimums there are. */
export function unpackFives<H>(p: usize, blocks: i32, o: usize): void {
  const five = i32x4.splat(bits01234), high = i32x4.splat(bits234), low = i32x4.splat(bits01);
  const first = i32x4.splat(bit0), second = i32x4.splat(bit1);
  for (let b = 0; b < blocks; b++) {
    const a0 = v128.load(p, 0), b0 = v128.load(p, 16), a1 = v128.load(p, 32), b1 = v128.load(p, 48);
    v128.store(o, lower(a0, five), 0);
    v128.store(o, lower(b0, five), 16);
    v128.store(o, lower(a1, five), 32);
    v128.store(o, lower(b1, five), 48);
    v128.store(o, upper(a0, a1, high, low), 160);
    v128.store(o, upper(b0, b1, high, low), 176);
    const a2 = v128.load(p, 64), b2 = v128.load(p, 80), a3 = v128.load(p, 96), b3 = v128.load(p, 112);
    v128.store(o, lower(a2, five), 64);
    v128.store(o, lower(b2, five), 80);
    v128.store(o, lower(a3, five), 96);
    v128.store(o, lower(b3, five), 112);
    v128.store(o, upper(a2, a3, high, low), 192);
    v128.store(o, upper(b2, b3, high, low), 208);
    const a4 = v128.load(p, 128), b4 = v128.load(p, 144);
    v128.store(o, lower(a4, five), 128);
    v128.store(o, lower(b4, five), 144);
    v128.store(o, last(a4, a1, a3, high, first, second), 224);
    v128.store(o, last(b4, b1, b3, high, first, second), 240);
    unpackHead<H, Fives>(p, o + 256);
    p += offsetof<Fives>() + offsetof<H>();
    o += panelBlock<H>();
  }
}

/** Columns 4k..4k+3 of rows 0-3 of the block at `p` (of rows 4-7: at p + 16), exact, without minimums. */
@inline
export function fivesAt<H>(p: usize, k: usize): v128 {
  const high = i32x4.splat(bits234);
  let v: v128;
  if (k < 5) {
    v = lower(v128.load(p + 32 * k), i32x4.splat(bits01234));
  } else if (k < 7) {
    v = upper(v128.load(p + 64 * (k - 5), 0), v128.load(p + 64 * (k - 5), 32), high, i32x4.splat(bits01));
  } else {
    v = last(v128.load(p, 128), v128.load(p, 32), v128.load(p, 96), high, i32x4.splat(bit0), i32x4.splat(bit1));
  }
  return hasMinimums<H>() ? v : i8x16.sub(v, i8x16.splat(16));
}
