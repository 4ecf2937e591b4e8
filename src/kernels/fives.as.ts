// 5-bit quants of packed blocks: four row groups times a token, and panels; leans on heads and the 8-bit products.
//
// Quants: 5 vectors i of 16 bytes. A block has 8 vectors k of weights 0..31 (bytes 4r..4r+3: columns 4k..4k+3 of row r).
// The lower 5 bits of bytes i are vector i; the other three vectors lie in the upper 3 bits: 5 in those of 0 and, its
// lower two bits, of 1; 6 in those of 2 and 3; 7 in those of 4 and in the top bits of 1 and 3. That is 2.9 operations a
// vector, where nibbles and a vector of fifth bits take 4.4.
import { addBlock, blockSum, hasMinimums, minimumsAt, scalesAt } from "./heads.as";
import { MINIMUM_BLOCK, PANEL_BLOCK } from "./panel.as";
import { start, step, total } from "./product.as";
import { zero } from "./simd.as";

const LOW_5: v128 = i32x4.splat(0x1f1f1f1f + zero);
const BITS_234: v128 = i32x4.splat(0x1c1c1c1c + zero);
const BITS_01: v128 = i32x4.splat(0x03030303 + zero);
const BIT_0: v128 = i32x4.splat(0x01010101 + zero);
const BIT_1: v128 = i32x4.splat(0x02020202 + zero);

/** Vector i < 5, from the bytes that hold it. */
// @ts-ignore: decorator
@inline
function lower(bytes: v128): v128 {
  return v128.and(bytes, LOW_5);
}

/** Vector 5 from bytes 0 and 1, or vector 6 from bytes 2 and 3. */
// @ts-ignore: decorator
@inline
function upper(a: v128, b: v128): v128 {
  return v128.or(v128.and(i16x8.shr_u(a, 3), BITS_234), v128.and(i16x8.shr_u(b, 5), BITS_01));
}

/** Vector 7 from bytes 4, 1 and 3. */
// @ts-ignore: decorator
@inline
function last(a: v128, b: v128, c: v128): v128 {
  const low = v128.or(v128.and(i16x8.shr_u(b, 7), BIT_0), v128.and(i16x8.shr_u(c, 6), BIT_1));
  return v128.or(v128.and(i16x8.shr_u(a, 3), BITS_234), low);
}

/** The 8 vectors of weights -> 80 bytes at `o`. */
// @ts-ignore: decorator
@inline
export function packFives(
  v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128, o: usize,
): void {
  const high = v128.and(v7, BITS_234);
  v128.store(o, v128.or(v0, i16x8.shl(v128.and(v5, BITS_234), 3)), 0);
  const b = v128.or(i16x8.shl(v128.and(v5, BITS_01), 5), i16x8.shl(v128.and(v7, BIT_0), 7));
  v128.store(o, v128.or(v1, b), 16);
  v128.store(o, v128.or(v2, i16x8.shl(v128.and(v6, BITS_234), 3)), 32);
  const d = v128.or(i16x8.shl(v128.and(v6, BITS_01), 5), i16x8.shl(v128.and(v7, BIT_1), 6));
  v128.store(o, v128.or(v3, d), 48);
  v128.store(o, v128.or(v4, i16x8.shl(high, 3)), 64);
}

/** Four row groups, `stride` bytes apart, times a token whose blocks are `next` bytes apart -> y, `yPart` bytes apart. */
export function fourGroupsOfFives<P, H>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, 16), a1 = a0, a2 = a0, a3 = a0;
    let s = v128.load32_splat(x, 0);
    a0 = step<P>(a0, s, lower(v128.load(p0, offsetof<H>())));
    a1 = step<P>(a1, s, lower(v128.load(p1, offsetof<H>())));
    a2 = step<P>(a2, s, lower(v128.load(p2, offsetof<H>())));
    a3 = step<P>(a3, s, lower(v128.load(p3, offsetof<H>())));
    s = v128.load32_splat(x, 4);
    a0 = step<P>(a0, s, lower(v128.load(p0, offsetof<H>() + 16)));
    a1 = step<P>(a1, s, lower(v128.load(p1, offsetof<H>() + 16)));
    a2 = step<P>(a2, s, lower(v128.load(p2, offsetof<H>() + 16)));
    a3 = step<P>(a3, s, lower(v128.load(p3, offsetof<H>() + 16)));
    s = v128.load32_splat(x, 20);
    a0 = step<P>(a0, s, upper(v128.load(p0, offsetof<H>()), v128.load(p0, offsetof<H>() + 16)));
    a1 = step<P>(a1, s, upper(v128.load(p1, offsetof<H>()), v128.load(p1, offsetof<H>() + 16)));
    a2 = step<P>(a2, s, upper(v128.load(p2, offsetof<H>()), v128.load(p2, offsetof<H>() + 16)));
    a3 = step<P>(a3, s, upper(v128.load(p3, offsetof<H>()), v128.load(p3, offsetof<H>() + 16)));
    s = v128.load32_splat(x, 8);
    a0 = step<P>(a0, s, lower(v128.load(p0, offsetof<H>() + 32)));
    a1 = step<P>(a1, s, lower(v128.load(p1, offsetof<H>() + 32)));
    a2 = step<P>(a2, s, lower(v128.load(p2, offsetof<H>() + 32)));
    a3 = step<P>(a3, s, lower(v128.load(p3, offsetof<H>() + 32)));
    s = v128.load32_splat(x, 12);
    a0 = step<P>(a0, s, lower(v128.load(p0, offsetof<H>() + 48)));
    a1 = step<P>(a1, s, lower(v128.load(p1, offsetof<H>() + 48)));
    a2 = step<P>(a2, s, lower(v128.load(p2, offsetof<H>() + 48)));
    a3 = step<P>(a3, s, lower(v128.load(p3, offsetof<H>() + 48)));
    s = v128.load32_splat(x, 24);
    a0 = step<P>(a0, s, upper(v128.load(p0, offsetof<H>() + 32), v128.load(p0, offsetof<H>() + 48)));
    a1 = step<P>(a1, s, upper(v128.load(p1, offsetof<H>() + 32), v128.load(p1, offsetof<H>() + 48)));
    a2 = step<P>(a2, s, upper(v128.load(p2, offsetof<H>() + 32), v128.load(p2, offsetof<H>() + 48)));
    a3 = step<P>(a3, s, upper(v128.load(p3, offsetof<H>() + 32), v128.load(p3, offsetof<H>() + 48)));
    s = v128.load32_splat(x, 16);
    a0 = step<P>(a0, s, lower(v128.load(p0, offsetof<H>() + 64)));
    a1 = step<P>(a1, s, lower(v128.load(p1, offsetof<H>() + 64)));
    a2 = step<P>(a2, s, lower(v128.load(p2, offsetof<H>() + 64)));
    a3 = step<P>(a3, s, lower(v128.load(p3, offsetof<H>() + 64)));
    s = v128.load32_splat(x, 28);
    a0 = step<P>(a0, s, lastAt<H>(p0));
    a1 = step<P>(a1, s, lastAt<H>(p1));
    a2 = step<P>(a2, s, lastAt<H>(p2));
    a3 = step<P>(a3, s, lastAt<H>(p3));
    const sum = hasMinimums<H>() ? blockSum(x) : s;
    f0 = addBlock<H>(f0, p0, total<P>(a0), x, sum);
    f1 = addBlock<H>(f1, p1, total<P>(a1), x, sum);
    f2 = addBlock<H>(f2, p2, total<P>(a2), x, sum);
    f3 = addBlock<H>(f3, p3, total<P>(a3), x, sum);
    p0 += offsetof<H>() + 80;
    p1 += offsetof<H>() + 80;
    p2 += offsetof<H>() + 80;
    p3 += offsetof<H>() + 80;
    x += next;
  }
  const s = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f0, s));
  v128.store(y + yPart, f32x4.mul(f1, s));
  v128.store(y + 2 * yPart, f32x4.mul(f2, s));
  v128.store(y + 3 * yPart, f32x4.mul(f3, s));
}

// @ts-ignore: decorator
@inline
function lastAt<H>(p: usize): v128 {
  return last(
    v128.load(p, offsetof<H>() + 64), v128.load(p, offsetof<H>() + 16), v128.load(p, offsetof<H>() + 48),
  );
}

/** A row group -> one half of a panel of bytes, 16 too high, with scales and what minimums there are. */
export function unpackFives<H>(p: usize, blocks: i32, o: usize): void {
  for (let b = 0; b < blocks; b++) {
    const a = v128.load(p, offsetof<H>()), c = v128.load(p, offsetof<H>() + 16);
    v128.store(o, lower(a), 0);
    v128.store(o, lower(c), 32);
    v128.store(o, upper(a, c), 160);
    const e = v128.load(p, offsetof<H>() + 32), g = v128.load(p, offsetof<H>() + 48);
    v128.store(o, lower(e), 64);
    v128.store(o, lower(g), 96);
    v128.store(o, upper(e, g), 192);
    const i = v128.load(p, offsetof<H>() + 64);
    v128.store(o, lower(i), 128);
    v128.store(o, last(i, c, g), 224);
    const d = scalesAt<H>(p);
    v128.store(o, d, 256);
    if (hasMinimums<H>()) v128.store(o, minimumsAt(p, d), 288);
    p += offsetof<H>() + 80;
    o += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
  }
}

/** Vector k of the block at `p`, exact: weights of columns 4k..4k+3, without minimums. */
// @ts-ignore: decorator
@inline
export function fivesAt<H>(p: usize, k: usize): v128 {
  let v = lastAt<H>(p);
  if (k < 5) v = lower(v128.load(p + 16 * k, offsetof<H>()));
  else if (k < 7) v = upper(v128.load(p + 32 * (k - 5), offsetof<H>()), v128.load(p + 32 * (k - 5), offsetof<H>() + 16));
  return hasMinimums<H>() ? v : i8x16.sub(v, i8x16.splat(16));
}
