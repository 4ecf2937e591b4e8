// 4-bit quants of packed blocks: four row groups times a token, and panels; leans on heads and the 8-bit products.
//
// Quants: 4 vectors j of 16 bytes, as of Q4_0: bytes 4r..4r+3 of vector j are the row r's; low nibbles are columns 4j..,
// high ones 16 + 4j... A nibble stands for itself (Q4_1) or for one of 16 levels.
import { addBlock, blockSum, Floats24, hasMinimums, minimumsAt, scalesAt } from "./heads.as";
import { steps as nibbleSteps } from "./matmul-q4_0.as";
import { MINIMUM_BLOCK, NIBBLE_BLOCK, PANEL_BLOCK } from "./panel.as";
import { lowBytes, start, step, total } from "./product.as";
import { NIBBLE, NIBBLE_WORD, zero } from "./simd.as";

/** Twice the values of E2M1, plus 16. */
const E2M1: v128 = i32x4.add(
  i8x16(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4), i32x4.splat(zero),
);
/** The levels of IQ4_NL and IQ4_XS. */
const IQ4: v128 = i32x4.add(
  i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), i32x4.splat(zero),
);
/** The levels plus 128, and their nibbles. */
const IQ4_OFFSET: v128 = v128.xor(IQ4, i32x4.splat(0x80808080));
const IQ4_LOW: v128 = v128.and(IQ4_OFFSET, NIBBLE);
const IQ4_HIGH: v128 = v128.and(i16x8.shr_u(IQ4_OFFSET, 4), NIBBLE);
/** The upper byte of every 16-bit lane. */
const UPPER: v128 = i32x4.splat(<i32>0xff00ff00 + zero);

/** Whether nibbles stand for the levels of IQ4, which exceed 7 bits. */
// @ts-ignore: decorator
@inline
export function isIq4<H>(): bool {
  return offsetof<H>() == 12;
}

/** Whether the levels are multiplied as 16-bit values: plain products, where quads are not exact beyond 7 bits. */
// @ts-ignore: decorator
@inline
function isWide<P, H>(): bool {
  return isIq4<H>() && sizeof<P>() == 2;
}

/** How much too high weights are multiplied. */
// @ts-ignore: decorator
@inline
function zeroOf<P, H>(): i32 {
  if (!isIq4<H>()) return 16;
  return sizeof<P>() == 1 && !isSigned<P>() ? 128 : 0;
}

/** What nibbles stand for, `zeroOf` too high. */
// @ts-ignore: decorator
@inline
function levelsOf<P, H>(): v128 {
  if (!isIq4<H>()) return E2M1;
  return sizeof<P>() == 1 && !isSigned<P>() ? IQ4_OFFSET : IQ4;
}

// @ts-ignore: decorator
@inline
function level<H>(levels: v128, nibbles: v128): v128 {
  if (hasMinimums<H>()) return nibbles;
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(levels, nibbles) : i8x16.swizzle(levels, nibbles);
}

/** 15 in every byte, or in every word where plain products take Q4_1 apart. */
// @ts-ignore: decorator
@inline
function maskOf<P, H>(): v128 {
  return hasMinimums<H>() && sizeof<P>() == 2 && isSigned<P>() ? NIBBLE_WORD : NIBBLE;
}

/** acc + the low nibbles of v times s + the high ones times u; 256 times as much where wide. */
// @ts-ignore: decorator
@inline
function steps<P, H>(acc: v128, s: v128, u: v128, v: v128, mask: v128, levels: v128): v128 {
  if (hasMinimums<H>()) return nibbleSteps<P>(acc, s, u, v, mask);
  const low = level<H>(levels, v128.and(v, mask)), high = level<H>(levels, v128.and(i16x8.shr_u(v, 4), mask));
  if (!isWide<P, H>()) return step<P>(step<P>(acc, s, low), u, high);
  return wideStep(wideStep(acc, s, low), u, high);
}

/** acc + 256 * x . w, over the 4 bytes of each i32 lane. */
// @ts-ignore: decorator
@inline
function wideStep(acc: v128, x: v128, w: v128): v128 {
  const even = i32x4.dot_i16x8_s(lowBytes(x), i16x8.shl(w, 8));
  return i32x4.add(i32x4.add(acc, even), i32x4.dot_i16x8_s(i16x8.shr_s(x, 8), v128.and(w, UPPER)));
}

// @ts-ignore: decorator
@inline
function wholeOf<P, H>(acc: v128): v128 {
  return isWide<P, H>() ? i32x4.shr_s(acc, 8) : total<P>(acc);
}

/** Four row groups, `stride` bytes apart, times a token whose blocks are `next` bytes apart -> y, `yPart` bytes apart. */
export function fourGroupsOfFours<P, H>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride, p2 = p1 + stride, p3 = p2 + stride;
  const mask = maskOf<P, H>(), levels = levelsOf<P, H>();
  let f0 = f32x4.splat(0), f1 = f0, f2 = f0, f3 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, zeroOf<P, H>()), a1 = a0, a2 = a0, a3 = a0;
    let s = v128.load32_splat(x, 0), u = v128.load32_splat(x, 16);
    let v0 = v128.load(p0, offsetof<H>()), v1 = v128.load(p1, offsetof<H>());
    let v2 = v128.load(p2, offsetof<H>()), v3 = v128.load(p3, offsetof<H>());
    a0 = steps<P, H>(a0, s, u, v0, mask, levels);
    a1 = steps<P, H>(a1, s, u, v1, mask, levels);
    a2 = steps<P, H>(a2, s, u, v2, mask, levels);
    a3 = steps<P, H>(a3, s, u, v3, mask, levels);
    s = v128.load32_splat(x, 4);
    u = v128.load32_splat(x, 20);
    v0 = v128.load(p0, offsetof<H>() + 16);
    v1 = v128.load(p1, offsetof<H>() + 16);
    v2 = v128.load(p2, offsetof<H>() + 16);
    v3 = v128.load(p3, offsetof<H>() + 16);
    a0 = steps<P, H>(a0, s, u, v0, mask, levels);
    a1 = steps<P, H>(a1, s, u, v1, mask, levels);
    a2 = steps<P, H>(a2, s, u, v2, mask, levels);
    a3 = steps<P, H>(a3, s, u, v3, mask, levels);
    s = v128.load32_splat(x, 8);
    u = v128.load32_splat(x, 24);
    v0 = v128.load(p0, offsetof<H>() + 32);
    v1 = v128.load(p1, offsetof<H>() + 32);
    v2 = v128.load(p2, offsetof<H>() + 32);
    v3 = v128.load(p3, offsetof<H>() + 32);
    a0 = steps<P, H>(a0, s, u, v0, mask, levels);
    a1 = steps<P, H>(a1, s, u, v1, mask, levels);
    a2 = steps<P, H>(a2, s, u, v2, mask, levels);
    a3 = steps<P, H>(a3, s, u, v3, mask, levels);
    s = v128.load32_splat(x, 12);
    u = v128.load32_splat(x, 28);
    v0 = v128.load(p0, offsetof<H>() + 48);
    v1 = v128.load(p1, offsetof<H>() + 48);
    v2 = v128.load(p2, offsetof<H>() + 48);
    v3 = v128.load(p3, offsetof<H>() + 48);
    a0 = steps<P, H>(a0, s, u, v0, mask, levels);
    a1 = steps<P, H>(a1, s, u, v1, mask, levels);
    a2 = steps<P, H>(a2, s, u, v2, mask, levels);
    a3 = steps<P, H>(a3, s, u, v3, mask, levels);
    const sum = hasMinimums<H>() ? blockSum(x) : s;
    f0 = addBlock<H>(f0, p0, wholeOf<P, H>(a0), x, sum);
    f1 = addBlock<H>(f1, p1, wholeOf<P, H>(a1), x, sum);
    f2 = addBlock<H>(f2, p2, wholeOf<P, H>(a2), x, sum);
    f3 = addBlock<H>(f3, p3, wholeOf<P, H>(a3), x, sum);
    p0 += offsetof<H>() + 64;
    p1 += offsetof<H>() + 64;
    p2 += offsetof<H>() + 64;
    p3 += offsetof<H>() + 64;
    x += next;
  }
  const s = f32x4.splat(scale);
  v128.store(y, f32x4.mul(f0, s));
  v128.store(y + yPart, f32x4.mul(f1, s));
  v128.store(y + 2 * yPart, f32x4.mul(f2, s));
  v128.store(y + 3 * yPart, f32x4.mul(f3, s));
}

/** A row group -> one half of a panel of bytes, `zeroOf` too high, with scales and what minimums there are. */
export function unpackFours<P, H>(p: usize, blocks: i32, o: usize): void {
  const mask = NIBBLE, levels = levelsOf<P, H>();
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < 64; j += 16) {
      const v = v128.load(p + j, offsetof<H>());
      v128.store(o + 2 * j, level<H>(levels, v128.and(v, mask)), 0);
      v128.store(o + 2 * j, level<H>(levels, v128.and(i16x8.shr_u(v, 4), mask)), 128);
    }
    const d = scalesAt<H>(p);
    v128.store(o, d, 256);
    if (hasMinimums<H>()) v128.store(o, minimumsAt(p, d), 288);
    p += offsetof<H>() + 64;
    o += hasMinimums<H>() ? MINIMUM_BLOCK : PANEL_BLOCK;
  }
}

/** A row group of IQ4 -> one half of a panel of the nibbles of the levels plus 128. */
export function unpackIq4Nibbles(p: usize, blocks: i32, o: usize): void {
  const mask = NIBBLE, low = IQ4_LOW, high = IQ4_HIGH;
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < 64; j += 16) {
      const v = v128.load(p + j, offsetof<Floats24>());
      const first = v128.and(v, mask), second = v128.and(i16x8.shr_u(v, 4), mask);
      v128.store(o + 2 * j, level<Floats24>(low, first), 0);
      v128.store(o + 2 * j, level<Floats24>(low, second), 128);
      v128.store(o + 2 * j, level<Floats24>(high, first), 256);
      v128.store(o + 2 * j, level<Floats24>(high, second), 384);
    }
    v128.store(o, scalesAt<Floats24>(p), 512);
    p += offsetof<Floats24>() + 64;
    o += NIBBLE_BLOCK;
  }
}

/** Vector k of the block at `p`, exact: weights of columns 4k..4k+3, without minimums. */
// @ts-ignore: decorator
@inline
export function foursAt<H>(p: usize, k: usize): v128 {
  const v = v128.load(p + 16 * (k & 3), offsetof<H>());
  const nibbles = v128.and(k < 4 ? v : i16x8.shr_u(v, 4), NIBBLE);
  if (hasMinimums<H>()) return nibbles;
  if (isIq4<H>()) return i8x16.swizzle(IQ4, nibbles);
  return i8x16.sub(i8x16.swizzle(E2M1, nibbles), i8x16.splat(16));
}
