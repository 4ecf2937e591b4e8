// 4-bit quants of packed blocks: products of two row groups with a token, and unpacking to panels.
//
// Quants: 4 pairs j of vectors of 16 bytes (rows 0-3, rows 4-7), as of Q4_0: bytes 4r..4r+3 of a vector are its row r's;
// low nibbles are columns 4j.., high ones 16 + 4j... A nibble stands for itself (Q4_1) or for one of 16 levels.
import {
  blockSum, eighth, firstMinimums, firstScales, Floats24, Fours, halfMinimum, hasMinimums, secondMinimums,
  secondScales, unpackHead,
} from "./block-scales.as";
import { steps as nibbleSteps } from "./matmul-q4_0.as";
import { panelBlock } from "./panel.as";
import { lowBytes, start, step, total } from "./dot8.as";
import { addBlock, halfMask, halfScale, madd, nibbles, nibbleWords, oneWords, storeGroups, upperBytes, zero } from "../module/simd.as";
import { storeWords, WORDS_BLOCK, WORDS_SCALES } from "./panel-i16.as";

/** Twice the values of E2M1, plus 16. */
const E2M1: v128 = i32x4.add(
  i8x16(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4), i32x4.splat(zero),
);
/** The levels of IQ4_NL and IQ4_XS. */
const IQ4: v128 = i32x4.add(
  i8x16(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), i32x4.splat(zero),
);
/** The levels plus 128. */
const IQ4_OFFSET: v128 = v128.xor(IQ4, i32x4.splat(0x80808080));
/** What levels exceed 16 times their nibbles less 8 by, plus 16. */
const IQ4_REST: v128 = i32x4.add(
  i8x16(17, 24, 29, 31, 31, 29, 26, 22, 17, 13, 9, 6, 5, 5, 9, 17), i32x4.splat(zero),
);

/** Whether nibbles stand for the levels of IQ4, which exceed 7 bits. */
@inline
export function isIq4<H>(): bool {
  return offsetof<H>() == 24;
}

/** Whether the levels are multiplied as 16-bit values: plain products. */
@inline
function isWide<P, H>(): bool {
  return isIq4<H>() && sizeof<P>() == 2 && isSigned<P>();
}

/** The offset that packing adds to every weight; the product subtracts it. */
@inline
function zeroOf<P, H>(): i32 {
  if (!isIq4<H>()) return 16;
  return sizeof<P>() == 1 && !isSigned<P>() ? 128 : 0;
}

/** The values that nibbles stand for, plus the offset `zeroOf`. */
@inline
function levelsOf<P, H>(): v128 {
  if (!isIq4<H>()) return E2M1;
  return sizeof<P>() == 1 && !isSigned<P>() ? IQ4_OFFSET : IQ4;
}

@inline
function level<H>(levels: v128, codes: v128): v128 {
  if (hasMinimums<H>()) return codes;
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(levels, codes) : i8x16.swizzle(levels, codes);
}

/** 15 in every byte, or in every word where plain products take Q4_1 apart. */
@inline
function maskOf<P, H>(): v128 {
  return hasMinimums<H>() && sizeof<P>() == 2 && isSigned<P>() ? nibbleWords() : nibbles();
}

/** acc + the low nibbles of v times s + the high ones times u; 256 times as much where wide. */
@inline
function steps<P, H>(acc: v128, s: v128, u: v128, v: v128, mask: v128, levels: v128): v128 {
  if (hasMinimums<H>()) return nibbleSteps<P>(acc, s, u, v, mask);
  const low = level<H>(levels, v128.and(v, mask)), high = level<H>(levels, v128.and(i16x8.shr_u(v, 4), mask));
  if (!isWide<P, H>()) return step<P>(step<P>(acc, s, low), u, high);
  return wideStep(wideStep(acc, s, low), u, high);
}

/** acc + 256 * x . w, over the 4 bytes of each i32 lane. */
@inline
function wideStep(acc: v128, x: v128, w: v128): v128 {
  const even = i32x4.dot_i16x8_s(lowBytes(x), i16x8.shl(w, 8));
  return i32x4.add(i32x4.add(acc, even), i32x4.dot_i16x8_s(i16x8.shr_s(x, 8), v128.and(w, upperBytes())));
}

@inline
function wholeOf<P, H>(acc: v128, ones: v128): v128 {
  return isWide<P, H>() ? i32x4.shr_s(acc, 8) : total<P>(acc, ones);
}

/**
 * Two row groups, `stride` bytes apart, times a token whose blocks are `next` bytes apart -> y, `yPart` bytes apart.
 * Sums a and f are of rows 0-3, c and g of rows 4-7.
 */
export function twoGroupsOfFours<P, H>(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride;
  const mask = maskOf<P, H>(), levels = levelsOf<P, H>();
  const half = halfMask(), by = halfScale(), minimumBy = halfMinimum(), sixteen = eighth(), ones = oneWords();
  let f0 = f32x4.splat(0), f1 = f0, g0 = f0, g1 = f0;
  for (let b = 0; b < blocks; b++) {
    let a0 = start<P>(x, zeroOf<P, H>()), a1 = a0, c0 = a0, c1 = a0;
    for (const end = p0 + 128; p0 < end; p0 += 32) {
      const s = v128.load32_splat(x, 0), u = v128.load32_splat(x, 16);
      a0 = steps<P, H>(a0, s, u, v128.load(p0, 0), mask, levels);
      c0 = steps<P, H>(c0, s, u, v128.load(p0, 16), mask, levels);
      a1 = steps<P, H>(a1, s, u, v128.load(p1, 0), mask, levels);
      c1 = steps<P, H>(c1, s, u, v128.load(p1, 16), mask, levels);
      p1 += 32;
      x += 4;
    }
    p0 -= 128;
    p1 -= 128;
    x -= 16;
    const s = v128.load32_splat(x, 32), u = hasMinimums<H>() ? blockSum(x) : s;
    let v = firstScales<H, Fours>(p0, half, by), w = secondScales<H, Fours>(p0, half, by);
    f0 = addBlock(f0, v, wholeOf<P, H>(a0, ones), s);
    g0 = addBlock(g0, w, wholeOf<P, H>(c0, ones), s);
    if (hasMinimums<H>()) {
      f0 = madd(firstMinimums<Fours>(p0, v, half, minimumBy, sixteen), u, f0);
      g0 = madd(secondMinimums<Fours>(p0, w, half, minimumBy, sixteen), u, g0);
    }
    v = firstScales<H, Fours>(p1, half, by);
    w = secondScales<H, Fours>(p1, half, by);
    f1 = addBlock(f1, v, wholeOf<P, H>(a1, ones), s);
    g1 = addBlock(g1, w, wholeOf<P, H>(c1, ones), s);
    if (hasMinimums<H>()) {
      f1 = madd(firstMinimums<Fours>(p1, v, half, minimumBy, sixteen), u, f1);
      g1 = madd(secondMinimums<Fours>(p1, w, half, minimumBy, sixteen), u, g1);
    }
    p0 += offsetof<Fours>() + offsetof<H>();
    p1 += offsetof<Fours>() + offsetof<H>();
    x += next;
  }
  const all = f32x4.splat(scale);
  storeGroups(y, yPart, f0, g0, f1, g1, all);
}

/**
 * twoGroupsOfFours for IQ4 in pairs, whose 16-bit sums do not hold levels of 8 bits: a level is 16 (n - 8) + r, where n
 * is its nibble and r is from -11 to 15, and they hold the sums of either.
 */
export function twoGroupsOfIq4(
  p0: usize, stride: usize, blocks: i32, x: usize, next: usize, y: usize, yPart: usize, scale: f32,
): void {
  let p1 = p0 + stride;
  const mask = nibbles(), rest = IQ4_REST, ones = oneWords();
  let f0 = f32x4.splat(0), f1 = f0, g0 = f0, g1 = f0;
  for (let b = 0; b < blocks; b++) {
    const s = v128.load32_splat(x, 32);
    let n0 = start<u16>(x, 8), m0 = n0, r0 = start<u16>(x, 16), q0 = r0;
    for (let j: usize = 0; j < 16; j += 4) {
      const low = v128.load32_splat(x + j, 0), high = v128.load32_splat(x + j, 16);
      const v = v128.load(p0 + 8 * j, 0), w = v128.load(p0 + 8 * j, 16);
      const v0 = v128.and(v, mask), v1 = v128.and(i16x8.shr_u(v, 4), mask);
      n0 = step<u16>(step<u16>(n0, low, v0), high, v1);
      r0 = step<u16>(step<u16>(r0, low, level<Floats24>(rest, v0)), high, level<Floats24>(rest, v1));
      const w0 = v128.and(w, mask), w1 = v128.and(i16x8.shr_u(w, 4), mask);
      m0 = step<u16>(step<u16>(m0, low, w0), high, w1);
      q0 = step<u16>(step<u16>(q0, low, level<Floats24>(rest, w0)), high, level<Floats24>(rest, w1));
    }
    f0 = addBlock(f0, firstScales<Floats24, Fours>(p0, mask, mask), splitSum(n0, r0, ones), s);
    g0 = addBlock(g0, secondScales<Floats24, Fours>(p0, mask, mask), splitSum(m0, q0, ones), s);
    let n1 = start<u16>(x, 8), m1 = n1, r1 = start<u16>(x, 16), q1 = r1;
    for (let j: usize = 0; j < 16; j += 4) {
      const low = v128.load32_splat(x + j, 0), high = v128.load32_splat(x + j, 16);
      const v = v128.load(p1 + 8 * j, 0), w = v128.load(p1 + 8 * j, 16);
      const v0 = v128.and(v, mask), v1 = v128.and(i16x8.shr_u(v, 4), mask);
      n1 = step<u16>(step<u16>(n1, low, v0), high, v1);
      r1 = step<u16>(step<u16>(r1, low, level<Floats24>(rest, v0)), high, level<Floats24>(rest, v1));
      const w0 = v128.and(w, mask), w1 = v128.and(i16x8.shr_u(w, 4), mask);
      m1 = step<u16>(step<u16>(m1, low, w0), high, w1);
      q1 = step<u16>(step<u16>(q1, low, level<Floats24>(rest, w0)), high, level<Floats24>(rest, w1));
    }
    f1 = addBlock(f1, firstScales<Floats24, Fours>(p1, mask, mask), splitSum(n1, r1, ones), s);
    g1 = addBlock(g1, secondScales<Floats24, Fours>(p1, mask, mask), splitSum(m1, q1, ones), s);
    p0 += offsetof<Fours>() + offsetof<Floats24>();
    p1 += offsetof<Fours>() + offsetof<Floats24>();
    x += next;
  }
  const all = f32x4.splat(scale);
  storeGroups(y, yPart, f0, g0, f1, g1, all);
}

@inline
function splitSum(n: v128, r: v128, ones: v128): v128 {
  return i32x4.add(i32x4.shl(total<u16>(n, ones), 4), total<u16>(r, ones));
}

/** A row group -> a panel of bytes, `zeroOf` too high, with scales and what minimums there are. */
export function unpackFours<P, H>(p: usize, blocks: i32, o: usize): void {
  const mask = nibbles(), levels = levelsOf<P, H>();
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < offsetof<Fours>(); j += 32) {
      const q = p + j, to = o + j;
      const v = v128.load(q, 0), w = v128.load(q, 16);
      v128.store(to, level<H>(levels, v128.and(v, mask)), 0);
      v128.store(to, level<H>(levels, v128.and(w, mask)), 16);
      v128.store(to, level<H>(levels, v128.and(i16x8.shr_u(v, 4), mask)), 128);
      v128.store(to, level<H>(levels, v128.and(i16x8.shr_u(w, 4), mask)), 144);
    }
    unpackHead<H, Fours>(p, o + 256);
    p += offsetof<Fours>() + offsetof<H>();
    o += panelBlock<H>();
  }
}

/** A row group of IQ4 -> a panel of words of 16 bits. */
export function unpackIq4Words(p: usize, blocks: i32, o: usize): void {
  const mask = nibbles(), levels = IQ4;
  for (let b = 0; b < blocks; b++) {
    for (let j: usize = 0; j < 128; j += 32) {
      const v = v128.load(p + j, 0), w = v128.load(p + j, 16);
      storeWords(level<Floats24>(levels, v128.and(v, mask)), level<Floats24>(levels, v128.and(w, mask)), o + 2 * j);
      const v1 = v128.and(i16x8.shr_u(v, 4), mask), w1 = v128.and(i16x8.shr_u(w, 4), mask);
      storeWords(level<Floats24>(levels, v1), level<Floats24>(levels, w1), o + 2 * j + 256);
    }
    unpackHead<Floats24, Fours>(p, o + WORDS_SCALES);
    p += offsetof<Fours>() + offsetof<Floats24>();
    o += WORDS_BLOCK;
  }
}

/** Columns 4k..4k+3 of rows 0-3 of the block at `p` (of rows 4-7: at p + 16), exact, without minimums. */
@inline
export function foursAt<H>(p: usize, k: usize): v128 {
  const v = v128.load(p + 32 * (k & 3));
  const codes = v128.and(k < 4 ? v : i16x8.shr_u(v, 4), nibbles());
  if (hasMinimums<H>()) return codes;
  if (isIq4<H>()) return i8x16.swizzle(IQ4, codes);
  return i8x16.sub(i8x16.swizzle(E2M1, codes), i8x16.splat(16));
}
